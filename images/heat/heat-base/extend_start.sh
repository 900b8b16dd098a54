# Sourced by kolla_start.
install -d -o heat -g kolla -m 2755 /var/log/kolla/heat
