"""Images from a registry into a file, and from the file into another registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.layout_file import read_layout
from compiler.images.loading import load
from compiler.images.registry import RegistryClient
from compiler.images.saving import pinned, references_of, save
from compiler.images.selection import ImageSet
from tests.support.docker_registry import LOGIN, logged_in, needs_docker_registry, secured_registry
from tests.support.layouts import SmallImage, write_layout
from tests.support.loopback_registry import digest, index, loopback, serves

WEB, DB = "r.example/site/web:1", "r.example/site/db:1"
DIGESTS = {WEB: f"sha256:{'1' * 64}", DB: f"sha256:{'2' * 64}", "r.example/site/web:2": f"sha256:{'3' * 64}"}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    with secured_registry(tmp_path) as address:
        yield address


@needs_docker_registry
def test_an_image_keeps_its_digest_from_a_registry_through_a_file_into_another(
    registry: str, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    original = SmallImage(f"{registry}/site/web:1", b"web" * 1000)
    first = read_layout(write_layout(tmp_path / "first", original))
    list(load(logged_in(tmp_path, registry, LOGIN), first, registry))
    save(
        logged_in(tmp_path, registry, LOGIN), {original.reference: original.image.pinned}, tmp_path / "saved"
    )
    assert (tmp_path / "saved").read_bytes() == (tmp_path / "first").read_bytes()
    with secured_registry(tmp_path / "other") as other:
        client = logged_in(tmp_path / "other", other, LOGIN)
        outcomes = list(load(client, read_layout(tmp_path / "saved"), other))
        again = list(load(client, read_layout(tmp_path / "saved"), other))
        assert client.manifest(f"{other}/site/web:1").digest == original.image.digest
    assert [(outcome.reference, outcome.digest, outcome.sent) for outcome in (*outcomes, *again)] == [
        (f"{other}/site/web:1", original.image.digest, 2),
        (f"{other}/site/web:1", original.image.digest, 0),
    ]


@needs_docker_registry
def test_a_login_that_is_wrong_is_refused_before_anything_is_sent(registry: str, tmp_path: Path) -> None:
    file = read_layout(write_layout(tmp_path / "file", SmallImage("r.example/web:1")))
    with pytest.raises(HeatsinkError, match="access denied for user `ann`"):
        list(load(logged_in(tmp_path, registry, "ann:wrong"), file, registry))


def test_a_registry_that_serves_another_layer_leaves_no_file(tmp_path: Path) -> None:
    image = SmallImage("x/web:1", b"right")
    answers = {
        f"/v2/web/manifests/{image.image.digest}": serves(image.image.manifest),
        f"/v2/web/blobs/{digest(b'{}')}": serves(b"{}"),
        f"/v2/web/blobs/{digest(b'right')}": serves(b"wrong"),
    }
    with loopback(answers) as server:
        client = RegistryClient(insecure=frozenset((server.address,)))
        reference = f"{server.address}/web@{image.image.digest}"
        with pytest.raises(HeatsinkError, match="does not have that digest"):
            save(client, {f"{server.address}/web:1": reference}, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_without_end_is_not_read_further_than_its_size(tmp_path: Path) -> None:
    image = SmallImage("x/web:1", b"short")
    answers = {
        f"/v2/web/manifests/{image.image.digest}": serves(image.image.manifest),
        f"/v2/web/blobs/{digest(b'{}')}": serves(b"{}"),
        f"/v2/web/blobs/{digest(b'short')}": serves(b"long" * 10_000_000),
    }
    with loopback(answers) as server:
        client = RegistryClient(insecure=frozenset((server.address,)))
        reference = f"{server.address}/web@{image.image.digest}"
        with pytest.raises(HeatsinkError, match="does not have that digest"):
            save(client, {f"{server.address}/web:1": reference}, tmp_path / "file")


def test_an_index_of_platforms_is_named(tmp_path: Path) -> None:
    content = index(amd64=SmallImage("x/web:1").image.manifest)
    with loopback({f"/v2/web/manifests/{digest(content)}": serves(content)}) as server:
        client = RegistryClient(insecure=frozenset((server.address,)))
        with pytest.raises(HeatsinkError, match="cannot be saved: it is an index of images"):
            save(client, {"web:1": f"{server.address}/web@{digest(content)}"}, tmp_path / "file")


def test_of_a_fleet_exactly_what_hosts_refer_to_is_saved() -> None:
    images = ImageSet(frozenset({"web"}), frozenset({"docker.io/redis:7"}), frozenset({WEB}))
    assert references_of(images, DIGESTS) == ["docker.io/redis:7", WEB]


def test_of_names_every_reference_of_the_lock_is_saved() -> None:
    assert references_of(ImageSet(frozenset({"web"})), DIGESTS) == [WEB, "r.example/site/web:2"]


def test_an_image_that_is_not_locked_is_an_error() -> None:
    with pytest.raises(HeatsinkError, match="no digest is locked for an image `nova`"):
        references_of(ImageSet(frozenset({"nova"})), DIGESTS)


def test_references_are_pinned_by_the_lock_or_by_themselves() -> None:
    by_digest = f"docker.io/redis@sha256:{'4' * 64}"
    assert pinned([WEB, by_digest], DIGESTS) == {
        WEB: f"r.example/site/web@{DIGESTS[WEB]}",
        by_digest: by_digest,
    }


def test_a_tag_that_is_not_locked_is_an_error() -> None:
    with pytest.raises(HeatsinkError, match="no digest is locked for `docker"):
        pinned(["docker.io/redis:7"], DIGESTS)
