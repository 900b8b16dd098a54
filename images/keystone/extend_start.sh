# Sourced by kolla_start: with KOLLA_BOOTSTRAP it creates the database schema, once for a cluster.
as_keystone=()
if (( EUID == 0 )); then
    as_keystone=(runuser --user keystone --)
fi

"${as_keystone[@]}" install -d -m 2755 /var/log/kolla/keystone

if [[ -n ${KOLLA_BOOTSTRAP+set} ]]; then
    "${as_keystone[@]}" keystone-manage db_sync
    exit 0
fi
