"""Where something comes from: the files, for `X-Source=` lines and headers of files; the places, for plans.

What is installed names no lines: one that moves in a template would change units and files, and every plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.model.service import Part
from compiler.node import Mapping, Node, Sequence


def of_container(part: Part) -> tuple[str, ...]:
    """The template, and the files that set its parameters: `hello.yaml: HelloImage, HelloPort`."""
    names: dict[str, list[str]] = {part.place.source.name: []}
    for name, span in part.places:
        names.setdefault(span.source.name, []).append(name)
    return tuple(f"{file}: {', '.join(of)}" if of else file for file, of in names.items())


def of_file(part: Part, *written: Node | None) -> tuple[str, ...]:
    """The template, the files that set its parameters, and those in which the content is written."""
    parameters = (span.source.name for _, span in part.places)
    nodes = (name for node in written if node is not None for name in _files(node))
    names = dict.fromkeys((part.place.source.name, *parameters, *nodes))
    return tuple(name for name in names if not _is_supplied(name))


def places(part: Part, *written: Node | None) -> tuple[str, ...]:
    """`web.yaml:12`, `site.yaml:3 WebPort`: its place in the template, and others of what is in it."""
    others = (node.span for node in written if node and node.span.source != part.place.source)
    parameters = (f"{span.place} {name}" for name, span in part.places if not _is_supplied(span.source.name))
    return tuple(dict.fromkeys((part.place.place, *(span.place for span in others), *parameters)))


def _is_supplied(name: str) -> bool:
    """Whether this is not a file, but `<fleet>`: what the compiler supplies."""
    return name.startswith("<")


def _files(node: Node) -> Iterator[str]:
    """The files in which a value is written; one that a function made is where its template has the call."""
    yield node.span.source.name
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            yield from _files(entry)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _files(item)
