# Sourced by kolla_start: logs are rotated as often as KOLLA_LOGROTATE_SCHEDULE says (hourly, daily, weekly, monthly).
schedule=/etc/cron.${KOLLA_LOGROTATE_SCHEDULE:-daily}
if [[ ! -d ${schedule} ]]; then
    echo "kolla_extend_start: KOLLA_LOGROTATE_SCHEDULE is '${KOLLA_LOGROTATE_SCHEDULE}', not hourly, daily, weekly or monthly" >&2
    exit 1
fi
rm --force /etc/cron.*/rotate_logs
ln --symbolic /usr/local/bin/rotate_logs "${schedule}/rotate_logs"
mkdir --parents /var/log/kolla/cron
