# Sourced by kolla_start.
mkdir --parents /var/spool/rsyslog /var/log/kolla/rsyslog
