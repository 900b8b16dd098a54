"""What `heatsink images graph` prints: images with what is built on them below, for Graphviz or Mermaid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.images.recipe import Recipes


def _dot(recipes: Recipes) -> Iterator[str]:
    """https://graphviz.org/doc/info/lang.html"""
    yield "digraph images {"
    for name in recipes.names:
        yield f"  {_quoted(name)}{' [color=red]' if name in recipes.broken else ''};"
    for parent, child in _edges(recipes):
        yield f"  {_quoted(parent)} -> {_quoted(child)};"
    yield "}"


def _mermaid(recipes: Recipes) -> Iterator[str]:
    """Numbers are its names, as `end` and others are keywords: https://mermaid.js.org/syntax/flowchart.html"""
    numbers = {name: f"i{number}" for number, name in enumerate(recipes.names)}
    yield "flowchart TD"
    for name, number in numbers.items():
        yield f"  {number}[{_quoted(name)}]{':::broken' if name in recipes.broken else ''}"
    for parent, child in _edges(recipes):
        yield f"  {numbers[parent]} --> {numbers[child]}"
    if recipes.broken:
        yield "  classDef broken stroke:red"


FORMATS: Mapping[str, Callable[[Recipes], Iterator[str]]] = {"dot": _dot, "mermaid": _mermaid}
"""The lines of a graph in each format, in the same order for the same images."""


def _edges(recipes: Recipes) -> list[tuple[str, str]]:
    return sorted((parent, child) for child, above in recipes.parents.items() for parent in above)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
