#!/usr/bin/python3
"""The network of a host as JSON over HTTP: its namespaces, its bridges, their ports and who is attached.

The environment says where it listens: TOPOLOGY_ADDRESS and TOPOLOGY_PORT.
"""

from __future__ import annotations

import json
import os
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ovsdb import Database, members

Link = dict[str, Any]


def topology() -> dict[str, Any]:
    """The host's network at this moment."""
    attached = namespaces_of_links()
    return {
        "namespaces": sorted(namespace["name"] for namespace in ip("netns", "list")),
        "bridges": [
            {
                "name": name,
                "ports": [{"name": port, "attached": attached.get(port)} for port in sorted(ports)],
            }
            for name, ports in sorted((ports_in_kernel() | ports_of_switch()).items())
        ],
    }


def ports_of_switch() -> dict[str, list[str]]:
    """Bridge of Open vSwitch → its ports."""
    with Database() as database:
        names = {row["_uuid"][1]: row["name"] for row in database.rows("Port", "name")}
        bridges = database.rows("Bridge", "name", "ports")
    return {bridge["name"]: [names[uuid] for _, uuid in members(bridge["ports"])] for bridge in bridges}


def ports_in_kernel() -> dict[str, list[str]]:
    """Bridge of the kernel → its ports."""
    links = ip("-details", "link", "show")
    bridges = [link["ifname"] for link in links if link.get("linkinfo", {}).get("info_kind") == "bridge"]
    return {bridge: [link["ifname"] for link in links if link.get("master") == bridge] for bridge in bridges}


def namespaces_of_links() -> dict[str, str]:
    """Link → the namespace in which the other end of its cable is."""
    names = {entry["nsid"]: entry.get("name", "?") for entry in ip("netns", "list-id") if "nsid" in entry}
    return {
        link["ifname"]: names.get(link["link_netnsid"], "?")
        for link in ip("link", "show")
        if "link_netnsid" in link
    }


def ip(*words: str) -> list[Link]:
    """What `ip` prints."""
    printed = subprocess.run(
        ("/usr/bin/ip", "-json", *words), check=True, capture_output=True, text=True
    ).stdout
    entries: list[Link] = json.loads(printed or "[]")
    return entries


class Page(BaseHTTPRequestHandler):
    """The only page."""

    def do_GET(self) -> None:
        """Answer with the topology."""
        content = json.dumps(topology(), indent=1).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until the container stops."""
    address = (os.environ["TOPOLOGY_ADDRESS"], int(os.environ["TOPOLOGY_PORT"]))
    ThreadingHTTPServer(address, Page).serve_forever()


if __name__ == "__main__":
    main()
