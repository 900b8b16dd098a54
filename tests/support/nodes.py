"""An operator's folder with bundles made by hand, and the `heatsink` command run in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler import lab as labs
from compiler.lab import Lab, LabNode, network
from compiler.lab.cgroup import program_cgroup
from compiler.model.artifact import Artifacts
from compiler.model.config import Port
from compiler.model.container import Backend
from compiler.model.fleet import Connection
from tests.support import bundles
from tests.support.containers import container

ROOT = Path(__file__).parents[2]
MOST_WORKERS = 4  # processes of pytest that use labs at the same time

CLEAN = """
systemctl stop 'heatsink*' --all
rm -rf /var/lib/heatsink /var/lib/config-data /var/lib/kolla /usr/local/lib/heatsink /root/seen
rm -f /var/lib/systemd/timers/stamp-heatsink*
rm -rf /etc/containers/systemd/heatsink
find /etc/*.d /etc/containers -name "*heatsink.conf" -delete
find /etc/systemd/system -name 'heatsink*' -delete
find /etc/systemd/system -name 'heatsink*' -prune -exec rm -rf {} +
systemctl daemon-reload
systemctl reset-failed
"""


@contextmanager
def lab_of_tests(state: Path, number: int) -> Iterator[Lab]:
    """A free lab (`free_lab`), without nodes before and after."""
    lab = free_lab(state, number)
    try:
        yield lab
    finally:
        labs.down(lab)


def free_lab(state: Path, number: int) -> Lab:
    """A lab in a subnet that nobody uses: the nodes of a run that was killed may still be there.

    Labs that exist side by side have different numbers, 0 to 7; each of pytest's workers has its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    labs = (
        Lab(state=state, subnet=f"198.19.{100 + third}")
        for third in range(number + 8 * worker, 156, 8 * MOST_WORKERS)
    )
    return next(filter(network.is_free, labs))


@contextmanager
def registry_of(lab: Lab) -> Iterator[str]:
    """The address of a lab's registry, which stops afterwards: other tests let their own listen there."""
    try:
        yield labs.start_registry(lab)
    finally:
        program_cgroup(lab.bridge, "registry").kill()


@dataclass(frozen=True)
class Operator:
    """A folder in which `heatsink` is run, and the nodes it pushes to."""

    folder: Path
    nodes: Sequence[LabNode]
    program: Sequence[str] = ("-m", "compiler")
    backend: Backend = Backend.PODMAN

    def writes(self, *parts: Artifacts, ports: tuple[Port, ...] = (), **more: Iterable[Artifacts]) -> None:
        """A build with the same artifacts for every node, or those given for it by its name."""
        ways = {node.name: self.way(node) for node in self.nodes}
        hosts = {name: more.get(name, parts) for name in ways}
        bundles.write_build(self.folder / "build", hosts, ways, backend=self.backend, ports=ports)

    def container(self, name: str, **options: Any) -> Artifacts:
        """A container as this operator's backend runs it (tests/support/containers.py)."""
        return container(self.backend, name, **options)

    def way(self, node: LabNode, user: str = "root") -> Connection:
        """How a node is reached."""
        return Connection(address=node.address, user=user, identity_file=str(node.lab.identity_file))

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """The command, running without a terminal. Changes settle for a second, unless it says how long."""
        if arguments[0] in ("push-artifacts", "rollback") and "--settle" not in arguments:
            arguments = (*arguments, "--settle", "1")
        return subprocess.Popen(
            (sys.executable, *self.program, *arguments),
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "HOME": str(self.folder),
                "XDG_STATE_HOME": f"{self.folder}/state",
            },
            text=True,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def answering(self, answer: str, *arguments: str, code: int = 0) -> str:
        """What the command said on a terminal, on which its question is answered."""
        ours, terminal = os.openpty()
        os.write(ours, f"{answer}\n".encode())
        done = self.start(*arguments, stdin=terminal)
        said = done.communicate()[0]
        os.close(terminal)
        os.close(ours)
        assert done.returncode == code, said
        return said

    def heatsink(self, *arguments: str, code: int = 0) -> str:
        """What the command said; it must have ended with this exit code."""
        done = self.start(*arguments)
        said = done.communicate()[0]
        assert done.returncode == code, said
        return said

    def push(self, *arguments: str, code: int = 0) -> str:
        """What a push said; units need not stay up for long unless the arguments say so."""
        return self.heatsink("push-artifacts", "--settle", "1", *arguments, code=code)

    def dry_run(self, *arguments: str) -> dict[str, Any]:
        """What a push, which changes something, would do to the first node."""
        document: dict[str, Any] = json.loads(self.heatsink("plan", "--json", *arguments, code=2))
        return document["hosts"][0]  # type: ignore[no-any-return]

    def status(self, code: int | None = None) -> dict[str, dict[str, Any]]:
        """Unit → its status, on the first node; how it ends is only asked if there is a code."""
        return {unit["unit"]: unit for unit in self.hosts(code)[0]["units"]}

    def hosts(self, code: int | None = None) -> list[dict[str, Any]]:
        """The status of all nodes."""
        done = self.start("status", "--json")
        said = done.communicate()[0]
        assert code in (None, done.returncode), said
        hosts: list[dict[str, Any]] = json.loads(said)
        return hosts

    def killed_push(self, until: str) -> str:
        """What a push said that was killed, as the kernel kills, when it said a certain thing."""
        said = []
        with self.start("push-artifacts") as push:
            assert push.stdout
            for line in push.stdout:
                said.append(line)
                if until in line:
                    push.send_signal(signal.SIGKILL)
        return "".join(said)


def clean(node: LabNode) -> None:
    """Leave nothing of a push on a node; one that lets nobody log in any more boots before."""
    if node.attempt(("true",)).returncode:
        node.crash()
        node.boot()
        node.settle()
    node.run(("sh", "-c", CLEAN))


def invocations(node: LabNode, *units: str) -> list[str]:
    """What changes of each unit when it starts."""
    return [
        node.run(("systemctl", "show", "--property=InvocationID", "--value", f"heatsink-{unit}.service"))
        for unit in units
    ]


def reloads(node: LabNode) -> int:
    """How often the node's systemd has read its units."""
    said = node.run(("journalctl", "--boot", "--output=cat", "_PID=1", "--grep=^Reloading"))
    return sum("Reloading finished" in line for line in said.splitlines())


def new_key(path: Path) -> Path:
    """A new key, of which this is the public half."""
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path), check=True)
    return path.with_suffix(".pub")
