"""`networkd` of `host_prep` to files of systemd-networkd.

    networkd:
      10-provider.netdev: {NetDev: {Name: provider0, Kind: bridge}}
      10-provider.network: {Match: {Name: provider0}, Network: {Address: 192.0.2.1/24}}
      10-lan.network.d/provider.conf: {Network: {MACVLAN: provider1}}

They are installed in /etc/systemd/network under names of heatsink: `10-heatsink-provider.netdev`.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import CompileError
from compiler.host.layout import NETWORKS
from compiler.model.host_prep import NetworkFile, Section
from compiler.node import Mapping, Node, Scalar, Sequence, children, is_null, plain
from compiler.stages.lower.keys import Keys

_LONGEST_LINK = 15  # characters of a link's name, as the kernel has it


def network_files(written: Keys | None) -> tuple[NetworkFile, ...]:
    """The files, whose names the schema has checked."""
    if written is None:
        return ()
    files = written.node.entries
    for name, sections in files.items():
        if name.endswith(".netdev"):
            _check_link(name, sections, written.node)
    return tuple(NetworkFile(path=_path(name), sections=tuple(_sections(files[name]))) for name in files)


def _path(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    if slash:
        return f"{NETWORKS}/{folder}/heatsink-{file}"
    number, _, rest = name.partition("-")
    return f"{NETWORKS}/{number}-heatsink-{rest}"


def _check_link(file: str, sections: Node, written: Mapping) -> None:
    """Raise CompileError for a .netdev without a name and a kind that can be a link's."""
    section = sections.entries.get("NetDev") if isinstance(sections, Mapping) else None
    entries = section.entries if isinstance(section, Mapping) else {}
    for key in ("Name", "Kind"):
        if key not in entries:
            hint = f"write `NetDev: {{{key}: …}}`"
            raise CompileError(f"`{file}` has no `{key}` in `NetDev`", written.key_span(file), hint)
    name = str(plain(entries["Name"]))
    if not 0 < len(name) <= _LONGEST_LINK or set(name) & set(" /:%"):
        raise CompileError(
            f"`{name}` is not a valid name of a link",
            entries["Name"].span,
            f"use at most {_LONGEST_LINK} characters, without `/`, `:`, `%` and blanks",
        )


def _sections(file: Node) -> Iterator[Section]:
    """The sections; a list repeats one."""
    for name, written in file.entries.items() if isinstance(file, Mapping) else ():
        for section in children(written) if isinstance(written, Sequence) else (written,):
            assert isinstance(section, Mapping)
            yield (name, tuple(_entries(section)))


def _entries(section: Mapping) -> Iterator[tuple[str, str]]:
    """The entries of a section; a list repeats one, and null leaves it out."""
    for key, written in section.entries.items():
        for value in children(written) if isinstance(written, Sequence) else (written,):
            if not is_null(value):
                yield (key, _text(value))


def _text(value: Node) -> str:
    assert isinstance(value, Scalar)
    if isinstance(value.value, bool):
        return "yes" if value.value else "no"
    text = str(value.value)
    if text.endswith("\\"):
        raise CompileError("a value that ends in a backslash would be joined with the next line", value.span)
    return text
