"""Sets of images: those of the tree by their names, and foreign ones by their references."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from compiler.images.tree import chosen


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Names of images of the tree, and references of deployed images that the tree does not have."""

    names: frozenset[str]
    foreign: frozenset[str] = frozenset()

    def __or__(self, other: ImageSet) -> ImageSet:
        return ImageSet(self.names | other.names, self.foreign | other.foreign)

    def __and__(self, other: ImageSet) -> ImageSet:
        return ImageSet(self.names & other.names, self.foreign & other.foreign)

    def matching(self, patterns: Sequence[str], kind: str) -> ImageSet:
        """The images whose names match a pattern. Raises HeatsinkError if one matches none of this kind."""
        foreign = {reference: image_name(reference) for reference in self.foreign}
        names = set(chosen({*self.names, *foreign.values()}, patterns, kind))
        return ImageSet(
            self.names & names, frozenset(reference for reference, name in foreign.items() if name in names)
        )


def deployed(references: Iterable[str], tree: Collection[str]) -> ImageSet:
    """The images that containers refer to; one is of the tree if the tree has its last name."""
    names = {reference: image_name(reference) for reference in references}
    return ImageSet(
        frozenset(name for name in names.values() if name in tree),
        frozenset(reference for reference, name in names.items() if name not in tree),
    )


def image_name(reference: str) -> str:
    """The last name of a reference: `memcached` of `registry:4000/heatsink/memcached:0.1.0@sha256:…`."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
