#!/bin/sh
# Tells the host's switch where OVN is and how its tunnels begin, as the environment says: OVN_REMOTE OVN_ENCAP_IP
# OVN_DATAPATH_TYPE OVN_CMS_OPTIONS OVN_BRIDGE_MAPPINGS. Running it again is harmless.
set -eu

# The last two may be empty, which the switch's database takes in quotes alone.
ovs-vsctl --db=unix:/run/openvswitch/db.sock --retry --timeout=60 --no-wait set Open_vSwitch . \
    external_ids:ovn-remote="$OVN_REMOTE" \
    external_ids:ovn-encap-type=geneve \
    external_ids:ovn-encap-ip="$OVN_ENCAP_IP" \
    external_ids:ovn-bridge=br-int \
    external_ids:ovn-bridge-datapath-type="$OVN_DATAPATH_TYPE" \
    external_ids:ovn-cms-options="\"$OVN_CMS_OPTIONS\"" \
    external_ids:ovn-bridge-mappings="\"$OVN_BRIDGE_MAPPINGS\""
echo "the switch knows OVN at $OVN_REMOTE"
