"""The blocks and lists that Dockerfiles have for operators, and names of these that do not exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from compiler.diagnostics import CompileError, HeatsinkError, Problem, closest
from compiler.images.dockerfile import RenderSettings
from compiler.images.lists import changes_of, customizable, identifier
from compiler.images.tree import Image
from compiler.jinja import reading
from compiler.jinja.reading import PlacedName
from compiler.source import Source

_CHANGE = re.compile(r"\w+_(?:append|remove|override)")


def check_hooks(images: Mapping[str, Image], settings: RenderSettings) -> None:
    """Raise CompileError with every block, list and image that an operator changes, and that does not exist.

    Of an image whose Dockerfile cannot be read, any name that begins with its own is accepted.
    """
    unknown = list(_unknown_images(images, settings))
    changes = [PlacedName(name, change.span) for name, change in settings.config.lists.items()]
    if settings.overrides or changes:
        hooks = _hooks(images.values(), settings.overrides)
        unknown += _unknown_blocks(settings.overrides, hooks)
        unknown += _unknown_lists(changes, settings, hooks)
    if unknown:
        raise CompileError.of(unknown)


def _unknown_images(images: Mapping[str, Image], settings: RenderSettings) -> Iterator[Problem]:
    for name, place in settings.config.places.items():
        if name not in images:
            yield Problem(f"there is no image `{name}`", place, closest(name, images))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hooks:
    """What all Dockerfiles have: blocks, the names that change their lists, and images of unknown content."""

    blocks: frozenset[str]
    changes: frozenset[str]
    unread: tuple[str, ...]

    def may_be_of_unread(self, name: str) -> bool:
        return any(name.startswith(f"{identifier(image)}_") for image in self.unread)


def _hooks(images: Iterable[Image], overrides: Sequence[Source]) -> _Hooks:
    blocks: set[str] = set()
    changes: set[str] = set()
    unread = []
    of_all = [name for source in overrides for name in _lists(source)]
    for image in images:
        try:
            blocks |= reading.blocks(image.source)
            names = [*_lists(image.source), *of_all]
        except HeatsinkError:
            unread.append(image.name)
        else:
            changes |= set(chain.from_iterable(changes_of(image.name, name) for name in names))
    return _Hooks(blocks=frozenset(blocks), changes=frozenset(changes), unread=tuple(unread))


def _lists(source: Source) -> frozenset[str]:
    return reading.filter_arguments(source, customizable.__name__)


def _unknown_blocks(overrides: Sequence[Source], hooks: _Hooks) -> Iterator[Problem]:
    known = set(hooks.blocks)
    for source in overrides:
        for block in reading.outer_blocks(source):
            if block.name not in known and not hooks.may_be_of_unread(block.name):
                message = f"no Dockerfile has a block `{block.name}`"
                yield Problem(message, block.span, closest(block.name, known))
        known |= reading.blocks(source)


def _unknown_lists(
    changes: Iterable[PlacedName], settings: RenderSettings, hooks: _Hooks
) -> Iterator[Problem]:
    assigned = chain.from_iterable(map(reading.assigned, settings.overrides))
    set_there = [variable for variable in assigned if _CHANGE.fullmatch(variable.name)]
    for change in (*changes, *set_there):
        if change.name not in hooks.changes and not hooks.may_be_of_unread(change.name):
            yield Problem(
                f"`{change.name}` changes a list that no Dockerfile has",
                change.span,
                closest(change.name, hooks.changes),
            )
