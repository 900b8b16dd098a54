"""Hosts run images that a trusted key has signed, and no others of a registry."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from compiler.images.gpg import Keyring
from compiler.images.lookaside import Lookaside
from compiler.images.signing import sign
from compiler.lab import LabNode
from tests.support.docker_registry import LOGIN, secured_registry, upload
from tests.support.footprint import footprint
from tests.support.gnupg import KEY, Signer, signer
from tests.support.images import layer_of
from tests.support.loopback_registry import AUTHORITY
from tests.support.nodes import Operator
from tests.support.registry_client import compile_web

pytestmark = [
    pytest.mark.lab,
    pytest.mark.backends,
    pytest.mark.skipif(not shutil.which("gpg"), reason="needs apt-get install gnupg"),
]

USER, PASSWORD = LOGIN.split(":")


@dataclass(frozen=True, kw_only=True)
class Site:
    """A registry with two images, of which one is signed, and its signatures on a web server."""

    signed: str
    unsigned: str
    settings: dict[str, object]


@pytest.fixture
def site(node: LabNode, operator: Operator) -> Iterator[Site]:
    folder = operator.folder
    gateway = node.lab.gateway
    with signer() as release, secured_registry(folder, gateway) as address, served(folder, gateway) as url:
        signed = f"{address}/site/web@{upload(address, 'site/web', layer_of(node))}"
        unsigned = f"{address}/site/web@{upload(address, 'site/web')}"
        list(sign(Keyring(release.environment), KEY, [(signed, signed)], Lookaside(folder / "signatures")))
        yield Site(signed=signed, unsigned=unsigned, settings=settings(address, url, release))
    # Whatever comes next on this node needs its own policy again.
    operator.heatsink("destroy", "--yes")


def settings(address: str, url: str, release: Signer) -> dict[str, object]:
    return {
        "RegistryAddresses": [address],
        "RegistryUser": USER,
        "RegistryCaCertificate": AUTHORITY.public,
        "RegistrySignatureLookaside": url,
        "RegistrySignatureKeys": release.gpg("--armor", "--export", KEY).decode(),
    }


@contextmanager
def served(folder: Path, host: str) -> Iterator[str]:
    """The URL of the folder's signatures."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder / "signatures"))
    with ThreadingHTTPServer((host, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{host}:{server.server_port}"
        server.shutdown()


def test_an_image_that_no_trusted_key_has_signed_is_named_and_changes_nothing(
    operator: Operator, node: LabNode, site: Site
) -> None:
    secrets = {"RegistryPassword": PASSWORD}
    compile_web(operator, node, site.signed, site.settings, secrets)
    operator.push()
    operator.status(code=0)
    before = footprint(node)
    compile_web(operator, node, site.unsigned, site.settings, secrets)
    said = operator.push(code=1)
    assert f"image `{site.unsigned}` " in said
    assert "sign it" in said
    assert footprint(node) == before
