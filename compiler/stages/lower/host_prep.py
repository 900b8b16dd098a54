"""`host_prep` of services to what the host itself must provide, and that of all services merged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from compiler.diagnostics import CompileError, Problem, Report
from compiler.model.host_prep import Group, HostPrep, Tmpfile, User
from compiler.model.service import Part
from compiler.node import Mapping, Node, Scalar, Sequence, plain, walk
from compiler.source import Span
from compiler.stages.lower.paths import check_owner


def host_prep(part: Part) -> HostPrep:
    """One service's `host_prep`; it has passed its schema."""
    entries: Any = plain(part.node)
    for node in walk(part.node):
        if isinstance(node, Scalar) and isinstance(node.value, str):
            _check_text(node.value, node.span)
        if isinstance(node, Mapping):
            for key in node.entries:
                _check_text(key, node.key_span(key))
    for node in _entries(part.node, "tmpfiles"):
        _check_tmpfile(node)
    return HostPrep(
        tmpfiles=tuple(Tmpfile(**_strings(entry)) for entry in entries.get("tmpfiles", [])),
        sysctls=tuple((key, _sysctl(value)) for key, value in entries.get("sysctl", {}).items()),
        kernel_modules=tuple(entries.get("kernel_modules", [])),
        users=tuple(_user(entry) for entry in entries.get("users", [])),
        groups=tuple(Group(**entry) for entry in entries.get("groups", [])),
    )


def _entries(node: Node, key: str) -> list[Node]:
    listed = node.entries.get(key) if isinstance(node, Mapping) else None
    return listed.items if isinstance(listed, Sequence) else []


def _check_tmpfile(node: Node) -> None:
    entry: Any = plain(node)
    if entry.get("type", "d")[0] not in _LEAVING:
        place = node.entries["path"].span if isinstance(node, Mapping) else node.span
        check_owner(entry["path"], place, take_over=entry.get("take_over", False))


_LEAVING = frozenset("xX")  # types of lines that change nothing


def _check_text(text: str, place: Span) -> None:
    if any(ord(character) < 32 for character in text):
        raise CompileError("control characters are not allowed in `host_prep`", place, "write it on one line")
    if text.startswith("/") and ".." in text.split("/"):
        raise CompileError(f"`{text}` must not contain `..`", place, "write the path without `..`")


class PlacedPrep(NamedTuple):
    """One service's `host_prep`, and where it is written."""

    prep: HostPrep
    place: Span


def merged(preps: Iterable[PlacedPrep]) -> HostPrep:
    """All of them as one, sorted; two different definitions of one path, key or name are an error."""
    preps = tuple(preps)
    mistakes = Report()
    agreed = {
        field: tuple(_agreed(field, what, name, preps, mistakes)) for field, (what, name) in _NAMES.items()
    }
    mistakes.check()
    modules = {each for prep, _ in preps for each in prep.kernel_modules}
    return HostPrep(**agreed, kernel_modules=tuple(sorted(modules)))


_NAMES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "tmpfiles": ("path", lambda each: each.path),
    "sysctls": ("sysctl", lambda each: each[0]),
    "users": ("user", lambda each: each.name),
    "groups": ("group", lambda each: each.name),
}


def _agreed(
    field: str, what: str, name: Callable[[Any], str], preps: Iterable[PlacedPrep], mistakes: Report
) -> Iterator[Any]:
    first: dict[str, tuple[Any, Span]] = {}
    for prep, place in preps:
        for item in getattr(prep, field):
            other, where = first.setdefault(name(item), (item, place))
            if other != item:
                said = f"two services define the {what} `{name(item)}` differently"
                hint = f"make both definitions in `host_prep` the same; the other is at {where.place}"
                mistakes.errors.append(Problem(said, place, hint))
    yield from (first[key][0] for key in sorted(first))


def _strings(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: str(value) for key, value in entry.items() if key != "take_over"}


def _user(entry: dict[str, Any]) -> User:
    group = entry.get("group")
    groups = tuple(entry.get("groups", ()))
    return User(**(entry | {"group": None if group is None else str(group), "groups": groups}))


def _sysctl(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
