# Sourced by kolla_start.
install -d -o cinder -g kolla -m 2755 /var/log/kolla/cinder
