"""Forty containers that start together: units as heatsink writes them, and as they are written by hand."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from cost import node_cpu

from compiler.lab import LabNode
from compiler.model.container import Backend
from compiler.stages.emit.backends import container_artifacts
from tests.support import emit_cases
from tests.support.images import make_image

COUNT = 40
IMAGE = "localhost/sleeper:1"
FOLDER = "/etc/systemd/system"
COMMAND = ("sleep", "infinity")
# As `podman generate systemd --new` writes it.
BY_HAND = """\
[Service]
Type=notify
NotifyAccess=all
KillMode=mixed
ExecStart=/usr/bin/podman run --name {name} --rm --replace --detach --cgroups=no-conmon --sdnotify=conmon \
--network=host {image} {command}
ExecStop=/usr/bin/podman stop --ignore --time=1 {name}
"""


def measured(node: LabNode, rounds: int) -> dict[str, tuple[float, float]]:
    """Whose units → the seconds until all are active, and the node's CPU seconds: medians of some rounds."""
    make_image(node, IMAGE)
    kinds = {"heatsink": _emitted(), "by hand": _by_hand()}
    files = (
        f"cat >{FOLDER}/{name} <<'END'\n{text}END\n"
        for units in kinds.values()
        for name, text in units.items()
    )
    node.run(("sh",), stdin="".join(files))
    node.run(("systemctl", "daemon-reload"))
    node.run(("systemctl", "start", "network-online.target"))
    costs: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, units in kinds.items():
            costs[kind].append(_started(node, units))
    return {kind: _medians(values) for kind, values in costs.items()}


def _started(node: LabNode, units: Mapping[str, str]) -> tuple[float, float]:
    """The seconds in which these units start together, and the CPU seconds that this takes."""
    used = node_cpu((node,))
    start = f"a=$(date +%s%N); systemctl start {' '.join(units)}; echo $(($(date +%s%N) - a))"
    took = int(node.run(("bash", "-c", start), seconds=300)) / 1e9
    used = node_cpu((node,)) - used
    active = node.run(("systemctl", "is-active", *units)).split()
    assert active == ["active"] * COUNT
    node.run(("systemctl", "stop", *units), seconds=300)
    return took, used


def _medians(values: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(took for took, _ in values), statistics.median(used for _, used in values)


def _emitted() -> dict[str, str]:
    """The units that heatsink writes for podman."""
    fields = {"image": IMAGE, "command": list(COMMAND), "network": "host", "step": 1, "stop_grace_period": 1}
    units = {}
    for number in range(COUNT):
        container = emit_cases.made({"name": f"ours{number}", "service": "sleeper", **fields})
        (unit,) = (
            file
            for file in container_artifacts(container, Backend.PODMAN).files
            if file.path.endswith(".service")
        )
        units[unit.path.rpartition("/")[2]] = unit.content.decode()
    return units


def _by_hand() -> dict[str, str]:
    return {
        f"by-hand{number}.service": BY_HAND.format(
            name=f"by-hand{number}", image=IMAGE, command=" ".join(COMMAND)
        )
        for number in range(COUNT)
    }
