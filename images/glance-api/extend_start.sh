# Sourced by kolla_start.
install -d -o glance -g kolla -m 2755 /var/log/kolla/glance
