"""Which images a build would build, and the reasons that are given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from compiler.images.content import CONTENT_LABEL, content_label
from compiler.images.dockerfile import Naming, RenderSettings
from compiler.images.engines.protocol import HASH_LABEL
from compiler.images.rebuild import rebuilds
from compiler.images.recipe import ImageRecipe, recipes
from compiler.images.tree import discover

SETTINGS = RenderSettings(naming=Naming(tag="1"), version="1")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An image with two files, and one that is built on it."""
    for name, text in {"base": "FROM scratch\n", "web": 'FROM {{ parent("base") }}\n'}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile.j2").write_text(text)
    (tmp_path / "base/start").write_text("#!/bin/sh\n")
    (tmp_path / "base/users").write_text("web 1\n")
    return tmp_path


def recipes_in(tree: Path) -> Mapping[str, ImageRecipe]:
    images = discover([tree])
    return recipes(images, images, SETTINGS).checked()


def labels_in(tree: Path) -> dict[str, dict[str, str]]:
    """The labels that the images of a tree get, by reference."""
    now = recipes_in(tree)
    return {
        recipe.reference: {HASH_LABEL: recipe.content_hash, **content_label(recipe, now)}
        for recipe in now.values()
    }


def reasons(tree: Path, labels: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    return {rebuild.recipe.name: rebuild.reasons for rebuild in rebuilds(recipes_in(tree), labels.get)}


def test_what_is_built_from_the_same_content_is_not_built_again(tree: Path) -> None:
    assert reasons(tree, labels_in(tree)) == {}


def test_an_image_that_the_engine_lacks_is_new(tree: Path) -> None:
    assert reasons(tree, {}) == {"base": ["new"], "web": ["new"]}


def test_each_changed_file_is_a_reason_and_so_is_a_changed_parent(tree: Path) -> None:
    before = labels_in(tree)
    (tree / "base/users").write_text("web 2\n")
    (tree / "base/start").chmod(0o755)
    (tree / "base/hosts").touch()
    assert reasons(tree, before) == {
        "base": ["file `hosts` added", "file `start` changed", "file `users` changed"],
        "web": ["parent `base` changed"],
    }


def test_a_changed_dockerfile_and_another_parent_are_reasons(tree: Path) -> None:
    before = labels_in(tree)
    (tree / "web/Dockerfile.j2").write_text("FROM scratch\n")
    (tree / "base/users").unlink()
    assert reasons(tree, before) == {
        "base": ["file `users` removed"],
        "web": ["Dockerfile changed", "parent `base` removed"],
    }


def test_another_source_build_argument_or_label_is_a_reason(tree: Path) -> None:
    (tree / "web/Dockerfile.j2").write_text("FROM scratch\nARG ONE\nADD sources/app.tar /\n")
    source = "{name: app, type: local, location: app}"
    written = f"{{build_args: {{ONE: VALUE}}, labels: {{one: VALUE}}, sources: [{source}]}}"
    for value in ("a", "b"):
        before = labels_in(tree) if value == "b" else {}
        (tree / "web/image.yaml").write_text(written.replace("VALUE", value))
        (tree / "web/app").write_text(value)
    assert reasons(tree, before)["web"] == [
        "build argument `ONE` changed",
        "label `one` changed",
        "source `app` changed",
    ]


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({}, "not built by heatsink"),
        ({HASH_LABEL: "0" * 64}, "built by an earlier heatsink"),
        ({HASH_LABEL: "0" * 64, CONTENT_LABEL: "{"}, "built by an earlier heatsink"),
        ({HASH_LABEL: "0" * 64, CONTENT_LABEL: '{"file": ["start"]}'}, "built by an earlier heatsink"),
    ],
)
def test_an_image_that_does_not_say_what_it_was_built_from_is_named_as_such(
    labels: dict[str, str], reason: str, tree: Path
) -> None:
    assert reasons(tree, {"localhost/heatsink/base:1": labels})["base"] == [reason]


def test_an_image_with_the_same_parts_and_another_hash_was_built_from_something_else(tree: Path) -> None:
    labels = labels_in(tree)
    labels["localhost/heatsink/web:1"][HASH_LABEL] = "0" * 64
    assert reasons(tree, labels) == {"web": ["built from something else"]}


def test_a_label_has_short_digests_of_all_parts(tree: Path) -> None:
    now = recipes_in(tree)
    parts = json.loads(content_label(now["web"], now)[CONTENT_LABEL])
    assert {kind: list(names) for kind, names in parts.items()} == {
        "build argument": [],
        "dockerfile": ["Dockerfile"],
        "file": [],
        "label": ["org.opencontainers.image.title", "org.opencontainers.image.version"],
        "parent": ["base"],
        "source": [],
    }


def test_a_label_that_would_be_too_long_is_left_out(tree: Path) -> None:
    for number in range(3000):
        (tree / "base" / f"{number}.txt").touch()
    now = recipes_in(tree)
    assert content_label(now["base"], now) == {}
