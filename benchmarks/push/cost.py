"""What an action costs: this machine's CPU, the nodes' CPU, the time that passes, memory."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from compiler.lab import LabNode
from compiler.lab.cgroup import program_cgroup

REST = 0.5  # seconds in which nodes end what an action has left them: the end of a login


class Cost(NamedTuple):
    """The cost of an action, a host: milliseconds of CPU here and on the node; seconds for all together."""

    control: float
    node: float
    wall: float


def measured(nodes: Sequence[LabNode], act: Callable[[], object]) -> Cost:
    """The cost of an action that concerns these nodes, with its child processes."""
    used = node_cpu(nodes)
    control, started = _children_cpu(), time.perf_counter()
    act()
    wall, control = time.perf_counter() - started, _children_cpu() - control
    time.sleep(REST)
    each = 1000 / len(nodes)
    return Cost(control * each, (node_cpu(nodes) - used) * each, wall)


def median(costs: Iterable[Cost]) -> Cost:
    """The median of each of the three."""
    return Cost(*map(statistics.median, zip(*costs, strict=True)))


def node_cpu(nodes: Iterable[LabNode]) -> float:
    """The CPU seconds that nodes have used, read from their control groups: no login is needed."""
    groups = (program_cgroup(node.lab.bridge, node.name) for node in nodes)
    lines = (group.path.joinpath("cpu.stat").read_text().splitlines() for group in groups)
    return sum(int(line.split()[1]) for stat in lines for line in stat if line.startswith("usage_usec")) / 1e6


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
