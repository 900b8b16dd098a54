"""`host_prep` of services to what the host itself must provide, and that of all services merged."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple, TypeVar

from compiler.diagnostics import CompileError, Problem, Report
from compiler.host.writable import is_plain
from compiler.model.host_prep import Group, HostPrep, Tmpfile, User
from compiler.model.service import Part
from compiler.node import Mapping, Node, Plain, Scalar, expect_mapping, plain, walk
from compiler.source import Span
from compiler.stages.lower.keys import Keys
from compiler.stages.lower.networkd import network_files
from compiler.stages.lower.paths import check_owner

T = TypeVar("T")


def host_prep(part: Part) -> HostPrep:
    """One service's `host_prep`, which has passed its schema. Raises CompileError with all its mistakes."""
    _check_texts(part.node)
    keys = Keys(expect_mapping(part.node, "`host_prep`"))
    sysctls = keys.mapping("sysctl")
    return HostPrep(
        tmpfiles=_tmpfiles(keys),
        sysctls=_sysctls(sysctls.node) if sysctls else (),
        kernel_modules=keys.strings("kernel_modules"),
        users=tuple(map(_user, keys.mappings("users"))),
        groups=tuple(map(_group, keys.mappings("groups"))),
        network_files=network_files(keys.mapping("networkd")),
    )


def _check_texts(root: Node) -> None:
    for node in walk(root):
        if isinstance(node, Scalar) and isinstance(node.value, str):
            _check_text(node.value, node.span)
        if isinstance(node, Mapping):
            for key in node.entries:
                _check_text(key, node.key_span(key))


def _check_text(text: str, place: Span) -> None:
    if any(ord(character) < 32 for character in text):
        raise CompileError("control characters are not allowed in `host_prep`", place, "write it on one line")
    if text.startswith("/") and ".." in text.split("/"):
        raise CompileError(f"`{text}` must not contain `..`", place, "write the path without `..`")


def _tmpfiles(keys: Keys) -> tuple[Tmpfile, ...]:
    mistakes = Report()
    lines = [
        line for entry in keys.mappings("tmpfiles") for line in mistakes.attempt(partial(_tmpfile, entry))
    ]
    mistakes.check()
    return tuple(lines)


def _tmpfile(keys: Keys) -> Tmpfile:
    path, kind, take_over = keys.required("path"), keys.text("type") or "d", keys.flag("take_over")
    if kind[0] not in _LEAVING:
        place = keys.node.entries["path"].span
        check_owner(path, place, take_over=take_over, is_recursive=kind[0] in _RECURSIVE)
    return Tmpfile(
        path=path,
        type=kind,
        mode=keys.text("mode"),
        user=keys.text("user"),
        group=keys.text("group"),
        age=keys.text("age"),
        argument=keys.text("argument"),
        takes_over=take_over and _replaces(kind) and is_plain(path),
    )


def _replaces(kind: str) -> bool:
    """Whether a line of this type writes or removes a file that is there already."""
    return kind[0] in "wr" or "+" in kind


_LEAVING = frozenset("xX")  # types of lines that change nothing
_RECURSIVE = frozenset("RZTAH")


def _sysctls(node: Mapping) -> tuple[tuple[str, str], ...]:
    return tuple((key, _sysctl(plain(value))) for key, value in node.entries.items())


def _sysctl(value: Plain) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _user(keys: Keys) -> User:
    return User(
        name=keys.required("name"),
        uid=keys.number("uid"),
        group=keys.text("group"),
        home=keys.text("home"),
        shell=keys.text("shell"),
        groups=keys.strings("groups"),
    )


def _group(keys: Keys) -> Group:
    return Group(name=keys.required("name"), gid=keys.number("gid"))


class PlacedPrep(NamedTuple):
    """One service's `host_prep`, and where it is written."""

    prep: HostPrep
    place: Span


def merged(preps: Iterable[PlacedPrep]) -> HostPrep:
    """All of them as one, sorted; two different definitions of one path, key or name are an error."""
    preps = tuple(preps)
    tmpfiles = [(entry.path, entry, place) for prep, place in preps for entry in prep.tmpfiles]
    sysctls = [(entry[0], entry, place) for prep, place in preps for entry in prep.sysctls]
    users = [(entry.name, entry, place) for prep, place in preps for entry in prep.users]
    groups = [(entry.name, entry, place) for prep, place in preps for entry in prep.groups]
    networks = [(entry.path, entry, place) for prep, place in preps for entry in prep.network_files]
    mistakes = Report()
    result = HostPrep(
        tmpfiles=_agreed("path", tmpfiles, mistakes),
        sysctls=_agreed("sysctl", sysctls, mistakes),
        kernel_modules=tuple(sorted({module for prep, _ in preps for module in prep.kernel_modules})),
        users=_agreed("user", users, mistakes),
        groups=_agreed("group", groups, mistakes),
        network_files=_agreed("file", networks, mistakes),
    )
    mistakes.check()
    return result


def _agreed(what: str, definitions: Iterable[tuple[str, T, Span]], mistakes: Report) -> tuple[T, ...]:
    """The first definition of each name, sorted by name; a different one is reported."""
    first: dict[str, tuple[T, Span]] = {}
    for name, item, place in definitions:
        other, where = first.setdefault(name, (item, place))
        if other != item:
            hint = f"make both definitions in `host_prep` the same; the other is at {where.place}"
            mistakes.errors.append(
                Problem(f"two services define the {what} `{name}` differently", place, hint)
            )
    return tuple(first[name][0] for name in sorted(first))
