# Sourced by kolla_start.
install -d -o neutron -g kolla -m 2755 /var/log/kolla/neutron
