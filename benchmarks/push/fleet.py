"""The nodes, and a folder with what is pushed to them: bundles before and after a change."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import payload

from compiler.lab import LabNode
from compiler.model.fleet import Connection
from tests.support import bundles
from tests.support.nodes import CLEAN

BEFORE, AFTER = "before", "after"
PARALLEL = "30"


class Fleet(NamedTuple):
    """Nodes, and the folder of an operator."""

    nodes: Sequence[LabNode]
    folder: Path

    @property
    def lab_identity(self) -> str:
        """The private key for root."""
        return str(self.nodes[0].lab.identity_file)

    @property
    def known_hosts(self) -> str:
        """The file of the nodes' keys."""
        return str(self.nodes[0].lab.known_hosts)

    def write(self) -> None:
        """Write the bundles, compiled before and after the change."""
        connections = {node.name: self.connection(node) for node in self.nodes}
        for build, changed in ((BEFORE, False), (AFTER, True)):
            hosts = {node.name: payload.services(node.name, changed=changed) for node in self.nodes}
            bundles.write_build(self.folder / build, hosts, connections)

    def connection(self, node: LabNode) -> Connection:
        """How a node is reached."""
        return Connection(address=node.address, user="root", identity_file=self.lab_identity)

    def root(self, build: str, node: LabNode) -> Path:
        """The files of a node in a build."""
        return self.folder / build / "hosts" / node.name / "root"

    def each(self, command: str, stdin: Callable[[LabNode], bytes] = lambda _: b"") -> None:
        """Run a command on all nodes with OpenSSH, one process a node, all at once."""
        running = []
        for node in self.nodes:
            process = subprocess.Popen((*node.ssh_command(), command), stdin=-1, stdout=-3, stderr=-3)
            assert process.stdin
            process.stdin.write(stdin(node))
            process.stdin.close()
            running.append(process)
        statuses = [process.wait() for process in running]
        assert not any(statuses), command

    def clean(self) -> None:
        """Remove all that was pushed."""
        self.each(CLEAN + "true")

    def many(self, sessions: int) -> str:
        """A build with so many hosts, many of which are one node, as it is after the first push."""
        build = self.folder / "many"
        (build / "hosts").mkdir(parents=True)
        entries = json.loads((self.folder / BEFORE / "fleet.json").read_text())
        hosts = {}
        for number in range(sessions):
            node = self.nodes[number % len(self.nodes)]
            name = f"{node.name}-{number}"
            hosts[name] = entries["hosts"][node.name]
            (build / "hosts" / name).symlink_to(self.folder / BEFORE / "hosts" / node.name)
        (build / "fleet.json").write_text(json.dumps({**entries, "hosts": hosts}))
        return build.name
