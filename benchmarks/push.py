"""The cost of pushing, compared with plain ssh to the same hosts.

    python benchmarks/push.py --hosts FILE --identity KEY --known-hosts FILE [--rounds 5]

FILE has a line `name address` for each host, such as lab nodes (`heatsink lab list`). Root must be able to
log in. The benchmark pushes ten services that sleep, and 110 configuration files, 330 KiB, different on every
host. The hosts are left clean. The CPU of a host is the use of its cgroup, without the login that reads it.

    nothing to do   heatsink push-artifacts      against   xargs -P ssh HOST true
    first push      heatsink push-artifacts      against   one ssh a host: tar on stdin, reload, start
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from compiler.model.artifact import Artifacts, File  # noqa: E402
from compiler.model.fleet import Connection  # noqa: E402
from tests.support import bundles  # noqa: E402
from tests.support.nodes import CLEAN  # noqa: E402

PARALLEL = "30"
START = "tar -xzf - -C / && systemctl daemon-reload && systemctl start heatsink.target"


class Cost(NamedTuple):
    """A cost: wall seconds, and CPU seconds on this machine."""

    wall: float
    cpu: float


def measured(act: Callable[[], object]) -> Cost:
    """The cost of an action, with its child processes."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    act()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - wall, cpu)


class Fleet(NamedTuple):
    """Hosts by name, and how to connect to them."""

    hosts: Mapping[str, str]
    identity: Path
    known_hosts: Path

    def first(self, count: int) -> Fleet:
        """The first hosts."""
        return self._replace(hosts=dict(list(self.hosts.items())[:count]))

    def ssh(self, address: str) -> tuple[str, ...]:
        """The ssh command for a host, without the command to run there."""
        options = ("-o", f"UserKnownHostsFile={self.known_hosts}", "-i", str(self.identity))
        return ("ssh", *options, f"root@{address}")

    def build(self, folder: Path) -> None:
        """Write bundles for all hosts."""
        connections = {
            name: Connection(address=address, user="root", identity_file=str(self.identity))
            for name, address in self.hosts.items()
        }
        bundles.write_build(folder / "build", {name: bundle(name) for name in self.hosts}, connections)

    def push(self, folder: Path) -> None:
        """Push to all hosts."""
        argv = (sys.executable, "-m", "compiler", "push-artifacts", "--known-hosts", str(self.known_hosts))
        hosts = [word for name in self.hosts for word in ("--host", name)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(
            (*argv, "--parallel", PARALLEL, *hosts), cwd=folder, env=environment, check=True, stderr=-3
        )

    def ssh_true(self) -> None:
        """The command that a push with nothing to do is compared with."""
        options = ("-o", f"UserKnownHostsFile={self.known_hosts}", "-i", str(self.identity), "-l", "root")
        argv = ("xargs", "-P", PARALLEL, "-I", "{}", "ssh", *options, "{}", "true")
        subprocess.run(argv, input="\n".join(self.hosts.values()), text=True, check=True)

    def ssh_tar(self, folder: Path) -> None:
        """The command that a first push is compared with, including creating the archives."""
        running = []
        for name, address in self.hosts.items():
            process = subprocess.Popen((*self.ssh(address), START), stdin=subprocess.PIPE)
            assert process.stdin
            process.stdin.write(archive(folder / "build" / "hosts" / name / "root", bundle(name)))
            process.stdin.close()
            running.append(process)
        assert not any(process.wait() for process in running)

    def clean(self) -> None:
        """Remove everything from all hosts."""
        for address in self.hosts.values():
            subprocess.run((*self.ssh(address), CLEAN), check=True, stdout=-3, stderr=-3)

    def node_cpu(self) -> dict[str, float]:
        """Host → milliseconds of CPU used since it booted."""
        command = "read _ used </sys/fs/cgroup/cpu.stat; echo $used"
        return {name: int(self.output(name, command)) / 1000 for name in self.hosts}

    def reloads(self) -> int:
        """The number of reloads of systemd on all hosts since they booted."""
        command = "journalctl -b -o cat _PID=1 | grep -c '^Reloading finished'"
        return sum(int(self.output(name, command)) for name in self.hosts)

    def output(self, name: str, command: str) -> str:
        """The output of a command on a host."""
        return subprocess.run((*self.ssh(self.hosts[name]), command), check=True, text=True, stdout=-1).stdout


def bundle(name: str) -> list[Artifacts]:
    """Ten services and 110 files of 3 KiB."""
    services = [bundles.service(f"sleeper{number}", step=number % 5 + 1) for number in range(10)]
    line = f"option = a value that {name} has and no other\n"
    files = [
        File(
            path=f"/var/lib/config-data/sleeper{number % 10}/part{number}.conf", content=(line * 64).encode()
        )
        for number in range(110)
    ]
    return [*services, Artifacts(files=tuple(files))]


def archive(root: Path, parts: list[Artifacts]) -> bytes:
    """A host's files and links as one compressed tar."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as tar:
        tar.add(root, arcname=".")
        for part in parts:
            for link in part.links:
                entry = tarfile.TarInfo(f".{link.path}")
                entry.type, entry.linkname = tarfile.SYMTYPE, link.target
                tar.addfile(entry)
    return content.getvalue()


def nothing_to_do(fleet: Fleet, folder: Path, rounds: int) -> None:
    """Measure a push of what is installed already."""
    fleet.push(folder)
    few, count = fleet.first(max(1, len(fleet.hosts) // 4)), len(fleet.hosts)
    reloads = fleet.reloads()
    ours, ours_few, theirs = [], [], []
    for _ in range(rounds):
        ours.append(measured(lambda: fleet.push(folder)))
        ours_few.append(measured(lambda: few.push(folder)))
        theirs.append(measured(fleet.ssh_true))
    pushing = node_cost(fleet, lambda: fleet.push(folder), rounds)
    login = node_cost(fleet, fleet.ssh_true, rounds)
    cpu, cpu_few, ssh_cpu = (
        statistics.median(cost.cpu for cost in costs) for costs in (ours, ours_few, theirs)
    )
    wall, ssh_wall = (statistics.median(cost.wall for cost in costs) for costs in (ours, theirs))
    show("nothing to do, wall s", wall, ssh_wall)
    show("nothing to do, control CPU s", cpu, ssh_cpu)
    if count > len(few.hosts):
        marginal = (cpu - cpu_few) / (count - len(few.hosts)) * 1000
        show("nothing to do, control CPU ms a host, marginal", marginal, ssh_cpu / count * 1000)
    show("nothing to do, node CPU ms a host", pushing, login)
    show("nothing to do, daemon-reloads", fleet.reloads() - reloads, 0)


def first_push(fleet: Fleet, folder: Path, rounds: int) -> None:
    """Measure a push to clean hosts."""
    ours, theirs, nodes, their_nodes = [], [], [], []
    for _ in range(rounds):
        fleet.clean()
        before = fleet.node_cpu()
        ours.append(measured(lambda: fleet.push(folder)))
        nodes.append(spent(fleet, before))
        fleet.clean()
        before = fleet.node_cpu()
        theirs.append(measured(lambda: fleet.ssh_tar(folder)))
        their_nodes.append(spent(fleet, before))
    for index, unit in ((0, "wall s"), (1, "control CPU s")):
        show(
            f"first push, {unit}",
            *(statistics.median(cost[index] for cost in costs) for costs in (ours, theirs)),
        )
    show("first push, node CPU ms a host", statistics.median(nodes), statistics.median(their_nodes))


def node_cost(fleet: Fleet, act: Callable[[], object], rounds: int) -> float:
    """The mean cost of an action for a host, in milliseconds of CPU."""
    before = fleet.node_cpu()
    for _ in range(rounds):
        act()
    return spent(fleet, before) / rounds


def spent(fleet: Fleet, before: Mapping[str, float]) -> float:
    """The mean CPU milliseconds that a host has used since, without the login that reads them."""
    after = fleet.node_cpu()
    again = fleet.node_cpu()
    costs = (after[name] - before[name] - (again[name] - after[name]) for name in fleet.hosts)
    return statistics.mean(costs)


def show(label: str, ours: float, theirs: float) -> None:
    """Print a line with our value, theirs, and their ratio."""
    ratio = f"{ours / theirs:6.2f}" if theirs else ""
    print(f"{label:50} {ours:9.2f} {theirs:9.2f} {ratio}", flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=Path, required=True)
    parser.add_argument("--identity", type=Path, required=True)
    parser.add_argument("--known-hosts", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    hosts = dict(line.split()[:2] for line in arguments.hosts.read_text().splitlines() if line.strip())
    fleet = Fleet(hosts, arguments.identity.absolute(), arguments.known_hosts.absolute())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fleet.build(folder)
        print(f"{len(hosts)} hosts, medians of {arguments.rounds} rounds{'':22} heatsink       ssh  ratio")
        try:
            first_push(fleet, folder, max(1, arguments.rounds // 2))
            nothing_to_do(fleet, folder, arguments.rounds)
        finally:
            fleet.clean()


if __name__ == "__main__":
    main()
