"""Sets of images: of the tree, and foreign ones."""

from __future__ import annotations

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.selection import ImageSet, deployed, image_name

DIGEST = f"sha256:{'0' * 64}"
REDIS = "docker.io/library/redis:7"


@pytest.mark.parametrize(
    "reference",
    [
        "memcached",
        "memcached:1",
        "registry:4000/heatsink/memcached:0.1.0",
        f"registry:4000/heatsink/memcached@{DIGEST}",
        f"registry:4000/heatsink/memcached:1@{DIGEST}",
    ],
)
def test_the_last_name_of_a_reference_is_that_of_its_image(reference: str) -> None:
    assert image_name(reference) == "memcached"


def test_a_deployed_image_is_of_the_tree_or_foreign() -> None:
    assert deployed(["r/heatsink/web:1", REDIS], {"web", "db"}) == ImageSet(
        frozenset({"web"}), frozenset({REDIS}), frozenset({"r/heatsink/web:1"})
    )


def test_patterns_match_foreign_images_by_their_last_name() -> None:
    images = ImageSet(frozenset({"web", "db"}), frozenset({REDIS, "quay.io/site/web-tools:1"}))
    assert images.matching(["w*"], "image") == ImageSet(
        frozenset({"web"}), frozenset({"quay.io/site/web-tools:1"})
    )


def test_a_pattern_that_matches_no_image_of_a_set_is_an_error() -> None:
    with pytest.raises(HeatsinkError, match="no selected image matches `redi`"):
        ImageSet(frozenset({"web"}), frozenset({REDIS})).matching(["redi"], "selected image")


def test_references_of_hosts_stay_with_the_names_that_are_left() -> None:
    fleet = deployed(["r/heatsink/web:1", "r/heatsink/db:1"], {"web", "db"})
    assert (fleet & ImageSet(frozenset({"web"}))).deployed == {"r/heatsink/web:1"}
    assert fleet.matching(["d*"], "image").deployed == {"r/heatsink/db:1"}
