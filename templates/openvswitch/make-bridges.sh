#!/bin/sh
# Makes the bridges of the host's switch, as the environment says: OVS_DATAPATH_TYPE OVS_BRIDGES (a list with blanks).
# Running it again is harmless.
set -eu

# It waits for the database to come up, and then until the switch has done what the database says.
database() {
    ovs-vsctl --db=unix:/run/openvswitch/db.sock --retry --timeout=60 "$@"
}

for bridge in $OVS_BRIDGES; do
    database --may-exist add-br "$bridge" -- set Bridge "$bridge" datapath_type="$OVS_DATAPATH_TYPE"
    echo "bridge $bridge is there"
done
