"""The generations that are kept on the host, and which of them is current."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence

from .layout import CURRENT, GENERATIONS, PREVIOUS, SALT, STAGING, STAMPS, SUMMARY
from .machine import Machine, place_link, remove_tree, write
from .manifest import File, Link, Unit, digest, made, with_secrets

KEPT = 10  # generations


@dataclasses.dataclass(frozen=True)
class Generation:
    """A bundle as it was pushed to this host, and the values of its secrets."""

    manifest: bytes
    secrets: Mapping[str, str]
    engine: str
    files: Sequence[File]
    links: Sequence[Link]
    units: Sequence[Unit]
    volumes: Sequence[str] = ()
    folder: str = STAGING

    @classmethod
    def of(cls, manifest: bytes, secrets: Mapping[str, str]) -> Generation:
        """A manifest's bytes, understood."""
        entries = json.loads(manifest)
        return cls(
            manifest=manifest,
            secrets=secrets,
            engine="docker" if entries["backend"] == "docker" else "podman",
            files=[made(File, entry) for entry in entries["files"]],
            links=[made(Link, entry) for entry in entries["links"]],
            units=[made(Unit, entry) for entry in entries["units"]],
            volumes=entries.get("volumes", ()),
        )

    @property
    def number(self) -> int:
        """Its number; 0 as long as it is not kept."""
        name = self.folder.rpartition("/")[2]
        return int(name) if name.isdigit() else 0

    @property
    def services(self) -> list[Unit]:
        """Its units without the targets, in start order."""
        return [unit for unit in self.units if not unit.is_target]

    def content(self, machine: Machine, file: File) -> bytes:
        """A file as it is to lie on the host, secrets put in."""
        content = machine.path(f"{self.folder}/root{file.path}").read_bytes()
        return with_secrets(content, self.secrets) if file.sensitive else content

    def hashes(self, salt: str) -> dict[str, str]:
        """Unit → what differs if and only if it must restart: its own hash and the values of its secrets."""
        return {
            unit.name: digest(salt, unit.hash, {name: self.secrets[name] for name in unit.secrets})
            for unit in self.services
        }


def generations(machine: Machine) -> list[int]:
    """The numbers of the generations kept here, ascending."""
    folder = machine.path(GENERATIONS)
    return sorted(int(path.name) for path in folder.glob("[0-9]*")) if folder.is_dir() else []


def generation(machine: Machine, number: int) -> Generation:
    """A generation kept here."""
    folder = f"{GENERATIONS}/{number}"
    secrets = json.loads(machine.path(f"{folder}/secrets.json").read_bytes())
    kept = Generation.of(machine.path(f"{folder}/manifest.json").read_bytes(), secrets)
    return dataclasses.replace(kept, folder=folder)


def kept_generations(machine: Machine) -> Iterator[Generation]:
    """The generations kept here, the newest first."""
    return (generation(machine, number) for number in reversed(generations(machine)))


def keep(machine: Machine, staged: Generation) -> Generation:
    """Give a staged generation the next number."""
    if staged.number:
        return staged
    folder = f"{GENERATIONS}/{max(generations(machine), default=0) + 1}"
    machine.path(staged.folder).rename(machine.path(folder))
    return dataclasses.replace(staged, folder=folder)


def linked(machine: Machine, link: str) -> int:
    """The number of the generation that CURRENT or PREVIOUS points at; 0 if there is no such link."""
    path = machine.path(link)
    return int(path.readlink().name) if path.is_symlink() else 0


def salt_of(machine: Machine) -> str:
    """The host's own salt, made when first asked for."""
    path = machine.path(SALT)
    if not path.exists():
        write(path, os.urandom(32).hex().encode(), 0o600)
    return path.read_text()


def clean_stamps(machine: Machine, wanted: Generation) -> None:
    """Remove the stamps of what is not wanted any more: if it comes back, it runs again."""
    stamps = {machine.path(unit.stamp) for unit in wanted.units if unit.stamp}
    for path in machine.path(STAMPS).glob("*"):
        if path not in stamps:
            path.unlink()


def switch(machine: Machine, number: int) -> None:
    """Make a generation that came up the current one."""
    current = linked(machine, CURRENT)
    if current not in (0, number):
        place_link(machine.path(PREVIOUS), f"generations/{current}")
    place_link(machine.path(CURRENT), f"generations/{number}")


def write_summary(machine: Machine, wanted: Generation, salt: str) -> None:
    """Write what the next push looks at before any Python: digest, units to be up, stamps to exist."""
    value = digest(salt, hashlib.sha256(wanted.manifest).hexdigest(), wanted.secrets)
    services = [unit.name for unit in wanted.services if not unit.runs_once]
    stamps = [unit.stamp for unit in wanted.services if unit.stamp]
    lines = (f"{salt} {value} {wanted.number}", " ".join(services), " ".join(stamps), "")
    write(machine.path(SUMMARY), "\n".join(lines).encode(), 0o600)


def collect_garbage(machine: Machine) -> None:
    """Forget old generations."""
    spared = {linked(machine, CURRENT), linked(machine, PREVIOUS)}
    for number in generations(machine)[:-KEPT]:
        if number not in spared:
            remove_tree(machine.path(f"{GENERATIONS}/{number}"))
