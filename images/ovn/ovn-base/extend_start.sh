# Sourced by kolla_start.
mkdir --parents /run/ovn /var/log/kolla/openvswitch
