"""Package versions that a lock pins: how a build is made to install them, and whether an image has them.

The line `# heatsink: package versions` in a RUN instruction, after its first command, is where a build
writes the pinned versions for apt. Without pins it stays a comment, which engines skip.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import HeatsinkError
from compiler.images.base_pins import BasePins
from compiler.images.content import ContentChange
from compiler.images.dockerfile import starts_from
from compiler.images.engines.protocol import BuildEngine
from compiler.images.installed import InstalledPackages
from compiler.images.recipe import ImageRecipe
from compiler.images.sources.cache import user_cache

_UPDATE = "`--update` moves the lock"
_PREFERENCES = "etc/apt/preferences.d/heatsink"
_PLACE = re.compile(r"^[ \t]*# heatsink: package versions[ \t]*$", re.MULTILINE)
_LACKING = re.compile(r"E: (?:Version '.*' for '(\S+)' was not found|Unable to locate package (\S+))")
_UNMET = re.compile(r"unmet dependencies|held broken packages")
_SHOWN = 5  # differences in one message

Versions = Mapping[str, str]
"""Package → version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDifference:
    """A package of which an image has another version than the lock."""

    package: str
    wanted: str
    installed: str

    def __str__(self) -> str:
        return f"package `{self.package}` is {self.installed}, and the lock has {self.wanted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePins:
    """The versions and foreign images that a lock has for each image, beside those that an engine has."""

    by_image: Mapping[str, Versions]
    installed: InstalledPackages
    recipes: Mapping[str, ImageRecipe]
    bases: BasePins

    def of(self, recipe: ImageRecipe) -> Versions:
        """The versions that a build of an image installs."""
        return self.by_image.get(recipe.name, {})

    def check(self, recipe: ImageRecipe) -> None:
        """Raise HeatsinkError if an image that was just built has other versions than its pins."""
        if others := other_versions(self.of(recipe), self.installed.versions(recipe.reference)):
            raise HeatsinkError(f"{others}: the mirror may have dropped it, {_UPDATE}")

    def is_current(self, recipe: ImageRecipe) -> bool:
        """Whether an image has what its pins, and those of the images that it starts from, say."""
        return not self.changes(recipe)

    def changes(self, recipe: ImageRecipe) -> tuple[ContentChange, ...]:
        """The foreign image and the packages for which an image is built again."""
        differences = _differences(self._inherited(recipe), self.installed.versions(recipe.reference))
        packages = (
            ContentChange(kind="package", name=difference.package, change="changed")
            for difference in differences
        )
        return (*self.bases.changes(recipe), *packages)

    def record(self, recipe: ImageRecipe) -> dict[str, str]:
        """The versions for the lock: of all packages that an image has more than the one it starts from."""
        start = self._start(recipe)
        before = self.installed.versions(start.reference) if start else {}
        now = self.installed.versions(recipe.reference)
        return {name: version for name, version in now.items() if before.get(name) != version}

    def _inherited(self, recipe: ImageRecipe) -> Versions:
        start = self._start(recipe)
        return {**(self._inherited(start) if start else {}), **self.of(recipe)}

    def _start(self, recipe: ImageRecipe) -> ImageRecipe | None:
        """The image of the tree that an image starts from."""
        reference = starts_from(recipe.dockerfile)
        parents = (self.recipes[name] for name in recipe.parents)
        return next((parent for parent in parents if parent.reference == reference), None)


def package_pins(
    engine: BuildEngine,
    recipes: Mapping[str, ImageRecipe],
    by_image: Mapping[str, Versions] | None,
    cache: Path | None = None,
    bases: Mapping[str, str] | None = None,
) -> PackagePins | None:
    """The pins of a lock beside the images of an engine; None if there is no lock."""
    if by_image is None:
        return None
    installed = InstalledPackages(engine, cache or user_cache("packages"))
    return PackagePins(
        by_image=by_image,
        installed=installed,
        recipes=recipes,
        bases=BasePins(engine=engine, by_image=bases or {}),
    )


def pinned_dockerfile(text: str, pins: Versions) -> str:
    """A Dockerfile that installs the pinned versions, where it has the line for them."""
    if not pins:
        return text
    lacking = f"{{ apt-get install --simulate -qq {_words(pins, '=')} >/dev/null || true; }}"
    removal = f"trap 'rm -f /{_PREFERENCES}' EXIT"
    line = f" && {_preferences(pins)} >/{_PREFERENCES} && {removal} && {lacking} \\"
    return _PLACE.sub(lambda _: line, text)


def rootfs_hooks(pins: Versions) -> tuple[str, ...]:
    """Arguments of mmdebstrap that let it install the pinned versions."""
    if not pins:
        return ()
    path = f'"$1"/{_PREFERENCES}'
    return f"--setup-hook={_preferences(pins)} >{path}", f"--customize-hook=rm {path}"


def unmet_pins(pins: Versions, output: str) -> HeatsinkError | None:
    """The error of a build that failed because the mirror lacks pinned versions, as apt has printed."""
    if not pins or not _UNMET.search(output):
        return None
    names = dict.fromkeys(match[1] or match[2] for match in _LACKING.finditer(output))
    lacking = [f"`{name}` {pins[name]}" for name in names if name in pins]
    if lacking:
        return HeatsinkError(f"the mirror has dropped {', '.join(lacking)} of the lock: {_UPDATE}")
    return HeatsinkError(f"apt cannot install the versions of the lock together: {_UPDATE}")


def _preferences(pins: Versions) -> str:
    """https://manpages.debian.org/stable/apt/apt_preferences.5.en.html: 1001 wins, downgrades included."""
    stanza = r"'Package: %s\nPin: version %s\nPin-Priority: 1001\n\n'"
    return f"printf {stanza} {_words(pins, ' ')}"


def _words(pins: Versions, between: str) -> str:
    return " ".join(f"{shlex.quote(name)}{between}{shlex.quote(pins[name])}" for name in sorted(pins))


def other_versions(wanted: Versions, installed: Versions) -> str:
    """The packages of an image that have another version than the lock, in words; "" if there are none."""
    differences = _differences(wanted, installed)
    more = [f"{len(differences) - _SHOWN} more"] if len(differences) > _SHOWN else []
    return "; ".join((*map(str, differences[:_SHOWN]), *more))


def _differences(wanted: Versions, installed: Versions) -> list[VersionDifference]:
    return [
        VersionDifference(package=name, wanted=wanted[name], installed=installed[name])
        for name in sorted(wanted.keys() & installed.keys())
        if wanted[name] != installed[name]
    ]
