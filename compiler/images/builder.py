"""Building one image: whether it must be, with how many attempts, and what becomes of it."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import IO

from compiler.diagnostics import HeatsinkError
from compiler.diagnostics import reason as cause
from compiler.images.base_pins import is_local
from compiler.images.content import content_label
from compiler.images.context import write_context
from compiler.images.engines.protocol import (
    HASH_LABEL,
    BuildEngine,
    BuildFailedError,
    BuildRequest,
    EngineImage,
)
from compiler.images.labels import created
from compiler.images.logs import LogFolder
from compiler.images.outcome import BuildObserver, BuildOutcome, BuildResult
from compiler.images.package_pins import PackagePins, pinned_dockerfile, rootfs_hooks, unmet_pins
from compiler.images.recipe import ImageRecipe
from compiler.images.retries import Retries, transient
from compiler.images.sbom import write_sbom

_STEP = re.compile(r"^(?:\[\d+/\d+\] )?step (\d+/\d+) ?:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How images are built."""

    logs: LogFolder
    jobs: int = 2
    cached: bool = True
    """Whether an image that the engine has with the same content hash is not built again."""
    pull: bool = False
    """Whether images that are built on one of a registry are built again, on what it has now."""
    epoch: int | None = None
    """Seconds since 1970 for all times in the images. No layer of earlier builds is used: it has others."""
    sboms: Path | None = None
    """Folder for `NAME.spdx.json` of every image that is available."""
    kept: frozenset[str] = frozenset()
    """Images that are not built, even if they are not up to date."""
    retries: Retries = field(default_factory=Retries)
    pins: Mapping[str, Mapping[str, str]] | None = None
    """Image → package → version to install; None if the packages of images are not locked."""
    bases: Mapping[str, str] = field(default_factory=dict)
    """Image → the foreign image that it starts from, with a digest."""
    package_cache: Path | None = None
    """Folder for the packages of images that were read; by default in the user's cache."""


