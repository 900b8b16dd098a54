"""`config_data` and `kolla_config` to configuration files, with the operator's overrides over them."""

from __future__ import annotations

import posixpath

from compiler.diagnostics import CompileError
from compiler.model.config import ConfigFile, Format
from compiler.model.service import Part
from compiler.node import Mapping, Node, Plain, Scalar, Sequence, expect_mapping, expect_string, plain
from compiler.node.overlay import overlay
from compiler.source import Source, Span

CONFIG_DATA = "/var/lib/config-data"


def config_file(part: Part, override: Node | None) -> ConfigFile:
    """The file of a part ("config_data", volume, path), with its ConfigOverrides applied."""
    _, volume, path = part.path
    entries = expect_mapping(part.node, f"config file `{path}`").entries
    kind = next(Format(key) for key in entries if key in list(Format))
    value, variables = entries[kind], entries.get("variables")
    source = _source(value)
    if override is not None:
        if isinstance(override, Scalar):
            kind, value = Format.TEXT, override
        elif kind is Format.TEMPLATE:
            variables = override if variables is None else overlay(variables, override)
        elif kind is Format.TEXT:
            raise CompileError(f"`{path}` is text: override it with text", override.span)
        else:
            value = overlay(value, override)
            _check_sections(kind, value)
    return ConfigFile(
        path=_joined(f"{CONFIG_DATA}/{_climbless(volume, part.place)}", path, part.place),
        format=kind,
        value=plain(value),
        variables=_as_variables(variables),
        source=source,
        mode=_mode(entries.get("mode")),
        hidden=part.hidden,
        shared=part.shared,
        place=part.place,
    )


def _check_sections(kind: Format, value: Node) -> None:
    """The schema's rule for `ini`, checked again after an override is merged."""
    if kind is not Format.INI:
        return
    for name, section in expect_mapping(value, "an INI file").entries.items():
        for key, entry in section.entries.items() if isinstance(section, Mapping) else ():
            items = entry.items if isinstance(entry, Sequence) else [entry]
            if not all(isinstance(item, Scalar) for item in items):
                raise CompileError(
                    f"`{key}` of section `{name}` must be text, a number, a boolean or a list of them",
                    entry.span,
                )


def kolla_file(part: Part) -> ConfigFile:
    """The config.json of a part ("kolla_config", path)."""
    path = part.path[-1]
    return ConfigFile(
        path=_joined("/", path, part.place),
        format=Format.JSON,
        value=plain(part.node),
        source=part.place.source,
        hidden=part.hidden,
        shared=part.shared,
        place=part.place,
    )


def _as_variables(node: Node | None) -> dict[str, Plain]:
    value = {} if node is None else plain(node)
    assert isinstance(value, dict)
    return value


def _source(value: Node) -> Source:
    """The file that a text came from, or a name for a text that a function made."""
    span = value.span
    text = value.value if isinstance(value, Scalar) and isinstance(value.value, str) else ""
    return span.source if span.source.text == text else Source(f"<text at {span.place}>", text)


def _joined(folder: str, path: str, place: Span) -> str:
    return posixpath.join(folder, _climbless(path, place).lstrip("/"))


def _climbless(path: str, place: Span) -> str:
    if any(ord(character) < 32 for character in path):
        raise CompileError(f"{path!r} contains a control character", place, "remove it from the path")
    if ".." in path.split("/") or posixpath.normpath(path) != path.rstrip("/") or not path.strip("/"):
        raise CompileError(
            f"`{path}` is not a valid path inside its folder",
            place,
            "remove `..`, `.`, `//` and a trailing `/`",
        )
    return path


def _mode(node: Node | None) -> int:
    return 0o644 if node is None else int(expect_string(node, "`mode`"), 8)
