"""Selecting images by what a fleet deploys, and by the profiles of a project."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.completion import complete_profiles
from compiler.cli.fleet_options import FLEET_OPTIONS, reading_shown
from compiler.cli.options import grouped
from compiler.diagnostics import HeatsinkError, Report, closest
from compiler.files.image_profiles import NAME, ImageProfile, named_profiles
from compiler.model.container import Backend
from compiler.model.inputs import Merge

if TYPE_CHECKING:
    from compiler.images.selection import ImageSet
    from compiler.stages.load.inputs import Request

_Decorated = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSelection:
    """The options that select images by what hosts deploy, and by profiles."""

    profiles: tuple[str, ...] = ()
    profiles_file: Path = Path(NAME)
    roles: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    environments: tuple[Path, ...] = ()
    roles_file: Path | None = None
    hosts_file: Path | None = None
    templates: Path | None = None
    secrets_file: Path | None = None
    identities: Path | None = None
    backend: str | None = None
    merge: str = Merge.SERVER

    def is_narrow(self) -> bool:
        """Whether any of these options is used."""
        return bool(self.profiles) or self._names_fleet()

    def images(self, tree: Collection[str], patterns: Sequence[str]) -> ImageSet:
        """The images that each kind of option selects: patterns, profiles, and those that name a fleet.

        Raises HeatsinkError if there are none, or none that matches one of the patterns.
        """
        from compiler.images.selection import ImageSet

        selected = list(self._selected(tree))
        images = reduce(and_, selected) if selected else ImageSet(frozenset(tree))
        if not (images.names or images.foreign):
            raise HeatsinkError(
                "no image is selected",
                hint="profiles and the options of a compile limit one another: check what each selects alone",
            )
        return images.matching(patterns, "selected image" if selected else "image")

    def _selected(self, tree: Collection[str]) -> Iterator[ImageSet]:
        if self.profiles:
            reading_shown()("image profiles", self.profiles_file)
            profiles = named_profiles(self.profiles_file, self.profiles)
            yield reduce(or_, (self._profile(profile, tree) for profile in profiles))
        if self._names_fleet():
            yield self._deployed(self._request(), tree)

    def _profile(self, profile: ImageProfile, tree: Collection[str]) -> ImageSet:
        """The images of a profile's patterns, and those of its roles. Every mistake has a place."""
        named = _named(profile, tree)
        if not (profile.roles or profile.environments):
            return named
        _check_roles(profile, self.roles_file)
        request = replace(
            self._request(),
            roles=tuple(str(role.value) for role in profile.roles),
            hosts=(),
            environments=(
                *(str(environment.value) for environment in profile.environments),
                *map(str, self.environments),
            ),
        )
        try:
            return named | self._deployed(request, tree)
        except HeatsinkError as error:
            raise error.at(profile.node.span) from None

    def _deployed(self, request: Request, tree: Collection[str]) -> ImageSet:
        """The images that the containers of a request refer to."""
        from compiler.images.selection import deployed
        from compiler.pipeline import Options, named_images

        options = Options(merge=Merge(self.merge), backend=Backend(self.backend) if self.backend else None)
        return deployed(named_images(request, options, Report(), reading_shown()), tree)

    def _names_fleet(self) -> bool:
        from compiler.stages.load.inputs import Request

        return self._request() != Request()

    def _request(self) -> Request:
        from compiler.stages.load.inputs import Request

        return Request(
            roles=self.roles,
            hosts=self.hosts,
            environments=tuple(map(str, self.environments)),
            roles_file=self.roles_file,
            hosts_file=self.hosts_file,
            templates=self.templates,
            secrets_file=self.secrets_file,
            identities=self.identities,
        )


def selection_options(command: _Decorated) -> _Decorated:
    """Give a command the options of ImageSelection, as its parameter `selection`."""
    options = (
        click.option(
            "--profile", "profiles", multiple=True, metavar="NAME", shell_complete=complete_profiles,
            help="Only images of this profile; repeatable.",
        ),
        click.option(
            "--profiles", "profiles_file", type=click.Path(path_type=Path), metavar="FILE",
            default=Path(NAME), show_default=True, help="File of profiles.",
        ),
        *FLEET_OPTIONS,
    )  # fmt: skip
    return grouped(command, "selection", ImageSelection, options)


def _named(profile: ImageProfile, tree: Collection[str]) -> ImageSet:
    """The images of the tree that match a profile's patterns."""
    from compiler.images.selection import ImageSet
    from compiler.images.tree import chosen

    mistakes = Report()
    names: set[str] = set()
    for pattern in profile.images:
        try:
            names.update(chosen(tree, [str(pattern.value)]))
        except HeatsinkError as error:
            mistakes.errors.extend(error.at(pattern.span).problems)
    mistakes.check()
    return ImageSet(frozenset(names))


def _check_roles(profile: ImageProfile, roles_file: Path | None) -> None:
    """Raise CompileError for roles that nothing defines."""
    from compiler.stages.load.roles import available

    mistakes, known = Report(), available(roles_file)
    for role in profile.roles:
        name = str(role.value)
        if name not in known:
            mistakes.error(f"there is no role `{name}`", role.span, closest(name, known))
    mistakes.check()
