"""Foreign images of a lock: what builds start from, what is built on it, and what the lock gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.images.base_pins import base_of
from compiler.images.engines.protocol import HASH_LABEL, EngineImage
from compiler.images.outcome import BuildOutcome
from compiler.images.package_pins import package_pins
from compiler.images.rebuild import rebuilds
from tests.support.build_engine import ScriptedEngine, outcomes, toy

OLD, NEW = (f"sha256:{digit * 64}" for digit in "12")
DEBIAN = "registry.example:4000/debian"
WEB = toy("localhost/x/web:1", dockerfile=f"FROM {DEBIAN}:13 AS start\nRUN true\nFROM start\n")


def foreign(digest: str) -> EngineImage:
    return EngineImage(
        id=digest, size=1, created="", labels={}, layers=(f"of {digest}",), digests=(f"{DEBIAN}@{digest}",)
    )


@pytest.fixture
def engine() -> ScriptedEngine:
    """An engine with an image of ours on an old foreign one, which it has by tag and by digest."""
    old = foreign(OLD)
    web = EngineImage(
        id="sha256:3", size=1, created="", labels={HASH_LABEL: WEB.content_hash}, layers=(*old.layers, "web")
    )
    return ScriptedEngine(images={f"{DEBIAN}:13": old, f"{DEBIAN}@{OLD}": old, WEB.reference: web})


def built(engine: ScriptedEngine, folder: Path, base: str, **settings: object) -> BuildOutcome:
    bases = {"web": base} if base else {}
    return outcomes(engine, folder, WEB, pins={}, bases=bases, package_cache=folder, **settings)["web"]


def test_the_lock_gets_the_digest_of_what_an_image_was_built_on(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    outcome = built(engine, tmp_path, "")
    assert (outcome.result.value, outcome.base) == ("up to date", f"{DEBIAN}:13@{OLD}")


def test_the_lock_gets_nothing_if_the_tag_has_moved_since(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.images[f"{DEBIAN}:13"] = foreign(NEW)
    assert built(engine, tmp_path, "").base is None


def test_an_image_on_what_the_lock_has_is_not_built_again(engine: ScriptedEngine, tmp_path: Path) -> None:
    assert built(engine, tmp_path, f"{DEBIAN}:13@{OLD}").result.value == "up to date"


def test_an_image_on_another_one_is_built_again_on_what_the_lock_has(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    outcome = built(engine, tmp_path, f"{DEBIAN}:13@{NEW}")
    assert outcome.base == f"{DEBIAN}:13@{NEW}"
    assert engine.dockerfiles[WEB.reference].startswith(
        f"FROM {DEBIAN}@{NEW} AS start\nRUN true\nFROM start\n"
    )


def test_the_digest_of_another_tag_pins_nothing(engine: ScriptedEngine, tmp_path: Path) -> None:
    assert built(engine, tmp_path, f"{DEBIAN}:12@{NEW}").base == f"{DEBIAN}:13@{OLD}"


def test_what_the_lock_pins_is_not_pulled_anew(engine: ScriptedEngine, tmp_path: Path) -> None:
    built(engine, tmp_path, f"{DEBIAN}:13@{OLD}", pull=True)
    assert engine.built == []


def test_another_digest_in_the_lock_is_a_reason(engine: ScriptedEngine, tmp_path: Path) -> None:
    pins = package_pins(engine, {"web": WEB}, {}, tmp_path, {"web": f"{DEBIAN}:13@{NEW}"})
    (rebuild,) = rebuilds({"web": WEB}, engine.labels, pins)
    assert rebuild.reasons == [f"base image `{DEBIAN}:13` changed"]


@pytest.mark.parametrize(("start", "base"), [
    ("docker.io/library/debian:13", "docker.io/library/debian:13"),
    ("debian", "debian"),
    ("scratch", ""),
    ("localhost/x/base:1", ""),
    (f"{DEBIAN}@{OLD}", ""),
    ("${BASE}", ""),
])  # fmt: skip
def test_a_foreign_image_with_a_tag_is_pinned(start: str, base: str) -> None:
    assert base_of(toy("localhost/x/web:1", dockerfile=f"FROM {start}\n")) == base
