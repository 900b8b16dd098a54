#!/bin/sh
# Makes a user and databases that the user may do everything in. Everything comes from the environment: DB_HOST DB_PORT
# DB_ROOT_PASSWORD DB_USER DB_PASSWORD DB_NAMES (a list with blanks). Running it again is harmless.
set -eu

server() {
    # The password is read from the environment, not from the arguments that every process can see.
    MYSQL_PWD=$DB_ROOT_PASSWORD mariadb --no-defaults --protocol=tcp --host="$DB_HOST" --port="$DB_PORT" \
        --user=root --connect-timeout=5 --skip-ssl-verify-server-cert "$@"
}

# The server may be on another host, which starts at the same time.
attempts=60
until answer=$(server --execute='SELECT 1' 2>&1); do
    attempts=$((attempts - 1))
    if [ "$attempts" -eq 0 ]; then
        echo "the database server $DB_HOST:$DB_PORT lets nobody in: $answer" >&2
        exit 1
    fi
    sleep 2
done

# In hexadecimal a password can hold any character; QUOTE makes it a string of SQL again.
password=$(printf %s "$DB_PASSWORD" | od -An -v -tx1 | tr -d ' \n')
server <<SQL
CREATE USER IF NOT EXISTS '$DB_USER'@'%';
EXECUTE IMMEDIATE CONCAT('ALTER USER \`$DB_USER\`@\`%\` IDENTIFIED BY ', QUOTE(CONVERT(X'$password' USING utf8mb4)));
SQL
for name in $DB_NAMES; do
    server <<SQL
CREATE DATABASE IF NOT EXISTS \`$name\` CHARACTER SET utf8mb3;
GRANT ALL PRIVILEGES ON \`$name\`.* TO '$DB_USER'@'%';
SQL
    echo "database $name is there"
done
