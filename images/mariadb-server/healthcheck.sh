#!/bin/bash
# healthcheck.sh [--defaults-file FILE] [--connect] [--innodb_initialized] [--galera_online]
# Healthy when every check named passes. The options are those of MariaDB's own container image.
options=()
checks=()
while (( $# )); do
    case $1 in
        --defaults-file) options+=("--defaults-file=$2"); shift ;;
        --defaults-file=*) options+=("$1") ;;
        --connect | --innodb_initialized | --galera_online) checks+=("${1#--}") ;;
        *) echo "healthcheck.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift
done

value_of() {
    mariadb "${options[@]}" --skip-column-names --batch --execute "$1" | awk '{ print $NF }'
}

connect() {
    # A refused login is an answer too: the server is up.
    local said
    said=$(mariadb-admin "${options[@]}" ping 2>&1) || [[ ${said} == *"Access denied"* ]]
}

innodb_initialized() {
    [[ $(value_of "SELECT 1 FROM information_schema.engines WHERE engine = 'InnoDB' AND support IN ('YES', 'DEFAULT')") == 1 ]]
}

galera_online() {
    [[ $(value_of "SHOW GLOBAL STATUS LIKE 'wsrep_local_state'") == 4 ]]
}

for check in "${checks[@]}"; do
    if ! "${check}"; then
        echo "healthcheck.sh: ${check} failed" >&2
        exit 1
    fi
done
