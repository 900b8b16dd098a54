"""Named volumes. Those that heatsink has made have a label, so that they are known without any record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .machine import LIMIT, Machine, require
from .manifest import ENGINES
from .store import Generation
from .wire import Pusher

LABEL = "heatsink.volume"


class MadeVolume(NamedTuple):
    """A volume that heatsink has made."""

    engine: str
    name: str


def absent_volumes(machine: Machine, wanted: Generation) -> list[str]:
    """The volumes of a generation that are not on the host."""
    if not wanted.manifest.volumes:
        return []
    present = machine.run((wanted.engine, "volume", "ls", "--format", "{{.Name}}")).stdout.split()
    return sorted(set(wanted.manifest.volumes) - set(present))


def make_volumes(machine: Machine, engine: str, names: Sequence[str]) -> None:
    """Create named volumes. If the engine did, two containers that start together with the same new volume
    would both try to create it, and one would fail."""
    for name in names:
        done = machine.run((engine, "volume", "create", "--label", f"{LABEL}=made", name))
        require(done, f"volume `{name}` cannot be created")


def made_volumes(machine: Machine, engine: str) -> list[MadeVolume]:
    """The volumes that heatsink has made on this host; `engine` is the one in use, and must answer."""
    names = (engine, *sorted(ENGINES.keys() - {engine})) if engine else sorted(ENGINES)
    return [volume for name in names for volume in _made(machine, name, must_answer=name == engine)]


def _made(machine: Machine, engine: str, *, must_answer: bool) -> Iterator[MadeVolume]:
    if not machine.has(engine):
        return
    done = machine.run((engine, "volume", "ls", "--filter", f"label={LABEL}", "--format", "{{.Name}}"))
    if must_answer:
        require(done, f"`{engine}` does not tell its volumes")
    yield from (MadeVolume(engine, name) for name in sorted(done.stdout.split()))


def destroy_volumes(machine: Machine, pusher: Pusher, names: Sequence[str]) -> None:
    """Destroy volumes that heatsink has made, with what is in them; one that a container uses stays."""
    for volume in made_volumes(machine, "") if names else ():
        if volume.name in names:
            done = machine.run((volume.engine, "volume", "rm", volume.name), limit=10 * LIMIT)
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
                pusher.send("warning", text=f"volume `{volume.name}` stays: {reason}")
