#!/usr/bin/python3
"""Wait until this host can have instances: Nova knows it, has found its cell, and hears from it.

The OS_ variables of the environment are of a user who may list hypervisors. Nova has the host under the id
that nova-compute keeps in /var/lib/nova/compute_id.
"""

import sys
import time
from pathlib import Path

import openstack
from keystoneauth1 import exceptions as keystone
from openstack import exceptions

COMPUTE_ID = Path("/var/lib/nova/compute_id")
PATIENCE = 60  # seconds
PAUSE = 2
NOT_FOUND = 404
ADVICE = """\
See journalctl -u heatsink-nova_compute on this host. If it was deleted from Nova before, and has come back,
run on a controller: podman exec nova_conductor nova-manage cell_v2 discover_hosts --by-service
"""


def main() -> None:
    """Ask until Nova says that the host is up."""
    connection = openstack.connect(load_yaml_config=False)
    end = time.monotonic() + PATIENCE
    while missing := what_is_missing(connection):
        if time.monotonic() > end:
            raise SystemExit(f"{missing}, after {PATIENCE} seconds.\n{ADVICE}")
        time.sleep(PAUSE)
    sys.stdout.write("this host can have instances\n")


def what_is_missing(connection) -> str:
    """Why the host cannot have instances yet; nothing if it can."""
    uuid = COMPUTE_ID.read_text().strip() if COMPUTE_ID.is_file() else ""
    if not uuid:
        return f"nova-compute has not written {COMPUTE_ID}"
    try:
        # Later versions ask nova-compute for its uptime, and wait a minute if it does not listen yet.
        answer = connection.compute.get(f"/os-hypervisors/{uuid}", microversion="2.53")
        if answer.status_code == NOT_FOUND:
            return f"Nova has no hypervisor {uuid} in any cell"
        exceptions.raise_from_response(answer)
        host = answer.json()["hypervisor"]["service"]["host"]
        [service] = connection.compute.services(host=host, binary="nova-compute")
    except (exceptions.SDKException, keystone.ClientException) as error:
        return f"Nova does not say whether it has hypervisor {uuid}: {error}"
    if service.state != "up":
        return f"Nova says that nova-compute of {host} is {service.state}"
    return "" if service.updated_at else f"Nova has not heard from nova-compute of {host} yet"


if __name__ == "__main__":
    main()
