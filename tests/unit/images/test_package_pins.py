"""Package versions of a lock: what a build is told, and which images have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.dockerfile import starts_from
from compiler.images.engines.protocol import HASH_LABEL, EngineImage
from compiler.images.installed import InstalledPackages
from compiler.images.outcome import BuildOutcome
from compiler.images.package_pins import (
    PackagePins,
    package_pins,
    pinned_dockerfile,
    rootfs_hooks,
    unmet_pins,
)
from compiler.images.rebuild import rebuilds
from compiler.images.retries import Retries
from compiler.shipped import folder
from tests.support.build_engine import ScriptedEngine, outcomes, toy
from tests.support.image_trees import selected

PINS = {"web": "1:2.0~rc1-3", "libweb++6": "2.0"}
BASE = toy("localhost/x/base:1", dockerfile="FROM scratch\n")
WEB = toy("localhost/x/web:1", "base", dockerfile="FROM localhost/x/base:1\n")
IN_BASE = {"libc6": "2.41-12", "tzdata": "2026b"}
IN_WEB = {"libc6": "2.41-13", "tzdata": "2026b", "web": "2.0"}
INSTALL = """\
FROM scratch
RUN apt-get update \\
# heatsink: package versions
 && apt-get install web
"""


def status(versions: Mapping[str, str]) -> bytes:
    paragraph = "Package: {}\nStatus: install ok installed\nArchitecture: all\nVersion: {}\n"
    return "\n".join(paragraph.format(*package) for package in versions.items()).encode()


@dataclass
class EngineWithPackages(ScriptedEngine):
    """An engine whose images have packages; it counts how often these are read."""

    read: list[str] = field(default_factory=list)

    def files(self, reference: str, paths: object) -> dict[str, bytes]:
        self.read.append(reference)
        return dict(self.files_of.get(reference, {}))

    def has(self, reference: str, versions: Mapping[str, str]) -> None:
        self.files_of = {**self.files_of, reference: {"/var/lib/dpkg/status": status(versions)}}


@pytest.fixture
def engine() -> EngineWithPackages:
    """An engine with both images, which are up to date."""
    made = EngineWithPackages()
    for recipe, versions in ((BASE, IN_BASE), (WEB, IN_WEB)):
        made.has(recipe.reference, versions)
        made.images[recipe.reference] = EngineImage(
            id=f"sha256:{recipe.name}", size=1, created="", labels={HASH_LABEL: recipe.content_hash}
        )
    return made


def built(
    engine: ScriptedEngine, path: Path, pins: Mapping[str, Mapping[str, str]] | None, **settings: object
) -> dict[str, BuildOutcome]:
    return outcomes(engine, path / "logs", BASE, WEB, pins=pins, package_cache=path, **settings)


def pins_of(engine: ScriptedEngine, path: Path, **by_image: Mapping[str, str]) -> PackagePins:
    pins = package_pins(engine, {"base": BASE, "web": WEB}, by_image, path)
    assert pins
    return pins


def test_a_dockerfile_without_pins_stays_as_it_is() -> None:
    assert pinned_dockerfile(INSTALL, {}) == INSTALL


def test_pinned_versions_are_preferred_by_apt_while_a_dockerfile_installs_packages() -> None:
    assert pinned_dockerfile(INSTALL, PINS) == (
        "FROM scratch\n"
        "RUN apt-get update \\\n"
        r" && printf 'Package: %s\nPin: version %s\nPin-Priority: 1001\n\n' libweb++6 2.0 web '1:2.0~rc1-3'"
        " >/etc/apt/preferences.d/heatsink && trap 'rm -f /etc/apt/preferences.d/heatsink' EXIT"
        " && { apt-get install --simulate -qq libweb++6=2.0 web='1:2.0~rc1-3' >/dev/null || true; } \\\n"
        " && apt-get install web\n"
    )


def test_mmdebstrap_prefers_them_too() -> None:
    stanza = r"'Package: %s\nPin: version %s\nPin-Priority: 1001\n\n'"
    assert rootfs_hooks({"web": "2.0"}) == (
        f'--setup-hook=printf {stanza} web 2.0 >"$1"/etc/apt/preferences.d/heatsink',
        '--customize-hook=rm "$1"/etc/apt/preferences.d/heatsink',
    )
    assert rootfs_hooks({}) == ()


def test_every_image_of_the_library_that_installs_packages_takes_versions() -> None:
    recipes = selected(folder("images")).checked().values()
    installing = {recipe.name for recipe in recipes if "apt-get install" in recipe.dockerfile}
    pinned = {
        recipe.name
        for recipe in recipes
        if pinned_dockerfile(recipe.dockerfile, PINS).count("Pin: version")
        == recipe.dockerfile.count("apt-get install")
        > 0
    }
    assert installing == pinned != set()


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("FROM debian:13\n", "debian:13"),
        ("FROM one AS first\nFROM two\nCOPY --from=first / /\n", "two"),
        ("FROM one AS first\nFROM first AS second\nFROM second\n", "one"),
        ("FROM one AS one\n", "one"),
    ],
    ids=["one stage", "the last stage", "a stage on others", "a stage with the name of its image"],
)
def test_an_image_starts_from_that_of_its_last_stage(text: str, start: str) -> None:
    assert starts_from(text) == start


UNMET = "E: Unable to correct problems, you have held broken packages.\n"


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("E: Version '2.0' for 'libweb++6' was not found\n", None),
        (
            f"E: Version '2.0' for 'libweb++6' was not found\nE: Unable to locate package web\n{UNMET}",
            "the mirror has dropped `libweb++6` 2.0, `web` 1:2.0~rc1-3 of the lock: "
            "`--update` moves the lock",
        ),
        (UNMET, "apt cannot install the versions of the lock together: `--update` moves the lock"),
    ],
    ids=["the build has failed later", "versions are missing", "versions do not fit"],
)
def test_what_apt_cannot_install_is_an_error_about_the_lock(output: str, error: str | None) -> None:
    unmet = unmet_pins(PINS, output)
    assert (str(unmet) if unmet else None) == error


def test_without_pins_the_lock_is_not_to_blame() -> None:
    assert unmet_pins({}, UNMET) is None


def test_an_image_with_the_versions_of_the_lock_is_up_to_date(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    found = built(engine, tmp_path, {"base": IN_BASE, "web": {"libc6": "2.41-13", "web": "2.0", "gone": "1"}})
    assert {name: outcome.result.value for name, outcome in found.items()} == {
        "base": "up to date", "web": "up to date",
    }  # fmt: skip


def test_an_image_without_a_record_gets_one_and_is_not_built(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    found = built(engine, tmp_path, {})
    assert engine.built == []
    assert {name: outcome.packages for name, outcome in found.items()} == {
        "base": IN_BASE, "web": {"libc6": "2.41-13", "web": "2.0"},
    }  # fmt: skip


def test_an_image_with_other_versions_is_built_with_those_of_the_lock(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    found = built(engine, tmp_path, {"base": IN_BASE, "web": {"web": "1.0"}})
    assert engine.built == [WEB.reference]
    assert (found["web"].result.value, found["web"].reason) == (
        "failed",
        "package `web` is 2.0, and the lock has 1.0: the mirror may have dropped it, "
        "`--update` moves the lock",
    )
    assert "package `web` is 2.0" in (tmp_path / "logs/web.log").read_text()


def test_layers_that_gave_other_versions_are_not_used_again(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    built(engine, tmp_path, {"base": IN_BASE, "web": {"web": "1.0"}})
    assert [(request.reference, request.cached) for request in engine.requests] == [(WEB.reference, False)]


def test_what_was_built_on_a_parent_with_other_versions_is_built_again(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    newer = {**IN_BASE, "tzdata": "2026f"}
    engine.has(BASE.reference, newer)
    built(engine, tmp_path, {"base": newer, "web": {"libc6": "2.41-13", "web": "2.0"}})
    assert engine.built == [WEB.reference]


def test_many_differences_are_not_all_listed(engine: EngineWithPackages, tmp_path: Path) -> None:
    engine.has(WEB.reference, {f"lib{number}": "2" for number in range(9)})
    with pytest.raises(HeatsinkError, match="`lib4` is 2, and the lock has 1; 4 more: the mirror"):
        pins_of(engine, tmp_path, web={f"lib{number}": "1" for number in range(9)}).check(WEB)


def test_without_a_lock_no_packages_are_read(engine: EngineWithPackages, tmp_path: Path) -> None:
    found = built(engine, tmp_path, None, cached=False)
    assert (engine.read, found["web"].packages) == ([], None)


def test_a_build_that_fails_for_a_missing_version_says_so_and_records_nothing(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    engine.script = {WEB.reference: [{"error": f"E: Version '1.0' for 'web' was not found\n{UNMET}"}]}
    found = built(engine, tmp_path, {"web": {"web": "1.0"}})["web"]
    assert (found.packages, found.reason) == (
        None,
        "the mirror has dropped `web` 1.0 of the lock: `--update` moves the lock",
    )
    assert found.reason in (tmp_path / "logs/web.log").read_text()


def test_a_failure_of_the_network_is_not_taken_for_a_dropped_version(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    engine.script = {WEB.reference: [{"error": f"W: Failed to fetch: Connection timed out\n{UNMET}"}]}
    found = built(engine, tmp_path, {"web": {"web": "1.0"}}, retries=Retries(number=0))["web"]
    assert found.reason.startswith("W: Failed to fetch")


def test_the_packages_of_an_image_are_read_once(engine: EngineWithPackages, tmp_path: Path) -> None:
    for _ in range(2):
        versions = InstalledPackages(engine, tmp_path).versions(WEB.reference)
    assert (versions, engine.read) == (IN_WEB, [WEB.reference])


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"image": "sha256:web", "packages": 1}'])
def test_what_is_kept_and_is_no_list_of_packages_is_read_again(
    content: bytes, engine: EngineWithPackages, tmp_path: Path
) -> None:
    InstalledPackages(engine, tmp_path).versions(WEB.reference)
    next(tmp_path.iterdir()).write_bytes(content)
    assert InstalledPackages(engine, tmp_path).versions(WEB.reference) == IN_WEB


def test_the_packages_of_another_image_of_that_name_are_read_anew(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    InstalledPackages(engine, tmp_path).versions(WEB.reference)
    engine.images[WEB.reference] = replace(engine.images[WEB.reference], id="sha256:other")
    engine.has(WEB.reference, {})
    assert InstalledPackages(engine, tmp_path).versions(WEB.reference) == {}


def test_a_changed_pin_is_a_reason_and_so_is_a_parent_that_has_one(
    engine: EngineWithPackages, tmp_path: Path
) -> None:
    pins = pins_of(engine, tmp_path, base={"libc6": "2.41-12", "tzdata": "2025a"}, web={"libc6": "2.41-13"})
    rows = rebuilds({"base": BASE, "web": WEB}, engine.labels, pins)
    assert {row.recipe.name: row.reasons for row in rows} == {
        "base": ["package `tzdata` changed"],
        "web": ["package `tzdata` changed", "parent `base` changed"],
    }
