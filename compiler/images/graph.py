"""What is built on what: the order of images, what is below them, and circles among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

Parents = Mapping[str, Sequence[str]]
"""The names of images, with those of the images that each is built on."""


def ordered(parents: Parents) -> list[str]:
    """The names, each after those of its parents. There must be no circle."""
    return [name for name in TopologicalSorter(parents).static_order() if name in parents]


def with_children(names: Iterable[str], parents: Parents) -> set[str]:
    """The names, and those of all images that are built on them."""
    children: dict[str, list[str]] = defaultdict(list)
    for name, above in parents.items():
        for parent in above:
            children[parent].append(name)
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(children[name])
    return wanted


def circles(parents: Parents) -> Iterator[list[str]]:
    """Circles of images, each image before its parent, none in two circles; the least name is the first."""
    left = {name: set(above) for name, above in sorted(parents.items())}
    while circle := _circle(left):
        yield circle
        left = {name: above - set(circle) for name, above in left.items() if name not in circle}


def _circle(parents: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter({name: sorted(above) for name, above in parents.items()}).prepare()
    except CycleError as error:
        # graphlib lists the cycle from parent to child, and its first image at the end, too.
        circle = list(reversed(error.args[1][1:]))
        first = circle.index(min(circle))
        return circle[first:] + circle[:first]
    return []
