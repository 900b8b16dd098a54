"""What a host itself must provide before any container starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tmpfile:
    """One line of tmpfiles.d(5)."""

    path: str
    type: str = "d"
    mode: str | None = None
    user: str | None = None
    group: str | None = None
    age: str | None = None
    argument: str | None = None
    takes_over: bool = False  # it replaces a file of others, whose original is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One system user, as sysusers.d(5) makes it."""

    name: str
    uid: int | None = None
    group: str | None = None  # the primary group, a name or a number; None: one of its own
    home: str | None = None
    shell: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One system group."""

    name: str
    gid: int | None = None


Section = tuple[str, tuple[tuple[str, str], ...]]  # its name, and its entries


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFile:
    """One file of systemd-networkd: a link, its network, or what is added to the network of another file."""

    path: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPrep:
    """Everything of a host, or of one service: the sum of many is made in lower/host_prep.py."""

    tmpfiles: tuple[Tmpfile, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    kernel_modules: tuple[str, ...] = ()
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    network_files: tuple[NetworkFile, ...] = ()
