"""What a host must provide, as files for systemd's own tools, which create it now and at each boot.

No text in it contains a control character: lower/host_prep.py refuses those, with their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.host.layout import MODULES, SYSCTL, SYSUSERS, TMPFILES
from compiler.model.artifact import File
from compiler.model.host_prep import Group, HostPrep, NetworkFile, Tmpfile, User
from compiler.stages.emit.unit import Section, UnitFile


def host_prep(prep: HostPrep) -> tuple[File, ...]:
    """One file for each kind of thing that there is."""
    written = {
        TMPFILES: map(_tmpfile, prep.tmpfiles),
        SYSCTL: (f"{key} = {value}" for key, value in prep.sysctls),
        MODULES: prep.kernel_modules,
        SYSUSERS: _sysusers(prep),
    }
    files = ((path, _text(lines)) for path, lines in written.items())
    taken = {TMPFILES: tuple(entry.path for entry in prep.tmpfiles if entry.takes_over)}
    return (
        *(File(path=path, content=text, takes_over=taken.get(path, ())) for path, text in files if text),
        *(File(path=file.path, content=_network(file)) for file in prep.network_files),
    )


def _network(file: NetworkFile) -> bytes:
    sections = (Section(name, entries) for name, entries in file.sections)
    return UnitFile(tuple(sections)).text()


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _tmpfile(entry: Tmpfile) -> str:
    """A line of tmpfiles.d(5): type, path, mode, user, group, age, argument."""
    fields = [
        entry.type,
        _quoted(entry.path),
        *((field or "-") for field in (entry.mode, entry.user, entry.group)),
    ]
    fields += [entry.age or "-", *([_escaped(entry.argument)] if entry.argument else [])]
    return " ".join(fields)


def _sysusers(prep: HostPrep) -> Iterator[str]:
    """Lines of sysusers.d(5), groups before the users in them."""
    yield from (_group(group) for group in prep.groups)
    for user in prep.users:
        yield _user(user)
        yield from (f"m {user.name} {group}" for group in user.groups)


def _group(group: Group) -> str:
    return f"g {group.name} {'-' if group.gid is None else group.gid}"


def _user(user: User) -> str:
    number = "-" if user.uid is None else str(user.uid)
    number += f":{user.group}" if user.group else ""
    return f"u {user.name} {number} - {_quoted(user.home or '-')} {user.shell or '-'}"


def _quoted(path: str) -> str:
    escaped = _escaped(path)
    return '"' + escaped.replace('"', '\\"') + '"' if set(escaped) & set(" '\"\\") else escaped


def _escaped(text: str) -> str:
    """Text in which systemd expands no specifier and no backslash (an argument's too, tmpfiles.d(5))."""
    return text.replace("%", "%%").replace("\\", "\\\\")
