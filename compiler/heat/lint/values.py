"""Rules about values that YAML or Heat read differently from how they are written."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Problem
from compiler.heat.lint.documents import Document
from compiler.node import Mapping, Node, Scalar, Sequence, walk

_LISTS = "comma_delimited_list"


def duplicate_keys(document: Document) -> Iterator[Problem]:
    """Duplicate keys in one mapping: the last one wins."""
    for key in document.repeated:
        yield Problem(
            f"duplicate key `{key.name}`: the value in line {key.first.span.line} is ignored",
            key.again.span,
            "keep one of them, or merge their values",
        )


def converted_keys(document: Document) -> Iterator[Problem]:
    """Keys that YAML 1.1 reads as a boolean or null, and Heat then as text again."""
    if not document.is_template and not document.is_environment:
        return
    seen: set[int] = set()
    for node in walk(document.root):
        if isinstance(node, Mapping):
            for name, key in node.keys.items():
                is_word = isinstance(key, Scalar) and (key.value is None or isinstance(key.value, bool))
                if is_word and id(key) not in seen and (text := written(key)) not in (name, ""):
                    seen.add(id(key))
                    yield Problem(f"the key `{text}` is read as `{name}`", key.span, f'quote it: `"{text}"`')


def respelt_defaults(document: Document) -> Iterator[Problem]:
    """Defaults of strings that YAML reads as another type, which changes the text."""
    for name, kind in document.declared.items():
        declaration = document.section("parameters")[name]
        default = declaration.entries.get("default") if isinstance(declaration, Mapping) else None
        if default is not None:
            yield from respelt(default, kind)


def respelt(value: Node, kind: str) -> Iterator[Problem]:
    """Where a string, or a string in a list, differs from the text that is written."""
    if kind == _LISTS and isinstance(value, Sequence):
        for item in value.items:
            yield from respelt(item, "string")
    elif kind == "string" and isinstance(value, Scalar) and value.value is not None:
        text = written(value)
        if not isinstance(value.value, str) and text not in (str(value.value), ""):
            yield Problem(
                f"`{text}` is read as the string `{value.value}`", value.span, f"quote it: `'{text}'`"
            )


def written(node: Node) -> str:
    """The text of a scalar in its file; '' if that is not on one line."""
    span = node.span
    if span.line != span.end_line:
        return ""
    return span.source.line(span.line)[span.column - 1 : span.end_column - 1]
