# Sourced by kolla_start. With KOLLA_BOOTSTRAP it creates the system tables of the server, once for a volume;
# the password of root@% is DB_ROOT_PASSWORD, which is not visible in the process list.
datadir=/var/lib/mysql
# Exists during the bootstrap: one that was killed starts over, as there is no data to lose yet.
unfinished=${datadir}/.bootstrap-unfinished

mariadb_accounts() {
    local password=${DB_ROOT_PASSWORD//\\/\\\\}
    password=${password//\'/\\\'}
    # A bootstrapping server reads accounts only after FLUSH PRIVILEGES; those of root for the names and
    # addresses of this host have no password.
    cat << SQL
DELETE FROM mysql.global_priv WHERE user IN ('root', '') AND host <> 'localhost';
DELETE FROM mysql.proxies_priv;
FLUSH PRIVILEGES;
CREATE OR REPLACE USER 'root'@'%' IDENTIFIED BY '${password}';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;
ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}';
SQL
}

install -d /var/log/kolla/mariadb

if [[ -n ${KOLLA_BOOTSTRAP+set} ]]; then
    if [[ -d ${datadir}/mysql && ! -e ${unfinished} ]]; then
        echo "kolla_extend_start: ${datadir} has a database, nothing to do"
        exit 0
    fi
    if [[ -z ${DB_ROOT_PASSWORD-} ]]; then
        echo "kolla_extend_start: DB_ROOT_PASSWORD is not set" >&2
        exit 1
    fi
    find "${datadir}" -mindepth 1 -delete
    touch "${unfinished}"
    # In memory, and readable only for mysql.
    accounts=$(mktemp --tmpdir=/dev/shm)
    trap 'rm --force "${accounts}"' EXIT
    mariadb_accounts > "${accounts}"
    mariadb-install-db --user=mysql --datadir="${datadir}" --skip-test-db --skip-name-resolve \
        --auth-root-authentication-method=normal --extra-file="${accounts}"
    rm "${unfinished}"
    exit 0
fi
ARGS="${BOOTSTRAP_ARGS-}"
