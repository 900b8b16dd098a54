# Sourced by kolla_start: prepares the database of this host's switch.
mkdir --parents /run/openvswitch
ovsdb_prepare /var/lib/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
