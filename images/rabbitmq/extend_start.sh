# Sourced by kolla_start: with KOLLA_BOOTSTRAP it stores the cookie, which the cluster shares, in the volume.
if [[ -n ${KOLLA_BOOTSTRAP+set} ]]; then
    cookie=/var/lib/rabbitmq/.erlang.cookie
    if [[ -z ${RABBITMQ_CLUSTER_COOKIE-} ]]; then
        echo "kolla_extend_start: RABBITMQ_CLUSTER_COOKIE is not set" >&2
        exit 1
    fi
    # Erlang refuses a cookie that others can read.
    (umask 0277 && printf '%s' "${RABBITMQ_CLUSTER_COOKIE}" > "${cookie}.new")
    mv --force "${cookie}.new" "${cookie}"
    exit 0
fi
install -d "${RABBITMQ_LOG_DIR:-/var/log/kolla/rabbitmq}"
