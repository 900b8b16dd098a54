# Sourced by kolla_start.
install -d -o nova -g kolla -m 2755 /var/log/kolla/nova
