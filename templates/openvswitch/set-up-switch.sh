#!/bin/sh
# Tells the host's switch its name and how it treats packets, as the environment says: OVS_SYSTEM_ID OVS_USERSPACE_TSO.
# The switch reads the latter only as it starts. Running it again is harmless.
set -eu

# A switch in user space must write the checksums that guests leave to their network card.
ovs-vsctl --db=unix:/run/openvswitch/db.sock --retry --timeout=60 --no-wait -- init -- set Open_vSwitch . \
    external_ids:system-id="$OVS_SYSTEM_ID" external_ids:hostname="$OVS_SYSTEM_ID" \
    other_config:userspace-tso-enable="$OVS_USERSPACE_TSO"
echo "the switch is called $OVS_SYSTEM_ID"
