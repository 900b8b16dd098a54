#!/bin/sh
# netns-dhcp         runs a DHCP server in each network namespace of the list that has addresses to give, for ever
# netns-dhcp health  succeeds if all of them run
#
# A line of the list is: NAME ADDRESS HOST_ADDRESS DHCP_FIRST DHCP_LAST, with `-` for what a namespace has not.
# The namespaces are another container's work, and come and go without this one being told.
set -eu

networks=/etc/netns-agents/networks
leases=/var/lib/netns-dhcp
interval=5

main() {
    if [ "${1-}" = health ]; then
        each_network serves
        return
    fi
    mkdir -p "$leases"
    while true; do
        each_network keep_serving
        sleep "$interval" &
        # `wait` also takes in servers that have ended.
        wait $!
    done
}

# each_network COMMAND: runs COMMAND with NAME DHCP_FIRST DHCP_LAST of each line that has addresses to give.
each_network() {
    while read -r name _ _ first last; do
        [ "$first" = - ] || "$1" "$name" "$first" "$last"
    done < "$networks"
}

pidfile() {
    echo "/run/netns-dhcp-$1.pid"
}

# Whether a server runs in the namespace that has the name now, not in one that had it before.
serves() {
    [ -e "$(pidfile "$1")" ] || return 1
    inside=$(stat --dereference --format=%i "/proc/$(cat "$(pidfile "$1")")/ns/net" 2> /dev/null) || return 1
    [ "$inside" = "$(stat --dereference --format=%i "/run/netns/$1" 2> /dev/null)" ]
}

keep_serving() {
    if serves "$1" || ! nsenter --net="/run/netns/$1" ip link show eth0 > /dev/null 2>&1; then
        return 0
    fi
    if [ -e "$(pidfile "$1")" ]; then
        kill "$(cat "$(pidfile "$1")")" 2> /dev/null || true
    fi
    nsenter --net="/run/netns/$1" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --port=0 \
        --user=root --log-facility=- --pid-file= --interface=eth0 --bind-dynamic --except-interface=lo \
        --dhcp-range="$2,$3,1h" --dhcp-leasefile="$leases/$1" --dhcp-authoritative < /dev/null &
    echo $! > "$(pidfile "$1")"
    echo "namespace $1 has a DHCP server"
}

main "$@"
