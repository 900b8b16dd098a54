"""The figures as tables for the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cost import Cost
from peers import CHANGE, FIRST, SAME, SCENARIOS
from sessions import Spent

ROWS = {"control": "control CPU, ms a host", "node": "node CPU, ms a host", "wall": "wall, s"}
Costs = Mapping[tuple[str, str], Cost]  # (peer, scenario)
NONE = "-"


def table(count: int, peers: Sequence[str], costs: Costs) -> str:
    """What each peer costs; in parentheses, how many times heatsink's cost that is."""
    lines = [
        f"### {count} {'node' if count == 1 else 'nodes'}\n",
        *_head(("", "", *peers)),
        *(
            _row((scenario, label, *(_cell(costs, peer, scenario, kind) for peer in peers)))
            for scenario in SCENARIOS
            for kind, label in ROWS.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _cell(costs: Costs, peer: str, scenario: str, kind: str) -> str:
    cost = costs.get((peer, scenario))
    if cost is None:
        return NONE
    value, ours = (getattr(each, kind) for each in (cost, costs["heatsink", scenario]))
    shown = f"{value:.2f}" if kind == "wall" else f"{value:.0f}"
    return shown if peer == "heatsink" else f"{shown} ({value / ours:.2f})"


def sessions_table(count: int, nodes: int, spent: Mapping[str, Spent]) -> str:
    """What many sessions cost."""
    rows = (_row((name, f"{each.cpu:.2f}", f"{each.memory:.0f}")) for name, each in spent.items())
    title = f"### {count} sessions to {nodes} nodes, nothing to do\n"
    return "\n".join((title, *_head(("", "control CPU, s", "memory, MB")), *rows)) + "\n"


def containers_table(count: int, costs: Mapping[str, tuple[float, float]]) -> str:
    """How long containers take to start, by whose units."""
    rows = (_row((name, f"{took:.2f}", f"{used:.2f}")) for name, (took, used) in costs.items())
    title = f"### {count} containers that start together on one node\n"
    return "\n".join((title, *_head(("", "until all are active, s", "node CPU, s")), *rows)) + "\n"


class Aim(NamedTuple):
    """What a figure should be: at most, or at least, so much."""

    what: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def row(self) -> str:
        """A line of the table of aims."""
        sign = "≥" if self.at_least else "≤"
        is_met = self.value >= self.limit if self.at_least else self.value <= self.limit
        return _row((self.what, f"{sign} {self.limit:g}", f"{self.value:.2f}", "yes" if is_met else "no"))


def aims_table(aims: Sequence[Aim]) -> str:
    """The aims, and whether they are met."""
    return (
        "\n".join(("### Aims\n", *_head(("", "aim", "measured", "met")), *(aim.row for aim in aims))) + "\n"
    )


def push_aims(costs: Costs, loop: Costs) -> Iterator[Aim]:
    """The aims of pushing to the most nodes; the copy loop may have been measured on fewer."""
    first, same, change = (costs["heatsink", scenario] for scenario in (FIRST, SAME, CHANGE))
    ssh = costs["one ssh", FIRST]
    raw = costs["raw channel", SAME]
    yield Aim("nothing to do: control CPU, times the raw channel's", same.control / raw.control, 1.25)
    yield Aim("nothing to do: node CPU, ms", same.node, 80)
    yield Aim("first push: control CPU, ms a host", first.control, 45)
    yield Aim("first push: wall, times one ssh's", first.wall / ssh.wall, 1.2)
    yield Aim("first push: node CPU, times one ssh's", first.node / ssh.node, 1.2)
    yield Aim("one file changed: node CPU with the login that confirms, ms", change.node, 130)
    for scenario, limit in ((FIRST, 6), (CHANGE, 13), (SAME, 30)):
        ours = costs["heatsink", scenario].control
        for name, peer, least in (("unarchive", costs, limit), ("copy loop", loop, 50)):
            if cost := peer.get((f"Ansible {name}", scenario)):
                what = f"{scenario}: control CPU of Ansible {name}, times heatsink's"
                yield Aim(what, cost.control / ours, least, at_least=True)


def session_aims(spent: Mapping[str, Spent]) -> Iterator[Aim]:
    """The aims of a thousand sessions."""
    yield Aim("1,000 sessions: control CPU, s", spent["heatsink"].cpu, 6)
    yield Aim("1,000 sessions: memory, MB", spent["heatsink"].memory, 150)


def container_aims(costs: Mapping[str, tuple[float, float]]) -> Iterator[Aim]:
    """The aim of containers that start together."""
    ratio = costs["heatsink"][0] / costs["by hand"][0]
    yield Aim("40 containers: until all are active, times units written by hand", ratio, 1.05)


def _head(titles: Sequence[str]) -> tuple[str, str]:
    return _row(titles), "|---" * len(titles) + "|"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
