"""The generations kept on the host, and which of them is current."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .disk import beside, flush, is_folder, place_link, remove_tree, sync, write
from .layout import CURRENT, GENERATIONS, HOME, PREVIOUS, RECORDS, SALT, STAGING, STAMPS, SUMMARY, TRASH
from .machine import Machine
from .manifest import (
    FORMAT,
    File,
    Link,
    Manifest,
    UnfitError,
    Unit,
    UnsupportedError,
    digest,
    with_secrets,
)
from .sealed import DamagedError, unsealed
from .wire import RefusedError


class About(NamedTuple):
    """Where a generation comes from: its name is the same on all hosts of a push."""

    manifest: str = ""  # sha256
    name: str = ""
    by: str = ""
    source: str = ""  # the commit of the folder that was compiled


UNRECORDED = About()  # of generations of older versions


class Generation(NamedTuple):
    """A bundle as it was pushed to this host, with the values of its secrets."""

    raw: bytes  # manifest.json as it was pushed
    manifest: Manifest
    secrets: Mapping[str, str]
    about: About = UNRECORDED
    folder: str = STAGING

    @classmethod
    def of(
        cls, raw: bytes, secrets: Mapping[str, str], about: About = UNRECORDED, folder: str = STAGING
    ) -> Generation:
        """A generation from the bytes of a manifest. Raises RefusedError if it is not supported."""
        try:
            return cls(raw=raw, manifest=Manifest.parse(raw), secrets=secrets, about=about, folder=folder)
        except UnsupportedError as error:
            kept = "" if folder == STAGING else f"generation {folder.rpartition('/')[2]}: "
            raise RefusedError(f"{kept}{error}", error.hint) from None

    @classmethod
    def nothing(cls, engine: str) -> Generation:
        """What a host has before the first push: to return to it is to remove everything."""
        manifest = Manifest(FORMAT, host="", role="", backend="", engine=engine, files=(), links=(), units=())
        return cls(raw=b"", manifest=manifest, secrets={}, folder="")

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
        """Its units that a push starts, one by one, and that are to be up, in start order."""
        return [unit for unit in self.units if not (unit.is_target or unit.is_scheduled)]

    def content(self, machine: Machine, file: File) -> bytes:
        """The content of a file with the values of secrets inserted.

        Raises RefusedError if it is not what was pushed any more.
        """
        content = self.pushed(machine, file)
        if content is None:
            raise _damaged(self.folder, f"`{file.path}` is not what was pushed")
        try:
            return with_secrets(content, self.secrets) if file.sensitive else content
        except UnfitError as error:
            raise RefusedError(f"`{file.path}`: {error}", "change it in secrets.yaml") from None

    def is_whole(self, machine: Machine) -> bool:
        """Whether all its files are still what was pushed."""
        return all(self.pushed(machine, file) is not None for file in self.files)

    def pushed(self, machine: Machine, file: File) -> bytes | None:
        """The content of a file as it was pushed; None if it is missing or another."""
        try:
            content = machine.content(f"{self.folder}/root{file.path}")
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == file.sha256 else None

    def hashes(self, salt: str) -> dict[str, str]:
        """Unit → a digest that changes exactly when it must restart, with its hash or a secret value."""
        return {
            unit.name: digest(salt, unit.hash, {name: self.secrets[name] for name in unit.secrets})
            for unit in self.services
        }


def generations(machine: Machine) -> list[int]:
    """The numbers of the generations kept on this host, ascending."""
    folder = machine.path(GENERATIONS)
    return (
        sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit()) if folder.is_dir() else []
    )


def generation(machine: Machine, number: int) -> Generation:
    """A generation kept on this host. Raises RefusedError if it is damaged; its files are not looked at."""
    folder = f"{GENERATIONS}/{number}"
    try:
        raw = machine.path(f"{folder}/manifest.json").read_bytes()
        secrets = _secrets(machine, folder)
        about = _about(machine, folder)
        if about.manifest not in ("", hashlib.sha256(raw).hexdigest()):
            raise _damaged(folder, "its manifest is not what was pushed")
        return Generation.of(raw, secrets, about, folder)
    except DamagedError:
        raise _damaged(folder, "one of its records is not what was written") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, str(error)) from None


def _secrets(machine: Machine, folder: str) -> dict[str, str]:
    secrets = unsealed(machine.path(f"{folder}/secrets.json").read_bytes())
    if not (isinstance(secrets, dict) and all(isinstance(value, str) for value in secrets.values())):
        raise DamagedError
    return secrets


def _about(machine: Machine, folder: str) -> About:
    with contextlib.suppress(FileNotFoundError):
        return About(**unsealed(machine.path(f"{folder}/about.json").read_bytes()))
    return UNRECORDED


def _damaged(folder: str, why: str) -> RefusedError:
    number = folder.rpartition("/")[2]
    return RefusedError(f"generation {number} on this host is damaged: {why}", "push the bundle again")


def kept_generations(machine: Machine) -> Iterator[Generation]:
    """The generations kept on this host, newest first, without damaged ones."""
    for number in reversed(generations(machine)):
        with contextlib.suppress(RefusedError):
            yield generation(machine, number)


def keep(machine: Machine, staged: Generation) -> Generation:
    """Give a staged generation the next number, when it is on disk; one that has a number stays as it is,
    and so does nothing. One that is the same as the current one is that one."""
    if staged.number or not staged.folder:
        return staged
    if current := _same_as_current(machine, staged):
        return current
    flush(machine, [machine.path(staged.folder)])
    folder = f"{GENERATIONS}/{max(generations(machine), default=0) + 1}"
    machine.path(staged.folder).rename(machine.path(folder))
    sync(machine.path(GENERATIONS))
    return staged._replace(folder=folder)


def _same_as_current(machine: Machine, staged: Generation) -> Generation | None:
    """The current generation, if it is whole and the same as a staged one; else None."""
    with contextlib.suppress(RefusedError):
        current = generation(machine, linked(machine, CURRENT))
        if (current.raw, current.secrets) == (staged.raw, staged.secrets) and current.is_whole(machine):
            return current
    return None


def linked(machine: Machine, link: str) -> int:
    """The number of the generation that CURRENT or PREVIOUS points at; 0 if there is no such link."""
    path = machine.path(link)
    name = path.readlink().name if path.is_symlink() else ""
    return int(name) if name.isdigit() else 0


def salt_of(machine: Machine) -> str:
    """The salt of this host, created on first use, and again if it is not what was written."""
    path = machine.path(SALT)
    salt = path.read_text(errors="replace") if path.is_file() else ""
    if not re.fullmatch("[0-9a-f]{64}", salt):
        salt = os.urandom(32).hex()
        write(path, salt.encode(), 0o600)
    return salt


def clean_stamps(machine: Machine, wanted: Generation) -> None:
    """Remove stamps of run-once units that are no longer wanted: if they return, they run again. The others
    are flushed."""
    stamps = {machine.path(unit.stamp) for unit in wanted.units if unit.stamp}
    for path in machine.path(STAMPS).glob("*"):
        if path not in stamps:
            remove_tree(path)
    if stamps and machine.path(STAMPS).is_dir():
        sync(machine.path(STAMPS))


def switch(machine: Machine, number: int) -> None:
    """Make a generation the current one."""
    current = linked(machine, CURRENT)
    if current not in (0, number):
        place_link(machine.path(PREVIOUS), f"generations/{current}")
    place_link(machine.path(CURRENT), f"generations/{number}")


def write_summary(machine: Machine, wanted: Generation, salt: str, owner: str) -> None:
    """Write what the greeting of the next push reads: digest, units to be up, stamps to exist.

    The digest of a generation of another project than the host's owner matches no push.
    """
    value = digest(salt, hashlib.sha256(wanted.raw).hexdigest(), wanted.secrets)
    value = value if wanted.manifest.project == owner else "-"
    services = [unit.name for unit in wanted.services if not unit.runs_once]
    stamps = [unit.stamp for unit in wanted.services if unit.stamp]
    lines = (f"{salt} {value} {wanted.number}", " ".join(services), " ".join(stamps), "")
    write(machine.path(SUMMARY), "\n".join(lines).encode(), 0o600)


def collect_garbage(machine: Machine, keep_newest: int) -> None:
    """Delete all but the newest generations; current and previous are never deleted."""
    spared = {linked(machine, CURRENT), linked(machine, PREVIOUS)}
    for number in generations(machine)[:-keep_newest]:
        if number not in spared:
            machine.path(f"{GENERATIONS}/{number}").rename(machine.path(f"{TRASH}-{number}"))
    sweep(machine)


def sweep(machine: Machine) -> None:
    """Delete what a killed program left, half written and half deleted generations and half written records,
    and folders where heatsink's records belong."""
    for path in machine.path(GENERATIONS).glob(".*"):
        remove_tree(path)
    for place in map(machine.path, RECORDS):
        remove_tree(beside(place))
    for place in (machine.path(path) for path in RECORDS if path.startswith(f"{HOME}/")):
        if is_folder(place):
            remove_tree(place)
