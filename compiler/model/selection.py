"""Choosing hosts by patterns of names and by roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from compiler.diagnostics import HeatsinkError, Problem, closest

_RANGES = re.compile(r"\[(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)\]")


class Named(Protocol):
    """A host as any stage knows it."""

    @property
    def name(self) -> str:
        """Its name in the fleet."""
        ...

    @property
    def role(self) -> str:
        """Its role's name."""
        ...


Host = TypeVar("Host", bound=Named)


def selected(hosts: Sequence[Host], patterns: Iterable[str], roles: Iterable[str]) -> tuple[Host, ...]:
    """The hosts that match a pattern and have a role; no patterns are all names, no roles all roles.

    A pattern is a glob (`compute-*`), or has ranges of numbers (`node[1-3,7]`, `node[01-20]`). One that
    matches no host is an error: a push that does nothing would look like a success.
    """
    names, known_roles = {host.name for host in hosts}, {host.role for host in hosts}
    chosen_roles = set(roles) or known_roles
    matches = {pattern: matching(pattern, names) for pattern in patterns}
    mistakes = [
        Problem(
            f"no host has the role `{role}`",
            hint=closest(role, known_roles) or f"roles in use: {', '.join(sorted(known_roles))}",
        )
        for role in sorted(chosen_roles - known_roles)
    ]
    mistakes += [
        Problem(
            f"no host matches `{pattern}`",
            hint=closest(pattern, names) or "see the names in the hosts file",
        )
        for pattern, matched in matches.items()
        if not matched
    ]
    if mistakes:
        raise HeatsinkError.of(mistakes)
    chosen_names = frozenset().union(*matches.values()) if matches else names
    return tuple(host for host in hosts if host.name in chosen_names and host.role in chosen_roles)


def matching(pattern: str, names: Iterable[str]) -> frozenset[str]:
    """The names that match a pattern."""
    globs = frozenset(_expanded(pattern))
    wild = [glob for glob in globs if "*" in glob or "?" in glob]
    return frozenset(name for name in names if name in globs or any(fnmatchcase(name, glob) for glob in wild))


def _expanded(pattern: str) -> Iterator[str]:
    """The pattern once for each number of each of its ranges."""
    range_ = _RANGES.search(pattern)
    if not range_:
        yield pattern
        return
    for number in _numbers(range_[1]):
        yield from _expanded(f"{pattern[: range_.start()]}{number}{pattern[range_.end() :]}")


def _numbers(ranges: str) -> Iterator[str]:
    for first, _, last in (part.partition("-") for part in ranges.split(",")):
        width = len(first) if first.startswith("0") else 0
        yield from (str(number).zfill(width) for number in range(int(first), int(last or first) + 1))
