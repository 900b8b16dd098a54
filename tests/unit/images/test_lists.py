"""Lists in Dockerfiles that an operator changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.config import ImagesConfig, images_config
from compiler.images.lists import customizable
from compiler.images.tree import discover
from compiler.jinja.reading import filter_arguments
from compiler.shipped import folder
from tests.support.image_trees import selected, write


@pytest.mark.parametrize(
    ("changes", "items"),
    [
        ({}, ["a", "b"]),
        ({"append": ["c", "d"]}, ["a", "b", "c", "d"]),
        ({"remove": ["a"]}, ["b"]),
        ({"append": ["c"], "remove": ["c", "b"]}, ["a"]),
        ({"append": ["c"], "remove": ["x"], "override": ["d"]}, ["d"]),
        ({"override": []}, []),
    ],
)
def test_a_list_is_changed_by_what_is_named_after_it(changes: dict[str, list[str]], items: list[str]) -> None:
    variables = {f"nova_api_packages_{name}": value for name, value in changes.items()}
    assert customizable({"image_name": "nova-api", **variables}, ["a", "b"], "packages") == items


def test_a_list_that_a_template_sets_to_something_else_is_an_error() -> None:
    with pytest.raises(HeatsinkError, match="`web_packages_append` must be a list"):
        customizable({"image_name": "web", "web_packages_append": "curl"}, [], "packages")


def config(folder: Path, *texts: str) -> ImagesConfig:
    paths = [folder / f"{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return images_config(paths)


def test_an_images_file_may_be_empty(tmp_path: Path) -> None:
    assert config(tmp_path, "", "# nothing yet\n") == ImagesConfig()


@pytest.mark.parametrize("split", [1, 2])
def test_files_can_be_merged_in_two_goes(split: int, tmp_path: Path) -> None:
    texts = (
        "lists: {a_b_append: [x]}",
        "lists: {a_b_append: [y], c_d_remove: []}",
        "lists: {c_d_remove: [z]}",
    )
    together = config(tmp_path, *texts)
    first, second = config(tmp_path, *texts[:split]), config(tmp_path, *texts[split:])
    assert first.overlaid_by(second).lists == together.lists


def test_a_changed_list_changes_the_hash_of_its_image_and_of_all_built_on_it(tmp_path: Path) -> None:
    listed = 'RUN install {{ ["a"] | customizable("packages") | join(" ") }}'
    tree = write(
        tmp_path / "images",
        base=f"FROM scratch\n{listed}",
        web='FROM {{ parent("base") }}',
        db=f"FROM scratch\n{listed}",
    )
    before = selected(tree).by_name
    after = selected(tree, config=config(tmp_path, "lists: {base_packages_append: [b]}")).by_name
    changed = {name for name in before if before[name].content_hash != after[name].content_hash}
    assert changed == {"base", "web"}


def test_the_packages_of_every_shipped_image_can_be_changed() -> None:
    images = discover([folder("images")]).values()
    installing = {image.name for image in images if "install_packages(" in image.source.text}
    assert installing == {image.name for image in images if filter_arguments(image.source, "customizable")}
