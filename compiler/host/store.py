"""The generations kept on the host, and which of them is current."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence

from .layout import CURRENT, GENERATIONS, PREVIOUS, SALT, STAGING, STAMPS, SUMMARY
from .machine import Machine, place_link, remove_tree, write
from .manifest import File, Link, Manifest, UnfitError, Unit, UnsupportedError, digest, with_secrets
from .wire import RefusedError

KEPT = 10  # generations


@dataclasses.dataclass(frozen=True)
class Generation:
    """A bundle as it was pushed to this host, with the values of its secrets."""

    raw: bytes  # manifest.json as it was pushed
    manifest: Manifest
    secrets: Mapping[str, str]
    folder: str = STAGING

    @classmethod
    def of(cls, raw: bytes, secrets: Mapping[str, str], folder: str = STAGING) -> Generation:
        """A generation from the bytes of a manifest. Raises RefusedError if it is not supported."""
        try:
            return cls(raw=raw, manifest=Manifest.parse(raw), secrets=secrets, folder=folder)
        except UnsupportedError as error:
            kept = "" if folder == STAGING else f"generation {folder.rpartition('/')[2]}: "
            raise RefusedError(f"{kept}{error}", error.hint) from None

    @property
    def files(self) -> Sequence[File]:
        """Its files, in the order of their paths."""
        return self.manifest.files

    @property
    def links(self) -> Sequence[Link]:
        """Its symbolic links."""
        return self.manifest.links

    @property
    def units(self) -> Sequence[Unit]:
        """Its units, in start order."""
        return self.manifest.units

    @property
    def engine(self) -> str:
        """The program that runs its containers."""
        return self.manifest.engine

    @property
    def number(self) -> int:
        """Its number; 0 while it is staged."""
        name = self.folder.rpartition("/")[2]
        return int(name) if name.isdigit() else 0

    @property
    def services(self) -> list[Unit]:
        """Its units without targets, in start order."""
        return [unit for unit in self.units if not unit.is_target]

    def content(self, machine: Machine, file: File) -> bytes:
        """The content of a file with the values of secrets inserted."""
        content = machine.path(f"{self.folder}/root{file.path}").read_bytes()
        try:
            return with_secrets(content, self.secrets) if file.sensitive else content
        except UnfitError as error:
            raise RefusedError(f"`{file.path}`: {error}", "change it in secrets.yaml") from None

    def hashes(self, salt: str) -> dict[str, str]:
        """Unit → a digest that changes exactly when it must restart, with its hash or a secret value."""
        return {
            unit.name: digest(salt, unit.hash, {name: self.secrets[name] for name in unit.secrets})
            for unit in self.services
        }


def generations(machine: Machine) -> list[int]:
    """The numbers of the generations kept on this host, ascending."""
    folder = machine.path(GENERATIONS)
    return sorted(int(path.name) for path in folder.glob("[0-9]*")) if folder.is_dir() else []


def generation(machine: Machine, number: int) -> Generation:
    """A generation kept on this host."""
    folder = f"{GENERATIONS}/{number}"
    secrets = json.loads(machine.path(f"{folder}/secrets.json").read_bytes())
    return Generation.of(machine.path(f"{folder}/manifest.json").read_bytes(), secrets, folder)


def kept_generations(machine: Machine) -> Iterator[Generation]:
    """The generations kept on this host, newest first."""
    return (generation(machine, number) for number in reversed(generations(machine)))


def keep(machine: Machine, staged: Generation) -> Generation:
    """Give a staged generation the next number; one that has a number stays as it is."""
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
    """The salt of this host, created on first use."""
    path = machine.path(SALT)
    if not path.exists():
        write(path, os.urandom(32).hex().encode(), 0o600)
    return path.read_text()


def clean_stamps(machine: Machine, wanted: Generation) -> None:
    """Remove stamps of run-once units that are no longer wanted: if they return, they run again."""
    stamps = {machine.path(unit.stamp) for unit in wanted.units if unit.stamp}
    for path in machine.path(STAMPS).glob("*"):
        if path not in stamps:
            path.unlink()


def switch(machine: Machine, number: int) -> None:
    """Make a generation the current one."""
    current = linked(machine, CURRENT)
    if current not in (0, number):
        place_link(machine.path(PREVIOUS), f"generations/{current}")
    place_link(machine.path(CURRENT), f"generations/{number}")


def write_summary(machine: Machine, wanted: Generation, salt: str) -> None:
    """Write what the greeting of the next push reads: digest, units to be up, stamps to exist."""
    value = digest(salt, hashlib.sha256(wanted.raw).hexdigest(), wanted.secrets)
    services = [unit.name for unit in wanted.services if not unit.runs_once]
    stamps = [unit.stamp for unit in wanted.services if unit.stamp]
    lines = (f"{salt} {value} {wanted.number}", " ".join(services), " ".join(stamps), "")
    write(machine.path(SUMMARY), "\n".join(lines).encode(), 0o600)


def collect_garbage(machine: Machine) -> None:
    """Delete all but the newest generations; current and previous are never deleted."""
    spared = {linked(machine, CURRENT), linked(machine, PREVIOUS)}
    for number in generations(machine)[:-KEPT]:
        if number not in spared:
            remove_tree(machine.path(f"{GENERATIONS}/{number}"))
