"""The cost of pushing, compared with others that bring the same hosts to the same state.

    python benchmarks/push [--nodes 1,10,20] [--rounds 2] [--ansible FOLDER/bin/ansible-playbook]

It boots a lab of its own, needs root for that, and prints tables for docs/benchmarks.md. Each node gets 40
services that sleep and 120 files of configuration, 330 KiB, different on every node.

    raw channel        fabric, as heatsink uses it: one connection a host, one channel, `true`
    one ssh            OpenSSH, one process a host: tar on stdin, reload, start, or `true`
    Ansible unarchive  one archive a host; pipelining, 30 forks; one round
    Ansible copy loop  a task that loops over the files; on one node only, as it takes minutes; one round

Control CPU is that of all processes here, node CPU that of a node's control group. Without `ansible-playbook`
its columns are left out: `python3 -m venv FOLDER && FOLDER/bin/pip install ansible-core`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

import ansible  # noqa: E402
import containers  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import sessions  # noqa: E402
from cost import Cost, measured, median  # noqa: E402
from fleet import Fleet  # noqa: E402
from peers import SCENARIOS, Peer  # noqa: E402

from compiler import lab as labs  # noqa: E402
from compiler.lab import LabNode  # noqa: E402
from tests.support.nodes import lab_of_tests  # noqa: E402


def main() -> None:
    """Measure."""
    options = arguments()
    if not options.ansible:
        print("ansible-playbook is not installed: its columns are left out\n", flush=True)
    with booted(max(options.nodes)) as nodes, tempfile.TemporaryDirectory() as name:
        fleets = [Fleet(nodes[:count], Path(name, str(count))) for count in sorted(options.nodes)]
        if options.ansible:
            ansible.give_library(nodes, Path(name))
        loop: report.Costs = {}
        for fleet in fleets:
            fleet.write()
            costs = compared(fleet, options)
            loop = loop or costs
        aims = [*report.push_aims(costs, loop)]
        spent = sessions.measured(fleets[-1], options.sessions)
        print(report.sessions_table(options.sessions, len(nodes), spent), flush=True)
        fleets[-1].clean()
        started = containers.measured(nodes[0], options.rounds)
        print(report.containers_table(containers.COUNT, started), flush=True)
    aims += [*report.session_aims(spent), *report.container_aims(started)]
    print(report.aims_table(aims))


def compared(fleet: Fleet, options: argparse.Namespace) -> report.Costs:
    """What each peer costs on these nodes, printed as a table."""
    present = [peers.heatsink(fleet), peers.raw_channel(fleet), peers.one_ssh(fleet)]
    if options.ansible:
        present += [ansible.unarchive(fleet, options.ansible), ansible.copy_loop(fleet, options.ansible)]
    present = [peer for peer in present if len(fleet.nodes) <= peer.limit]
    costs = {
        (peer.name, scenario): cost
        for peer in present
        for scenario, cost in of_peer(fleet, peer, peer.rounds or options.rounds).items()
    }
    print(report.table(len(fleet.nodes), [peer.name for peer in present], costs), flush=True)
    return costs


def of_peer(fleet: Fleet, peer: Peer, rounds: int) -> dict[str, Cost]:
    """Scenario → the medians of several rounds, each of which starts with clean nodes."""
    peer.prepare()
    costs: dict[str, list[Cost]] = {scenario: [] for scenario in SCENARIOS if scenario in peer.acts}
    for _ in range(rounds):
        fleet.clean()
        for scenario, values in costs.items():
            values.append(measured(fleet.nodes, peer.acts[scenario]))
    return {scenario: median(values) for scenario, values in costs.items()}


@contextmanager
def booted(count: int) -> Iterator[Sequence[LabNode]]:
    """Nodes of a lab of their own."""
    folder = tempfile.TemporaryDirectory(prefix="heatsink-benchmark-", dir="/var/lib")
    with folder as state, lab_of_tests(Path(state), 7) as lab:
        yield labs.up(lab, count)


def arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=lambda text: [*map(int, text.split(","))], default=[1, 10, 20])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--ansible", default=shutil.which("ansible-playbook"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
