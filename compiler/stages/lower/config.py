"""`config_data` and `kolla_config` to configuration files, with what others set in them over them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, replace

from compiler import jinja
from compiler.diagnostics import CompileError, Problem, closest
from compiler.model.config import PROVIDED, ConfigFile, Format
from compiler.model.service import Part
from compiler.node import Mapping, Node, Plain, Scalar, Sequence, expect_mapping, expect_string, plain
from compiler.node.hidden import holds_hidden, public
from compiler.node.overlay import overlay
from compiler.source import Source, Span
from compiler.stages.lower import exposure, sources
from compiler.stages.lower.contributions import merged
from compiler.stages.lower.paths import check_artifact

CONFIG_DATA = "/var/lib/config-data"
TAKE_OVER = "take_over"  # a key for heatsink, not for kolla_start


def config_file(part: Part, contributed: tuple[Part, ...], override: Node | None) -> ConfigFile:
    """The file of a part ("config_data", volume, path), with the contributions of other services over it.

    The operator's ConfigOverrides are over both.
    """
    _, volume, path = part.path
    entries = expect_mapping(part.node, f"config file `{path}`").entries
    content = _content(entries)
    layers = (merged(contributed) if contributed else None, override)
    for layer in filter(None, layers):
        content = _overridden(content, path, layer)
    written = (content.value, *(each.node for each in contributed), override)
    if content.format is Format.INI:
        exposure.refuse_lines(path, content.value, part.place)
    return ConfigFile(
        path=_joined(f"{CONFIG_DATA}/{_climbless(volume, part.place)}", path, part.place),
        format=content.format,
        value=plain(content.value),
        variables=_as_mapping(content.variables),
        separator=content.separator,
        settings=_as_mapping(content.settings),
        source=_source(content.value),
        sources=sources.of_file((part, *contributed), *written),
        places=sources.places((part, *contributed), *written),
        mode=_mode(entries.get("mode")),
        hidden=content.is_hidden,
        public=content.public if content.is_hidden else None,
        secrets=part.secrets.union(*(each.secrets for each in contributed)),
        shared=part.shared,
        takes_over=TAKE_OVER in entries and plain(entries[TAKE_OVER]) is True,
        place=part.place,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a file is made of: data, or text with what is put into it."""

    format: Format
    value: Node
    variables: Node | None = None
    separator: str | None = None
    settings: Node | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether a hidden value is in it."""
        return any(map(holds_hidden, filter(None, (self.value, self.variables, self.settings))))

    @property
    def public(self) -> str:
        """Its parts, without hidden values."""
        nodes = (
            None if node is None else public(node) for node in (self.value, self.variables, self.settings)
        )
        return repr((str(self.format), self.separator, *nodes))


def _content(entries: AbstractMapping[str, Node]) -> _Content:
    kind = next(Format(key) for key in entries if key in list(Format))
    separator = entries.get("separator")
    if separator is not None and kind not in (Format.TEXT, Format.TEMPLATE):
        raise CompileError(f"`separator` belongs to `text` or `template`, not to `{kind}`", separator.span)
    return _Content(
        format=kind,
        value=entries[kind],
        variables=entries.get("variables"),
        separator=None if separator is None else expect_string(separator, "`separator`"),
    )


def _overridden(content: _Content, path: str, override: Node) -> _Content:
    """A text replaces the whole file; keys go into its data, its lines, or its template's variables."""
    if isinstance(override, Scalar):
        return _Content(format=Format.TEXT, value=override)
    if content.separator is not None:
        _refuse(_wrong_settings(path, expect_mapping(override, f"the override of `{path}`")))
        return replace(content, settings=_over(content.settings, override))
    if content.format is Format.TEMPLATE:
        keys = expect_mapping(override, f"the override of `{path}`")
        _refuse(_unknown_variables(content.value, path, keys))
        return replace(content, variables=_over(content.variables, override))
    if content.format is Format.TEXT:
        raise CompileError(f"`{path}` is text: override it with text", override.span)
    value = overlay(content.value, override)
    _check_sections(content.format, value)
    return replace(content, value=value)


def _over(below: Node | None, above: Node) -> Node:
    return above if below is None else overlay(below, above)


def _refuse(problems: Iterable[Problem]) -> None:
    if collected := tuple(problems):
        raise CompileError.of(collected)


def _wrong_settings(path: str, overrides: Mapping) -> Iterator[Problem]:
    """Values that do not fit on one line with their key."""
    for key, node in overrides.entries.items():
        for item in node.items if isinstance(node, Sequence) else [node]:
            if not isinstance(item, Scalar):
                yield Problem(
                    f"`{key}` of `{path}` must be text, a number, a boolean or a list of them", item.span
                )
            elif re.search(r"[\x00-\x08\n-\x1f]", f"{key}{item.value}"):
                yield Problem(f"`{key}` of `{path}` contains a line break", item.span)


def _unknown_variables(template: Node, path: str, overrides: Mapping) -> Iterator[Problem]:
    """Keys that the template does not use: they would be lost."""
    names = jinja.variables(_source(template)) - PROVIDED
    for name in overrides.entries:
        if name not in names:
            yield Problem(
                f"the template of `{path}` has no variable `{name}`",
                overrides.key_span(name),
                closest(name, names) or "to set anything else, override the whole file with text",
            )


def _check_sections(kind: Format, value: Node) -> None:
    """Check the schema's rule for `ini` again, after an override is merged."""
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
    value = plain(part.node)
    assert isinstance(value, dict)
    take_over = bool(value.pop(TAKE_OVER, False))
    return ConfigFile(
        path=_joined("/", part.path[-1], part.place, take_over=take_over),
        format=Format.JSON,
        value=value,
        source=part.place.source,
        sources=sources.of_file((part,)),
        places=sources.places((part,)),
        hidden=holds_hidden(part.node),
        public=repr(public(part.node)) if holds_hidden(part.node) else None,
        secrets=part.secrets,
        shared=part.shared,
        takes_over=take_over,
        place=part.place,
    )


def _as_mapping(node: Node | None) -> dict[str, Plain]:
    value = {} if node is None else plain(node)
    assert isinstance(value, dict)
    return value


def _source(value: Node) -> Source:
    """The file that a text came from, or a name for a text that a function made."""
    span = value.span
    text = value.value if isinstance(value, Scalar) and isinstance(value.value, str) else ""
    if span.source.text == text:
        return span.source
    return Source(f"<text at {span.place}>", text, hidden=value.is_hidden)


def _joined(folder: str, path: str, place: Span, *, take_over: bool = False) -> str:
    joined = posixpath.join(folder, _climbless(path, place).removeprefix("/"))
    check_artifact(joined, place, take_over=take_over)
    return joined


def _climbless(path: str, place: Span) -> str:
    if any(ord(character) < 32 for character in path):
        raise CompileError(f"{path!r} contains a control character", place, "remove it from the path")
    if {".", ".."} & {*path.split("/")} or "//" in path or path.endswith("/") or not path:
        raise CompileError(
            f"`{path}` is not a valid path inside its folder",
            place,
            "remove `..`, `.`, `//` and a trailing `/`",
        )
    return path


def _mode(node: Node | None) -> int:
    return 0o644 if node is None else int(expect_string(node, "`mode`"), 8)
