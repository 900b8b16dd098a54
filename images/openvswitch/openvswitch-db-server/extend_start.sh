# Sourced by kolla_start: creates the database of this host's switch if it is missing, and converts one with an
# older schema.
database=/var/lib/openvswitch/conf.db
schema=/usr/share/openvswitch/vswitch.ovsschema

mkdir --parents /run/openvswitch
if [[ ! -e ${database} ]]; then
    rm --force "${database}.new" "${database}.new.~lock~"
    ovsdb-tool create "${database}.new" "${schema}"
    mv "${database}.new" "${database}"
elif [[ $(ovsdb-tool needs-conversion "${database}" "${schema}") == yes ]]; then
    ovsdb-tool convert "${database}" "${schema}"
fi
