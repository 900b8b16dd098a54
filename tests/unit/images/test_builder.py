"""Which images are built, and which are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.builder import label_line
from compiler.images.engines.protocol import HASH_LABEL, EngineImage
from compiler.images.outcome import BuildOutcome, BuildResult, forgiven
from compiler.images.recipe import ImageRecipe
from tests.support.build_engine import ScriptedEngine, outcomes, toy

BASE, WEB = toy("base"), toy("web", "base")
CHANGED = replace(BASE, content_hash="2")


def has(engine: ScriptedEngine, *recipes: ImageRecipe) -> ScriptedEngine:
    """The engine, with images that are up to date."""
    for recipe in recipes:
        image = EngineImage(
            id=f"sha256:{recipe.name}", size=1, created="", labels={HASH_LABEL: recipe.content_hash}
        )
        engine.images[recipe.reference] = image
    return engine


def states(found: dict[str, BuildOutcome]) -> dict[str, str]:
    return {name: outcome.result.value for name, outcome in found.items()}


def test_what_the_engine_has_with_the_same_hash_is_not_built(tmp_path: Path) -> None:
    engine = has(ScriptedEngine(), BASE)
    found = outcomes(engine, tmp_path, BASE, WEB)
    assert (states(found), engine.built) == ({"base": "up to date", "web": "built"}, ["web"])


def test_without_the_cache_everything_is_built(tmp_path: Path) -> None:
    engine = has(ScriptedEngine(), BASE, WEB)
    outcomes(engine, tmp_path, BASE, WEB, cached=False)
    assert [(request.reference, request.cached) for request in engine.requests] == [
        ("base", False), ("web", False),
    ]  # fmt: skip


def test_an_outcome_has_the_image_and_the_log(tmp_path: Path) -> None:
    engine = ScriptedEngine({"base": [{"stream": "STEP 1/1: FROM scratch\n"}]})
    outcome = outcomes(engine, tmp_path, BASE)["base"]
    assert (outcome.image, outcome.log) == (engine.images["base"], tmp_path / "base.log")
    assert (tmp_path / "base.log").read_text() == "STEP 1/1: FROM scratch\n"


def test_an_image_of_a_registry_is_pulled_for_those_that_are_built_on_it_alone(tmp_path: Path) -> None:
    engine = has(ScriptedEngine(), BASE)
    outcomes(engine, tmp_path, BASE, WEB, pull=True)
    assert [(request.reference, request.pull) for request in engine.requests] == [
        ("base", True), ("web", False),
    ]  # fmt: skip


def test_what_is_built_on_a_newer_image_is_built_again(tmp_path: Path) -> None:
    engine = has(ScriptedEngine(), BASE, WEB)
    outcomes(engine, tmp_path, BASE, WEB, pull=True)
    assert engine.built == ["base", "web"]


def test_with_a_time_for_the_images_no_earlier_layers_are_used(tmp_path: Path) -> None:
    engine = has(ScriptedEngine(), BASE)
    outcomes(engine, tmp_path, BASE, WEB, epoch=1_700_000_000)
    assert [(request.reference, request.cached, request.arguments) for request in engine.requests] == [
        ("web", False, {"SOURCE_DATE_EPOCH": "1700000000"}),
    ]


def test_an_image_that_no_registry_has_is_not_pulled(tmp_path: Path) -> None:
    engine = ScriptedEngine()
    outcomes(engine, tmp_path, toy("localhost/x/web:1", dockerfile="FROM localhost/own:1\n"), pull=True)
    assert [request.pull for request in engine.requests] == [False]


def test_a_root_file_system_is_not_pulled(tmp_path: Path) -> None:
    rootfs = replace(BASE, rootfs=("trixie",))
    found = outcomes(has(ScriptedEngine(), rootfs), tmp_path, rootfs, pull=True)
    assert states(found) == {"base": "up to date"}


def test_parents_that_are_skipped_stay_as_they_are(tmp_path: Path) -> None:
    engine = has(ScriptedEngine(), BASE)
    found = outcomes(engine, tmp_path, CHANGED, WEB, kept=frozenset({"base"}))
    assert (states(found), engine.built) == ({"base": "kept", "web": "built"}, ["web"])


def test_what_is_built_on_an_outdated_parent_is_built_again_by_the_next_build(tmp_path: Path) -> None:
    engine = has(ScriptedEngine(), BASE)
    outcomes(engine, tmp_path, CHANGED, WEB, kept=frozenset({"base"}))
    outcomes(engine, tmp_path, CHANGED, WEB)
    assert engine.built == ["web", "base", "web"]


def test_an_image_whose_skipped_parent_is_missing_is_not_built(tmp_path: Path) -> None:
    found = outcomes(ScriptedEngine(), tmp_path, BASE, WEB, kept=frozenset({"base"}))
    assert [(outcome.result.value, outcome.reason) for outcome in found.values()] == [
        ("not built", "the engine does not have it"),
        ("not built", "parent `base` was not built"),
    ]


def test_a_file_that_vanishes_fails_its_image(tmp_path: Path) -> None:
    from compiler.images.recipe import ContextFile

    gone = replace(BASE, context=(ContextFile(path="file", origin=tmp_path / "file"),))
    outcome = outcomes(ScriptedEngine(), tmp_path / "logs", gone)["base"]
    assert outcome.reason == f"`{tmp_path}/file` cannot be read: no such file or directory"


PARENTS = {"base": (), "web": ("base",), "both": ("web", "other"), "other": ()}


@pytest.mark.parametrize(
    ("failed", "allowed", "expected"),
    [
        ("", "base", ""),
        ("base web both", "base", "base web both"),
        ("web both", "web", "web both"),
        ("web both", "both", "both"),
        ("web other both", "web", "web"),
        ("web other both", "web other", "web other both"),
    ],
)
def test_what_is_built_on_images_that_may_fail_alone_may_be_missing(
    failed: str, allowed: str, expected: str
) -> None:
    def outcome(name: str) -> BuildOutcome:
        result = BuildResult.FAILED if name in failed.split() else BuildResult.BUILT
        return BuildOutcome(name=name, result=result)

    order = [outcome(name) for name in ("base", "other", "web", "both")]
    assert forgiven(order, PARENTS, set(allowed.split())) == set(expected.split())


def test_labels_are_a_line_of_the_dockerfile_in_one_order_with_quoted_values() -> None:
    assert label_line({"b": "$HOME", "a": '"\\'}) == r'''LABEL "a"="\"\\" "b"="\$HOME"'''


@pytest.mark.parametrize("label", [("name", "two\nlines"), ("two\nlines", "value"), ("name", "a line\n")])
def test_a_label_of_several_lines_is_refused(label: tuple[str, str]) -> None:
    with pytest.raises(HeatsinkError, match="has more than one line"):
        label_line(dict([label]))
