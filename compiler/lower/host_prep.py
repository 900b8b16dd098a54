"""`host_prep` of services to what the host itself must bring, and those of all services to one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from compiler.diagnostics import CompileError
from compiler.model.host_prep import Group, HostPrep, Tmpfile, User
from compiler.model.service import Part
from compiler.node import plain

T = TypeVar("T")


def host_prep(part: Part) -> HostPrep:
    """What one service's `host_prep` says; its schema has seen it."""
    given: Any = plain(part.node)
    for entry in given.get("tmpfiles", []):
        if ".." in entry["path"].split("/"):
            raise CompileError(f"`{entry['path']}` climbs out of its folder", part.place, "leave out `..`")
    return HostPrep(
        tmpfiles=tuple(Tmpfile(**_strings(entry)) for entry in given.get("tmpfiles", [])),
        sysctls=tuple((key, _sysctl(value)) for key, value in given.get("sysctl", {}).items()),
        kernel_modules=tuple(given.get("kernel_modules", [])),
        users=tuple(_user(entry) for entry in given.get("users", [])),
        groups=tuple(Group(**entry) for entry in given.get("groups", [])),
    )


def merged(preps: Iterable[HostPrep]) -> HostPrep:
    """All of them as one, sorted; two that say different things of one path, key or name are an error."""
    preps = tuple(preps)
    return HostPrep(
        tmpfiles=_agreed("path", (each for prep in preps for each in prep.tmpfiles), lambda each: each.path),
        sysctls=_agreed("sysctl", (each for prep in preps for each in prep.sysctls), lambda each: each[0]),
        kernel_modules=tuple(sorted({each for prep in preps for each in prep.kernel_modules})),
        users=_agreed("user", (each for prep in preps for each in prep.users), lambda each: each.name),
        groups=_agreed("group", (each for prep in preps for each in prep.groups), lambda each: each.name),
    )


def _agreed(what: str, items: Iterable[T], key: Callable[[T], Any]) -> tuple[T, ...]:
    found: dict[Hashable, T] = {}
    for item in items:
        if found.setdefault(key(item), item) != item:
            raise CompileError(
                f"two services disagree about the {what} `{key(item)}`",
                hint="let both say the same in `host_prep`",
            )
    return tuple(found[name] for name in sorted(found, key=str))


def _strings(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: str(value) for key, value in entry.items()}


def _user(entry: dict[str, Any]) -> User:
    group = entry.get("group")
    groups = tuple(entry.get("groups", ()))
    return User(**(entry | {"group": None if group is None else str(group), "groups": groups}))


def _sysctl(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