@dataclass(frozen=True, slots=True)
class ImageBuilder:
    """Builds images one by one, in several threads."""

    engine: BuildEngine
    recipes: Mapping[str, ImageRecipe]
    settings: BuildSettings
    observer: BuildObserver
    scratch: Path
    pins: PackagePins | None = None
    stopped: Event = field(default_factory=Event)
    """Set when the outcomes are not wanted any more."""
    renewed: set[str] = field(default_factory=set)
    """Images that the engine has had before, with another id."""
    outdated: set[str] = field(default_factory=set)
    """Images that are kept though they are not up to date, and those built on them."""

    def outcome(self, name: str) -> BuildOutcome:
        """Build an image unless it is up to date, or to be kept; then list its packages."""
        outcome = self._for_lock(self._outcome(self.recipes[name]))
        if self.settings.sboms is None or outcome.image is None:
            return outcome
        path = self.settings.sboms / f"{name}.spdx.json"
        try:
            write_sbom(self.engine, self.recipes[name].reference, outcome.image, path)
        except OSError as error:
            return replace(outcome, result=BuildResult.FAILED, reason=f"`{path}`: {cause(error)}")
        except HeatsinkError as error:
            return replace(outcome, result=BuildResult.FAILED, reason=f"no SBOM: {error}")
        return outcome

    def _for_lock(self, outcome: BuildOutcome) -> BuildOutcome:
        """The outcome with what the lock gets: the foreign image, and packages unless it has them already."""
        if self.pins is None or not outcome.is_current:
            return outcome
        recipe = self.recipes[outcome.name]
        with_base = replace(outcome, base=self.pins.bases.record(recipe))
        if outcome.result is BuildResult.UNCHANGED and outcome.name in self.pins.by_image:
            return with_base
        return replace(with_base, packages=self.pins.record(recipe))

    def _outcome(self, recipe: ImageRecipe) -> BuildOutcome:
        name = recipe.name
        image = self.engine.image(recipe.reference)
        if name in self.settings.kept:
            return self._kept(recipe, image)
        if image and self._is_current(recipe, image):
            self.settings.logs.succeeded(name)
            return BuildOutcome(name=name, result=BuildResult.UNCHANGED, image=image)
        if not self.outdated.isdisjoint(recipe.parents):
            self.outdated.add(name)
        self.observer.started(name)
        outcome = self._built(recipe)
        if image and outcome.image and image.id != outcome.image.id:
            self.renewed.add(name)
        return outcome

    def _kept(self, recipe: ImageRecipe, image: EngineImage | None) -> BuildOutcome:
        if image is None:
            return BuildOutcome(
                name=recipe.name, result=BuildResult.NOT_BUILT, reason="the engine does not have it"
            )
        if image.content_hash != recipe.content_hash:
            self.outdated.add(recipe.name)
        return BuildOutcome(name=recipe.name, result=BuildResult.KEPT, image=image)

    def _is_current(self, recipe: ImageRecipe, image: EngineImage) -> bool:
        return (
            self.settings.cached
            and image.content_hash == recipe.content_hash
            and self.renewed.isdisjoint(recipe.parents)
            and self.outdated.isdisjoint(recipe.parents)
            and not self._pulls(recipe)
            and (self.pins is None or self.pins.is_current(recipe))
        )

    def _pulls(self, recipe: ImageRecipe) -> bool:
        """Whether it is built on what a registry has now, not on an image of the tree or of the lock."""
        is_fixed = is_local(recipe) or (self.pins is not None and self.pins.bases.is_pinned(recipe))
        return self.settings.pull and not (recipe.parents or recipe.rootfs or is_fixed)

    def _built(self, recipe: ImageRecipe) -> BuildOutcome:
        began = time.monotonic()
        logs, name = self.settings.logs, recipe.name
        try:
            with logs.writing(name) as write:
                image = self._with_retries(recipe, write)
        except HeatsinkError as error:
            logs.failed(name)
            result, image, reason = BuildResult.FAILED, None, str(error).partition("\n")[0]
        else:
            logs.succeeded(name)
            result, reason = BuildResult.BUILT, ""
        return BuildOutcome(
            name=name,
            result=result,
            seconds=time.monotonic() - began,
            reason=reason,
            image=image,
            log=logs.path(name),
        )

    def _with_retries(self, recipe: ImageRecipe, write: Callable[[str], None]) -> EngineImage | None:
        """Build an image, after failures of the network more than once."""
        attempt = 1
        while True:
            printed: list[str] = []
            try:
                return self._build(recipe, _both(write, printed.append))
            except HeatsinkError:
                text = "".join(printed)
                if not self._waited(recipe.name, attempt, text, write):
                    self._check_pins(recipe, text, write)
                    raise
            attempt += 1

    def _check_pins(self, recipe: ImageRecipe, printed: str, write: Callable[[str], None]) -> None:
        """Raise HeatsinkError if a build has failed because of the versions that the lock has."""
        unmet = None if transient(printed) else unmet_pins(self._pins(recipe), printed)
        if unmet:
            write(f"{unmet.render()}\n")
            raise unmet from None

    def _waited(self, name: str, attempt: int, printed: str, write: Callable[[str], None]) -> bool:
        """Whether another attempt may succeed, after having waited for it."""
        retries = self.settings.retries
        failure, seconds = transient(printed), retries.wait(attempt)
        if failure is None or seconds is None:
            return False
        text = f"{failure}: attempt {attempt + 1} of {retries.number + 1} in {seconds:g} s"
        write(f"{text}\n")
        self.observer.waiting(name, text)
        return not self.stopped.wait(seconds)

    def _build(self, recipe: ImageRecipe, write: Callable[[str], None]) -> EngineImage | None:
        """Build an image, with all that the engine prints, or else the error, in its log."""

        def output(text: str) -> None:
            write(text)
            if step := _STEP.search(text):
                self.observer.step(recipe.name, step[1])

        try:
            with self._context(recipe) as archive:
                self.engine.build(archive, self._request(recipe), output)
            if self.pins:
                self.pins.check(recipe)
            return self.engine.image(recipe.reference)
        except HeatsinkError as error:
            if not isinstance(error, BuildFailedError):
                write(f"{error.render()}\n")
            raise

    @contextmanager
    def _context(self, recipe: ImageRecipe) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryFile(dir=self.scratch) as archive:
            try:
                write_context(self._completed(recipe), archive, self.scratch)
            except OSError as error:
                raise HeatsinkError(f"`{error.filename}` cannot be read: {cause(error)}") from None
            archive.seek(0)
            yield archive

    def _completed(self, recipe: ImageRecipe) -> ImageRecipe:
        """The recipe with what its hash does not depend on: labels, and pinned versions."""
        pins = self._pins(recipe)
        dockerfile = self.pins.bases.dockerfile(recipe) if self.pins else recipe.dockerfile
        text = f"{pinned_dockerfile(dockerfile, pins)}\n{label_line(self._labels(recipe))}\n"
        rootfs = (*rootfs_hooks(pins), *recipe.rootfs) if recipe.rootfs else ()
        return replace(recipe, dockerfile=text, rootfs=rootfs)

    def _pins(self, recipe: ImageRecipe) -> Mapping[str, str]:
        return self.pins.of(recipe) if self.pins else {}

    def _labels(self, recipe: ImageRecipe) -> dict[str, str]:
        stamps = {HASH_LABEL: recipe.content_hash, **content_label(recipe, self.recipes)}
        if recipe.name in self.outdated:  # without a hash the next build builds it anew
            stamps = dict.fromkeys(stamps, "")
        return {**recipe.origin, **created(self.settings.epoch), **recipe.labels, **stamps}

    def _reuses_layers(self, recipe: ImageRecipe) -> bool:
        """Whether layers of earlier builds are used; not those with other versions than the lock has."""
        is_pinned = self.pins is None or self.pins.is_current(recipe)
        return self.settings.cached and self.settings.epoch is None and is_pinned

    def _request(self, recipe: ImageRecipe) -> BuildRequest:
        return BuildRequest(
            reference=recipe.reference,
            cached=self._reuses_layers(recipe),
            epoch=self.settings.epoch,
            pull=self._pulls(recipe),
            build_args=tuple(sorted(recipe.build_args.items())),
        )


def label_line(labels: Mapping[str, str]) -> str:
    """A line of a Dockerfile: podman's API takes labels too, and writes them in an order of chance."""
    for name, value in labels.items():
        if len(f"{name}{value}x".splitlines()) > 1:
            raise HeatsinkError(f"the label `{name}` has more than one line")
    return " ".join(("LABEL", *(f"{_quoted(name)}={_quoted(labels[name])}" for name in sorted(labels))))


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("$", "\\$")


def _both(first: Callable[[str], object], second: Callable[[str], object]) -> Callable[[str], None]:
    def write(text: str) -> None:
        first(text)
        second(text)

    return write
