#!/bin/sh
# Prepares the database. It may run again after a change, so what exists already must not be an error.
set -eu

MYSQL_PWD=$DB_PASSWORD mariadb --no-defaults --protocol=tcp --host="$DB_HOST" --port="$DB_PORT" --user="$DB_USER" \
    --skip-ssl-verify-server-cert "$DB_NAME" <<SQL
CREATE TABLE IF NOT EXISTS visits (id SERIAL PRIMARY KEY, page VARCHAR(255) NOT NULL);
SQL
