"""What a registry says of the size of images, and what it does not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from compiler.images.sizes import sizes

INDEX = {
    "manifests": [
        {"digest": "sha256:arm", "platform": {"architecture": "arm64"}},
        {"digest": "sha256:amd", "platform": {"architecture": "amd64"}},
    ]
}
MANIFESTS = {
    "/v2/a/one/manifests/1": {"layers": [{"size": 2}, {"size": 3}]},
    "/v2/a/one/manifests/sha256:0a": {"layers": [{"size": 7}]},
    "/v2/many/manifests/latest": INDEX,
    "/v2/many/manifests/sha256:amd": {"layers": [{"size": 11}]},
    "/v2/odd/manifests/1": [],
}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        manifest = MANIFESTS.get(self.path)
        self.send_response(404 if manifest is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(manifest).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("image", "size"),
    [
        ("a/one:1", 5),
        ("a/one:1@sha256:0a", 7),
        ("a/one@sha256:0a", 7),
        ("many", 11),
        ("missing:1", None),
        ("odd:1", None),
    ],
)
def test_the_size_is_that_of_the_layers(registry: str, image: str, size: int | None) -> None:
    assert sizes([f"{registry}/{image}"]) == {f"{registry}/{image}": size}


def test_a_registry_that_is_not_there_says_nothing() -> None:
    assert sizes(["127.0.0.1:1/one:1", "short"]) == {"127.0.0.1:1/one:1": None, "short": None}
