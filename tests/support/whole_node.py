"""Whether a node is wholly on one generation: what is wrong with it, as sentences."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.host.files import is_installed, is_linked
from compiler.host.installed import Installed
from compiler.host.layout import CONFIRMED, GENERATIONS, HOME, PROGRAM
from compiler.host.machine import Machine
from compiler.host.pending import Pending
from compiler.host.store import Generation, generation, generations
from compiler.lab import LabNode

# A file that takes its place in a moment, a generation that is half written or half deleted.
_UNFINISHED = (
    "find / -xdev ( -name .*.heatsink"
    f" -o -path {GENERATIONS}/.* -o -path {PROGRAM}.[0-9]* -o -path {PROGRAM}.*.new -o -path {CONFIRMED}.* )"
)
_UNITS = "systemctl list-units --all --plain --no-legend heatsink-*.service"
_ON_DISK = "find /etc -name heatsink* ! -name heatsink-recovery.service -type f,l"
OWN = ("heatsink-recovery", "heatsink-revert")


def wrong(node: LabNode, engine: str) -> list[str]:
    """What is wrong with the generation that is installed on a node."""
    machine = Machine(str(node.root))
    installed = Installed.on(machine)
    if not installed.generation:
        return ["no generation is installed"]
    current = generation(machine, installed.generation)
    return [
        *(["a change is pending"] if Pending.on(machine) else []),
        *_wrong_files(node, machine, current),
        *_wrong_units(node, current),
        *_wrong_containers(node, current, engine),
        *_damaged(machine),
    ]


def unfinished(node: LabNode) -> list[str]:
    """Temporary files that are left."""
    return node.run(_UNFINISHED.split()).splitlines()


def _wrong_files(node: LabNode, machine: Machine, current: Generation) -> Iterator[str]:
    for file in current.files:
        if not is_installed(machine, file, current):
            yield f"{file.path} is not what was pushed"
    for link in current.links:
        if not is_linked(machine, link):
            yield f"{link.path} is not the link that was pushed"
    wanted = {*current.manifest.paths}
    for path in node.run(_ON_DISK.split()).splitlines():
        if path not in wanted:
            yield f"{path} is there"
    config = node.run(("find", "/var/lib/config-data", "-type", "f")).splitlines()
    yield from (f"{path} is there" for path in config if path not in wanted)


def _wrong_units(node: LabNode, current: Generation) -> Iterator[str]:
    lines = [line.split() for line in node.run(_UNITS.split()).splitlines()]
    active = {words[0] for words in lines if words[2] == "active" and not words[0].startswith(OWN)}
    jobs = {unit.name for unit in current.services if unit.runs_once}
    wanted = {unit.name for unit in current.services}
    yield from (f"{name} is not up" for name in sorted(wanted - jobs - active))
    yield from (f"{name} is up" for name in sorted(active - wanted))
    stamps = [unit.stamp for unit in current.services if unit.stamp]
    yield from (f"{stamp} is missing" for stamp in stamps if not (node.root / stamp[1:]).exists())


def _wrong_containers(node: LabNode, current: Generation, engine: str) -> Iterator[str]:
    running = set(node.run((engine, "ps", "--all", "--format", "{{.Names}} {{.State}}")).splitlines())
    wanted = {f"{unit.container} running" for unit in current.services if unit.images}
    yield from (f"container {container}" for container in sorted(running ^ wanted))


def _damaged(machine: Machine) -> Iterator[str]:
    numbers = generations(machine)
    if (count := len(numbers)) > 7:
        yield f"{count} generations are kept in {HOME}"
    for number in numbers:
        if not generation(machine, number).is_whole(machine):
            yield f"generation {number} is damaged"
