"""Build arguments: which a build gets, and which change the image."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.build_args import from_words
from compiler.images.config import images_config
from compiler.images.recipe import ImageRecipe
from tests.support.image_trees import selected, write

DOCKERFILE = "ARG BASE=scratch\nFROM $BASE\nARG ONE=1 TWO\nARG http_proxy\n"
PROXY = {"http_proxy": "http://proxy.example:3128"}


def recipe(
    folder: Path,
    *,
    image: str = "",
    all_images: str = "",
    words: tuple[str, ...] = (),
    proxies: dict[str, str] | None = None,
) -> ImageRecipe:
    tree = write(folder / "images", web=DOCKERFILE)
    (tree / "web/image.yaml").write_text(image)
    (folder / "images.yaml").write_text(all_images)
    return selected(
        tree,
        config=images_config([folder / "images.yaml"]),
        build_args=dict(from_words(words, {"TWO": "of the environment"})),
        proxies=proxies or {},
    ).checked()["web"]


@pytest.mark.parametrize(
    ("image", "all_images", "words", "arguments"),
    [
        ("", "", (), {}),
        ("build_args: {ONE: a}", "", (), {"ONE": "a"}),
        ("build_args: {ONE: a}", "build_args: {ONE: b, OTHER: c}", (), {"ONE": "b"}),
        ("", "{build_args: {ONE: b}, images: {web: {build_args: {ONE: c}}}}", (), {"ONE": "c"}),
        ("", "images: {web: {build_args: {ONE: c}}}", ("ONE=d=e", "BASE=b"), {"BASE": "b", "ONE": "d=e"}),
        ("", "", ("TWO",), {"TWO": "of the environment"}),
    ],
)  # fmt: skip
def test_a_build_gets_the_arguments_that_its_dockerfile_declares(
    image: str, all_images: str, words: tuple[str, ...], arguments: dict[str, str], tmp_path: Path
) -> None:
    assert recipe(tmp_path, image=image, all_images=all_images, words=words).build_args == arguments


def test_a_build_gets_the_proxies(tmp_path: Path) -> None:
    assert recipe(tmp_path, words=("ONE=a",), proxies=PROXY).build_args == {"ONE": "a", **PROXY}


@pytest.mark.parametrize(
    ("words", "proxies", "is_same"),
    [
        (("ONE=a",), {}, False),
        (("OTHER=a",), {}, True),
        (("http_proxy=a",), {}, True),
        ((), PROXY, True),
    ],
)
def test_the_hash_covers_the_arguments_that_are_used_and_no_proxies(
    words: tuple[str, ...], proxies: dict[str, str], is_same: bool, tmp_path: Path
) -> None:
    plain = recipe(tmp_path).content_hash
    assert (recipe(tmp_path, words=words, proxies=proxies).content_hash == plain) == is_same


def test_a_proxy_among_the_arguments_overrides_that_of_the_environment(tmp_path: Path) -> None:
    assert recipe(tmp_path, words=("http_proxy=a",), proxies=PROXY).build_args == {"http_proxy": "a"}


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("=a", "error: `--build-arg =a` is not valid\nhint: write it as `NAME=VALUE`"),
        ("A-B=1", "error: `--build-arg A-B=1` is not valid\nhint: write it as `NAME=VALUE`"),
        ("ONE", "error: `--build-arg ONE` has no value\nhint: add one, or set `$ONE`"),
    ],
)
def test_an_argument_without_name_or_value_is_an_error(word: str, problem: str) -> None:
    with pytest.raises(HeatsinkError) as raised:
        dict(from_words((word,), {}))
    assert raised.value.render() == problem
