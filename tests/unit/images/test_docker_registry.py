"""A real registry, Debian's docker-registry, with TLS and a login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from tests.support.docker_registry import LOGIN, logged_in, needs_docker_registry, secured_registry, upload

pytestmark = needs_docker_registry


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def registry(folder: Path) -> Iterator[str]:
    with secured_registry(folder) as address:
        yield address


def test_a_login_gets_the_digest(folder: Path, registry: str) -> None:
    pushed = upload(registry, "web")
    client = logged_in(folder, registry, LOGIN)
    by_tag, by_digest = (client.manifest(f"{registry}/web{version}") for version in (":1", f"@{pushed}"))
    assert (by_tag.digest, by_digest) == (pushed, by_tag)


def test_a_wrong_password_is_refused(folder: Path, registry: str) -> None:
    with pytest.raises(HeatsinkError, match="access denied for user `ann`"):
        logged_in(folder, registry, "ann:wrong").manifest(f"{registry}/web:1")


def test_a_missing_image_is_refused(folder: Path, registry: str) -> None:
    with pytest.raises(HeatsinkError, match="it has no such image"):
        logged_in(folder, registry, LOGIN).manifest(f"{registry}/web:2")
