#!/bin/sh
# Makes bridges of the host's switch, as the environment says: OVS_DATAPATH_TYPE OVS_BRIDGES (a list with blanks of
# `bridge`, or `bridge:interface` with an interface of the host as its port). Running it again is harmless.
set -eu

main() {
    for bridge in $OVS_BRIDGES; do
        make "${bridge%%:*}"
        case $bridge in *:*) connect "${bridge%%:*}" "${bridge#*:}" ;; esac
        echo "bridge $bridge is there"
    done
}

make() {
    database --may-exist add-br "$1" -- set Bridge "$1" datapath_type="$OVS_DATAPATH_TYPE"
}

# The bridge gets the address of its port: a port such as a macvlan takes frames for its own address alone, and the switch
# chooses none that is locally administered.
connect() {
    address=$(cat "/sys/class/net/$2/address")
    database --may-exist add-port "$1" "$2" -- set Bridge "$1" other-config:hwaddr="\"$address\""
}

# It waits for the database to come up, and then until the switch has done what the database says.
database() {
    ovs-vsctl --db=unix:/run/openvswitch/db.sock --retry --timeout=60 "$@"
}

main
