#!/bin/bash
# Dumps all databases into /var/backups/mariadb and deletes the oldest dumps. Everything comes from the environment:
# DB_HOST DB_PORT DB_ROOT_PASSWORD BACKUPS_TO_KEEP.
set -euo pipefail

folder=/var/backups/mariadb
dump=$folder/$(date --utc +%Y-%m-%dT%H-%M-%SZ).sql.gz

# What a run that was killed left behind.
rm --force "$folder"/*.unfinished
# The password is read from the environment, not from the arguments that every process can see.
MYSQL_PWD=$DB_ROOT_PASSWORD mariadb-dump --no-defaults --protocol=tcp --host="$DB_HOST" --port="$DB_PORT" --user=root \
    --skip-ssl-verify-server-cert --all-databases --single-transaction --routines --events --triggers \
    | gzip > "$dump.unfinished"
sync "$dump.unfinished"
mv "$dump.unfinished" "$dump"
echo "$dump has $(stat --format=%s "$dump") bytes"

# Their names sort by age.
find "$folder" -name '*.sql.gz' | sort --reverse | tail --lines=+$((BACKUPS_TO_KEEP + 1)) | xargs --no-run-if-empty rm --verbose
