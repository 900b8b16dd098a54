# Sourced by kolla_start.
install -d -o horizon -g kolla -m 2755 /var/log/kolla/horizon
