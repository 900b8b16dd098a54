# Sourced by kolla_start.
mkdir --parents /var/log/kolla/libvirt

# QEMU runs as nova, in the groups that nova has here: one of them must be the group of the host's /dev/kvm.
if [[ -c /dev/kvm ]]; then
    kvm=$(stat --format=%g /dev/kvm)
    getent group "${kvm}" > /dev/null || groupadd --gid "${kvm}" host-kvm
    usermod --append --groups "$(getent group "${kvm}" | cut --delimiter=: --fields=1)" nova
fi
