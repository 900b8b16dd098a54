# Sourced by kolla_start: prepares OVN's northbound database.
mkdir --parents /run/ovn /var/log/kolla/openvswitch
ovsdb_prepare /var/lib/openvswitch/ovn-nb/ovnnb.db /usr/share/ovn/ovn-nb.ovsschema
