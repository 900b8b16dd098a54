#!/bin/sh
# Makes a database and a user of the same name who may do everything in it. Everything comes from the environment:
# DB_HOST DB_PORT DB_ROOT_PASSWORD DB_NAME DB_PASSWORD. Running it again is harmless.
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
CREATE DATABASE IF NOT EXISTS \`$DB_NAME\` CHARACTER SET utf8mb3;
CREATE USER IF NOT EXISTS '$DB_NAME'@'%';
EXECUTE IMMEDIATE CONCAT('ALTER USER \`$DB_NAME\`@\`%\` IDENTIFIED BY ', QUOTE(CONVERT(X'$password' USING utf8mb4)));
GRANT ALL PRIVILEGES ON \`$DB_NAME\`.* TO '$DB_NAME'@'%';
SQL
echo "database $DB_NAME is there"
