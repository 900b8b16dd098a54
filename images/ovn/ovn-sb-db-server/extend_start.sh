# Sourced by kolla_start: prepares OVN's southbound database.
mkdir --parents /run/ovn /var/log/kolla/openvswitch
ovsdb_prepare /var/lib/openvswitch/ovn-sb/ovnsb.db /usr/share/ovn/ovn-sb.ovsschema
