"""References of images, as engines read them."""

from __future__ import annotations

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.reference import image_reference

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("text", "host", "name", "version"),
    [
        ("nginx", "docker.io", "library/nginx", "latest"),
        ("docker.io/nginx:1.27", "docker.io", "library/nginx", "1.27"),
        ("site/web:1", "docker.io", "site/web", "1"),
        ("localhost/web", "localhost", "web", "latest"),
        ("localhost:5000/web", "localhost:5000", "web", "latest"),
        ("registry:4000/web:1", "registry:4000", "web", "1"),
        ("[2001:db8::1]:4000/a/b/c:v1.0_x-y", "[2001:db8::1]:4000", "a/b/c", "v1.0_x-y"),
        (f"registry.example/web:1@{DIGEST}", "registry.example", "web", DIGEST),
    ],
)
def test_a_reference_has_a_registry_a_name_and_a_version(
    text: str, host: str, name: str, version: str
) -> None:
    reference = image_reference(text)
    assert (reference.host, reference.name, reference.version) == (host, name, version)
    assert reference.digest == (version if version == DIGEST else None)


@pytest.mark.parametrize(
    "text", ["", "UPPER/x", "a b", "a:1:2", "registry.example/", "a//b", "x y.z/a", f"@{DIGEST}", "a\n", "?q"]
)
def test_what_no_engine_understands_is_refused(text: str) -> None:
    with pytest.raises(HeatsinkError, match="is not a valid image reference"):
        image_reference(text)
