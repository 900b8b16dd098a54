# Sourced by kolla_start.
install -d -o placement -g kolla -m 2755 /var/log/kolla/placement
