"""What a registry says of the size of images, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from compiler.images.sizes import sizes
from tests.support.loopback_registry import digest, image, index, loopback, manifests, serves

ONE, ARM, AMD = image(2, 3), image(5), image(4, 7)
ANSWERS = {
    **manifests(one=ONE, arm=ARM, amd=AMD, latest=index(arm64=ARM, amd64=AMD), s390x=index(s390x=ONE)),
    "/v2/web/manifests/odd": serves(b"[]"),
    "/v2/web/manifests/empty": serves(b'{"manifests": []}'),
}


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with loopback(ANSWERS) as server:
        yield server.address


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("web:one", 5),
        (f"web:one@{digest(AMD)}", 11),
        (f"web@{digest(ONE)}", 5),
        ("web", 11),
        ("web:s390x", 5),
        ("web:missing", None),
        ("web:odd", None),
        ("web:empty", 0),
    ],
)
def test_the_size_is_that_of_the_layers(registry: str, name: str, size: int | None) -> None:
    assert sizes([f"{registry}/{name}"]) == {f"{registry}/{name}": size}


def test_a_registry_that_is_not_there_says_nothing() -> None:
    assert sizes(["127.0.0.1:1/one:1", "UPPER"]) == {"127.0.0.1:1/one:1": None, "UPPER": None}
