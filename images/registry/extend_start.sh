# Sourced by kolla_start. The registry reads hashes of passwords; they are made of the login here, so that no
# other place has to keep one.
login=/etc/docker/registry/login

if [[ -s ${login} ]]; then
    user_and_password=$(< "${login}")
    printf '%s\n' "${user_and_password#*:}" | htpasswd -niB "${user_and_password%%:*}" > /run/registry/htpasswd
    unset user_and_password
fi
