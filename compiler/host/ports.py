"""The ports that a bundle's services listen on, and who holds them already."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .engine import inspected
from .machine import Machine
from .manifest import Listener
from .store import Generation

_TABLES = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))  # of /proc/net: file, protocol
_LISTENING = {"tcp": "0A", "udp": "07"}  # states, as the kernel numbers them
_UNIT = r"[^/]+\.(?:service|scope)$"
_CONTAINER = "[0-9a-f]{64}"
_WILDCARDS = ("", "*", "0.0.0.0", "::")  # noqa: S104 - compared, not bound


class ListeningSocket(NamedTuple):
    """A socket that listens; `address` is "" for every address."""

    protocol: str
    address: str
    port: int
    inode: str

    def is_in_the_way_of(self, listener: Listener) -> bool:
        """Whether nobody else can listen there meanwhile."""
        wanted = "" if listener.address in _WILDCARDS else listener.address
        same_place = not self.address or not wanted or self.address == wanted
        return (self.port, self.protocol) == (listener.port, listener.protocol) and same_place


def held_ports(machine: Machine, wanted: Generation, running: Collection[str]) -> Iterator[str]:
    """The ports of a bundle that somebody else holds, and who does. `running` are units that run now."""
    ours = {name for unit in wanted.units if unit.name in running for name in (unit.container, unit.service)}
    listeners = [each for each in wanted.manifest.listeners if each.owner not in ours]
    sockets = _sockets(machine) if listeners else []
    for listener in listeners:
        for held in filter(lambda each: each.is_in_the_way_of(listener), sockets):
            holder = _holder(machine, held.inode)
            if not _is_ours(machine, wanted.engine, holder):
                port = f"{listener.port}/{listener.protocol}"
                yield f"port {port}, on which `{listener.owner}` is to listen: {_words(holder)} holds it"
                break


def _sockets(machine: Machine) -> list[ListeningSocket]:
    return [each for table, protocol in _TABLES for each in _listening(machine, table, protocol)]


def _listening(machine: Machine, table: str, protocol: str) -> Iterator[ListeningSocket]:
    """The sockets of a table of the kernel, proc_pid_net(5), that listen."""
    with contextlib.suppress(OSError):
        for line in machine.path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == _LISTENING[protocol]:
                address, port = local.split(":")
                yield ListeningSocket(protocol, _address(address), int(port, 16), inode=rest[5])


def _address(words: str) -> str:
    """An address as the kernel writes it, in 32-bit words of this machine's order; "" for every address."""
    import socket  # here: most requests have no need of it

    packed = b"".join(_word(words[start : start + 8]) for start in range(0, len(words), 8))
    if not any(packed):
        return ""
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed).removeprefix("::ffff:")


def _word(digits: str) -> bytes:
    return int(digits, 16).to_bytes(4, sys.byteorder)


def _holder(machine: Machine, inode: str) -> Path | None:
    """The process that has a socket open; None if the kernel itself has."""
    for folder in machine.path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(_points_at(path, f"socket:[{inode}]") for path in (folder / "fd").iterdir()):
                return folder
    return None


def _points_at(path: Path, target: str) -> bool:
    with contextlib.suppress(OSError):
        return str(path.readlink()) == target
    return False


def _is_ours(machine: Machine, engine: str, holder: Path | None) -> bool:
    """Whether a process belongs to a unit of heatsink's, or to a container that such a unit runs."""
    parts = _cgroup(holder)
    if any(part.startswith("heatsink-") for part in parts):
        return True
    containers = [match[0] for part in parts if (match := re.search(_CONTAINER, part))]
    labels = [
        value
        for container in inspected(machine, engine, containers)
        for value in (container["Config"].get("Labels") or {}).values()
    ]
    return any(str(label).startswith("heatsink-") for label in labels)


def _words(holder: Path | None) -> str:
    if holder is None:
        return "the kernel"
    with contextlib.suppress(OSError):
        name = (holder / "comm").read_text().strip()
        units = [part for part in _cgroup(holder) if re.search(_UNIT, part)]
        return f"`{name}` (process {holder.name}{f', {units[-1]}' if units else ''})"
    return f"process {holder.name}"


def _cgroup(holder: Path | None) -> Sequence[str]:
    """The cgroup of a process, as the names of its folders."""
    with contextlib.suppress(OSError):
        return (holder / "cgroup").read_text().strip().split("/") if holder else ()
    return ()
