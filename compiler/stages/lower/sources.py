"""Where something comes from: the files, for `X-Source=` lines and headers of files; the places, for plans.

What is installed names no lines: one that moves in a template would change units and files, and every plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.model.service import Part
from compiler.node import Mapping, Node, Sequence


def of_container(part: Part) -> tuple[str, ...]:
    """The template, and the files that set its parameters: `hello.yaml: HelloImage, HelloPort`."""
    names: dict[str, list[str]] = {part.place.source.name: []}
    for name, span in part.places:
        names.setdefault(span.source.name, []).append(name)
    return tuple(f"{file}: {', '.join(of)}" if of else file for file, of in names.items())


def of_file(parts: Iterable[Part], *written: Node | None) -> tuple[str, ...]:
    """The templates, the files that set their parameters, and those in which the content is written."""
    own = (span.source.name for part in parts for span in (part.place, *(span for _, span in part.places)))
    nodes = (name for node in written if node is not None for name in _files(node))
    return tuple(name for name in dict.fromkeys((*own, *nodes)) if not _is_supplied(name))


def places(parts: tuple[Part, ...], *written: Node | None) -> tuple[str, ...]:
    """`web.yaml:12`, `site.yaml:3 WebPort`: its places in templates, and others of what is in it."""
    templates = [part.place.source for part in parts]
    others = (node.span.place for node in written if node and node.span.source not in templates)
    set_at = ((name, span) for part in parts for name, span in part.places)
    parameters = (f"{span.place} {name}" for name, span in set_at if not _is_supplied(span.source.name))
    return tuple(dict.fromkeys((*(part.place.place for part in parts), *others, *parameters)))


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
