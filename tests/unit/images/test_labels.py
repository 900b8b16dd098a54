"""Labels of images."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.images.config import images_config
from compiler.images.labels import created, revision, sources_in
from compiler.images.recipe import ImageRecipe
from compiler.shipped import folder
from tests.support.git_repository import GitRepository
from tests.support.image_trees import selected, write

OF_BOTH = "{labels: {a: '2'}, images: {web: {labels: {a: '3'}}}}"
OWN = "labels: {org.opencontainers.image.title: b}"
OCI = "org.opencontainers.image"


def recipe(
    root: Path,
    *,
    image: str = "",
    all_images: str = "",
    dockerfile: str = "FROM scratch\n",
) -> ImageRecipe:
    tree = write(root / "images", web=dockerfile)
    (tree / "web/image.yaml").write_text(image)
    (root / "images.yaml").write_text(all_images)
    config = images_config([root / "images.yaml"])
    return selected(tree, config=config).checked()["web"]


@pytest.mark.parametrize(
    ("image", "all_images", "dockerfile", "added"),
    [
        ("", "", "", {f"{OCI}.title": "web", f"{OCI}.version": "1"}),
        ("", "", f"LABEL {OCI}.title=own", {f"{OCI}.version": "1"}),
        ("", "", f'LABEL a="b" \\\n {OCI}.title="own"', {f"{OCI}.version": "1"}),
        (OWN, "labels: {c: d}", "", {f"{OCI}.title": "b", f"{OCI}.version": "1", "c": "d"}),
        ("labels: {a: '1'}", OF_BOTH, "", {"a": "3", f"{OCI}.title": "web", f"{OCI}.version": "1"}),
    ],
)  # fmt: skip
def test_an_image_has_labels(
    image: str, all_images: str, dockerfile: str, added: dict[str, str], tmp_path: Path
) -> None:
    made = recipe(tmp_path, image=image, all_images=all_images, dockerfile=f"FROM scratch\n{dockerfile}\n")
    assert made.labels == added


def test_an_image_names_what_its_sources_are(tmp_path: Path) -> None:
    made = recipe(
        tmp_path,
        image=f"sources: [{{name: app, type: url, location: 'https://a.example/', sha256: {'a' * 64}}}]",
        dockerfile="FROM scratch\nADD sources/app.tar /\n",
    )
    assert made.labels["heatsink.source.app"] == f"sha256:{'a' * 64}"


def test_the_labels_of_an_image_say_what_its_sources_are() -> None:
    assert sources_in({"heatsink.source.app": "git:0123", "heatsink.sources": "x", "kind": "y"}) == {
        "app": "git:0123"
    }


def test_a_label_changes_the_hash(tmp_path: Path) -> None:
    assert recipe(tmp_path).content_hash != recipe(tmp_path, image="labels: {a: b}").content_hash


def test_the_commit_that_an_image_is_built_from_does_not_change_the_hash(tmp_path: Path) -> None:
    before = recipe(tmp_path)
    repository = GitRepository(tmp_path / "repository")
    commit = repository.commit(file="one")
    (tmp_path / "images").rename(repository.folder / "images")
    after = selected(repository.folder / "images").checked()["web"]
    assert after.content_hash == before.content_hash
    assert after.origin == {f"{OCI}.revision": commit}  # it ignores files that are not added


def test_the_revision_is_the_commit_of_the_tree(tmp_path: Path) -> None:
    repository = GitRepository(tmp_path / "images")
    commit = repository.commit(file="one")
    assert revision(repository.folder) == commit


def test_the_revision_of_a_changed_tree_says_so(tmp_path: Path) -> None:
    repository = GitRepository(tmp_path / "images")
    commit = repository.commit(file="one")
    (repository.folder / "file").write_text("two")
    assert revision(repository.folder) == f"{commit}-dirty"


def test_a_tree_outside_of_git_has_no_revision(tmp_path: Path) -> None:
    assert revision(tmp_path) == ""


def test_the_creation_time_is_the_one_that_is_fixed() -> None:
    assert created(1767225600) == {f"{OCI}.created": "2026-01-01T00:00:00Z"}


def test_an_image_without_a_fixed_time_does_not_say_when_it_was_created() -> None:
    assert created(None) == {}


def test_the_base_has_the_version_of_its_contract() -> None:
    dockerfile = selected(folder("images"), patterns=["base"]).checked()["base"].dockerfile
    assert 'LABEL kolla_version="heatsink-1" heatsink.config-api="1"\n' in dockerfile
