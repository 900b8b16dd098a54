# Sourced by kolla_start: creates the keys of this host that the configuration does not have.
ssh-keygen -A
mkdir --parents /run/sshd
install -d -o nova -g nova -m 0700 /var/lib/nova/.ssh
