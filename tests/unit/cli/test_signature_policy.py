"""A push names images that a bundle's policy refuses, where the host's engine would not."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.host.layout import REGISTRIES
from compiler.images.gpg import Keyring
from compiler.images.lookaside import Lookaside
from compiler.images.signing import sign
from compiler.model.artifact import Artifacts, File
from compiler.model.container import Backend
from compiler.model.fleet import Connection
from tests.support.bundles import service, write_build
from tests.support.gnupg import KEY, Signer, signer
from tests.support.in_process import printed
from tests.support.layouts import SmallImage, write_layout

pytestmark = pytest.mark.skipif(not shutil.which("gpg"), reason="needs apt-get install gnupg")

WEB = SmallImage("registry.example/site/web:1", b"web")
IMAGE = f"registry.example/site/web@{WEB.image.digest}"
NOBODY = Connection(address="127.0.0.1", port=1)
REFUSAL = (
    f"error: image `{IMAGE}` has no signature in `signatures`\nhint: sign it with `heatsink images sign`\n"
)


@pytest.fixture(scope="module")
def release() -> Iterator[Signer]:
    with signer() as made:
        yield made


def compiled(
    folder: Path,
    release: Signer,
    backend: Backend,
    default: str = "insecureAcceptAnything",
    image: str = IMAGE,
) -> Path:
    """A build of a host that cannot be reached, whose policy wants signatures of a registry's images."""
    keys = base64.b64encode(release.gpg("--export", KEY)).decode()
    policy = {
        "default": [{"type": default}],
        "transports": {
            "docker": {"registry.example": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": keys}]}
        },
    }
    file = File(path=f"{REGISTRIES}/.config/containers/policy.json", content=json.dumps(policy).encode())
    parts = (service("web", images=(image,)), service("own", images=("localhost/own:1",)))
    write_build(
        folder / "build", {"one": (*parts, Artifacts(files=(file,)))}, {"one": NOBODY}, backend=backend
    )
    return folder


def said(folder: Path, command: str) -> str:
    """The errors of a command that fails."""
    code, text = printed(command.split(), folder, {"HOME": str(folder)}, io.StringIO())
    assert code == 1
    return text


@pytest.mark.parametrize("command", ["plan", "push-artifacts --yes", "bundle -o file"])
def test_docker_verifies_nothing_so_a_push_does(release: Signer, tmp_path: Path, command: str) -> None:
    assert said(compiled(tmp_path, release, Backend.DOCKER), command) == REFUSAL


def test_what_a_trusted_key_has_signed_goes_on_to_the_host(release: Signer, tmp_path: Path) -> None:
    folder = compiled(tmp_path, release, Backend.DOCKER, default="reject")
    list(
        sign(Keyring(release.environment), KEY, [(WEB.reference, IMAGE)], Lookaside(tmp_path / "signatures"))
    )
    assert "127.0.0.1 port 1 cannot be reached" in said(folder, "push-artifacts --yes")


def test_podman_verifies_what_it_pulls(release: Signer, tmp_path: Path) -> None:
    folder = compiled(tmp_path, release, Backend.PODMAN)
    assert "127.0.0.1 port 1 cannot be reached" in said(folder, "push-artifacts --yes")


@pytest.mark.parametrize("command", ["push-artifacts --yes", "bundle -o file"])
def test_what_is_sent_is_verified_for_podman_too(release: Signer, tmp_path: Path, command: str) -> None:
    folder = compiled(tmp_path, release, Backend.PODMAN)
    write_layout(folder / "images.oci.tar", WEB)
    assert said(folder, f"{command} --images images.oci.tar") == REFUSAL


def test_a_registry_that_the_policy_rejects_is_an_error(release: Signer, tmp_path: Path) -> None:
    folder = compiled(tmp_path, release, Backend.DOCKER, default="reject", image="other.example/web:1")
    assert said(folder, "push-artifacts --yes") == (
        "error: image `other.example/web:1` is rejected by the bundle's policy\n"
        "hint: take it from a registry of `RegistrySigned`, or set `RegistryUnsigned` to `accept`\n"
    )


def test_a_tag_says_too_little_to_be_verified(release: Signer, tmp_path: Path) -> None:
    folder = compiled(tmp_path, release, Backend.DOCKER, image=WEB.reference)
    assert f"no digest is locked for `{WEB.reference}`" in said(folder, "push-artifacts --yes")
