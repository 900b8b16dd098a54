"""Sets of images: those of the tree by their names, and foreign ones by their references."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from compiler.images.tree import chosen


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Names of images of the tree, and references of hosts: to these, and to foreign images."""

    names: frozenset[str]
    foreign: frozenset[str] = frozenset()
    deployed: frozenset[str] = frozenset()
    """The references of hosts to images of the tree; of a name that no host refers to there is none."""

    def __or__(self, other: ImageSet) -> ImageSet:
        deployed = self.deployed | other.deployed
        return ImageSet(self.names | other.names, self.foreign | other.foreign, deployed)

    def __and__(self, other: ImageSet) -> ImageSet:
        deployed = self.deployed | other.deployed
        return ImageSet(self.names & other.names, self.foreign & other.foreign)._with(deployed)

    def matching(self, patterns: Sequence[str], kind: str) -> ImageSet:
        """The images whose names match a pattern. Raises HeatsinkError if one matches none of this kind."""
        names = set(chosen({*self.names, *map(image_name, self.foreign)}, patterns, kind))
        foreign = frozenset(reference for reference in self.foreign if image_name(reference) in names)
        return ImageSet(self.names & names, foreign)._with(self.deployed)

    def _with(self, references: Iterable[str]) -> ImageSet:
        """The same images, with those of the references that are to them."""
        deployed = frozenset(reference for reference in references if image_name(reference) in self.names)
        return replace(self, deployed=deployed)


def deployed(references: Iterable[str], tree: Collection[str]) -> ImageSet:
    """The images that containers refer to; one is of the tree if the tree has its last name."""
    ours = frozenset(reference for reference in references if image_name(reference) in tree)
    return ImageSet(frozenset(map(image_name, ours)), frozenset(references) - ours, ours)


def image_name(reference: str) -> str:
    """The last name of a reference: `memcached` of `registry:4000/heatsink/memcached:0.1.0@sha256:…`."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
