#!/bin/sh
# netns-agent         keeps the network namespaces of this host as the list says, for ever
# netns-agent health  succeeds if every namespace of the list can be entered
#
# A line of the list is: NAME ADDRESS HOST_ADDRESS DHCP_FIRST DHCP_LAST, with `-` for what a namespace has not.
# /run/netns is the host's: a namespace made here is there on the host and outlives this container.
set -eu

networks=/etc/netns-agents/networks
made=/run/netns-agent # has a file for each namespace that was made here, and only those are ever removed
interval=10

main() {
    if [ "${1-}" = health ]; then
        each_network can_enter
        return
    fi
    while true; do
        remove_unlisted
        each_network make
        sleep "$interval"
    done
}

# each_network COMMAND: runs COMMAND with the fields of each line.
each_network() {
    while read -r name address host_address _; do
        "$1" "$name" "$address" "$host_address"
    done < "$networks"
}

can_enter() {
    nsenter --net="/run/netns/$1" true
}

make() {
    touch "$made/$1"
    if ! can_enter "$1" 2> /dev/null; then
        # A file that is no namespace is what a namespace leaves behind when the host loses its mounts.
        rm -f "/run/netns/$1"
        ip netns add "$1"
        echo "namespace $1 made"
    fi
    ip -netns "$1" link set lo up
    if ! ip -netns "$1" link show eth0 > /dev/null 2>&1; then
        # The old end of a cable whose namespace was taken away, but is still in use.
        ip link delete "nh-$1" 2> /dev/null || true
        ip link add "nh-$1" type veth peer name eth0 netns "$1"
    fi
    set_address "$2" -netns "$1" -- eth0
    if [ "$3" = - ]; then
        set_address "" -- "nh-$1"
    else
        set_address "$3" -- "nh-$1"
    fi
}

# set_address ADDRESS [OPTION OF ip...] -- INTERFACE: makes ADDRESS the only IPv4 address, and the interface up.
set_address() {
    wanted=$1
    shift
    options=
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    interface=$2
    # shellcheck disable=SC2086 # the options are words
    for present in $(ip $options -4 -oneline address show dev "$interface" | awk '{ print $4 }'); do
        [ "$present" = "$wanted" ] || ip $options address delete "$present" dev "$interface"
    done
    # shellcheck disable=SC2086
    [ -z "$wanted" ] || ip $options address replace "$wanted" dev "$interface"
    # shellcheck disable=SC2086
    ip $options link set dev "$interface" up
}

remove_unlisted() {
    for file in "$made"/*; do
        [ -e "$file" ] || continue
        name=${file##*/}
        if ! grep -q "^$name " "$networks"; then
            ip link delete "nh-$name" 2> /dev/null || true
            ip netns delete "$name" 2> /dev/null || true
            rm -f "$file"
            echo "namespace $name removed"
        fi
    done
}

main "$@"
