"""A registry on a free port of loopback, for clients in this process: it answers what a test says."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from compiler.deploy.certificates import KeyAndPublic, new_authority, new_certificate

NOW = datetime.now(UTC)
AUTHORITY = new_authority("Test CA", NOW)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


CONFIG = digest(b"config")


def image(*layers: int) -> bytes:
    """The manifest of an image with layers of these sizes."""
    sizes = [{"digest": digest(b"layer"), "size": size} for size in layers]
    return json.dumps({"config": {"digest": CONFIG}, "layers": sizes}).encode()


def index(**images: bytes) -> bytes:
    """An index of images, by their architectures."""
    rows = [
        {"digest": digest(content), "platform": {"architecture": architecture}}
        for architecture, content in images.items()
    ]
    return json.dumps({"manifests": rows}).encode()


class Handler(BaseHTTPRequestHandler):
    """What a test makes a server of: `answers` has a function for the beginning of a path."""

    answers: Mapping[str, Callable[[Handler], None]]
    seen: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        answers = (answer for path, answer in self.answers.items() if self.path.startswith(path))
        with suppress(OSError):  # who asks has left
            next(answers, not_found)(self)

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.path = f"{self.path}?{form}"
        self.do_GET()

    def reply(self, content: bytes = b"", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def not_found(request: Handler) -> None:
    request.reply(status=404)


def serves(content: bytes, status: int = 200, **headers: str) -> Callable[[Handler], None]:
    return lambda request: request.reply(content, status, **headers)


def manifests(**by_tag: bytes) -> dict[str, Callable[[Handler], None]]:
    """The answers of a registry that has these images as `web`, by their tags and by their digests."""
    by_version = {**by_tag, **{digest(content): content for content in by_tag.values()}}
    return {f"/v2/web/manifests/{version}": serves(content) for version, content in by_version.items()}


@dataclass
class Loopback:
    """A server that runs: its address, and the path and `Authorization` of every request."""

    address: str
    seen: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def loopback(answers: Mapping[str, Callable[[Handler], None]], tls: Path | None = None) -> Iterator[Loopback]:
    """A server with these answers; with TLS, by a certificate that is written into a folder."""
    seen: list[tuple[str, str]] = []
    handler = type("Answers", (Handler,), {"answers": answers, "seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        if tls:
            server.socket = server_context(tls).wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Loopback(f"127.0.0.1:{server.server_port}", seen)
        server.shutdown()


def write_certificate(folder: Path, made: KeyAndPublic | None = None) -> tuple[Path, Path, Path]:
    """The authority, a certificate for 127.0.0.1 and its key, as files."""
    made = made or new_certificate("registry", ["127.0.0.1", "localhost"], AUTHORITY, NOW)
    ca, certificate, key = (folder / name for name in ("ca.crt", "server.crt", "server.key"))
    for path, text in ((ca, AUTHORITY.public), (certificate, made.public), (key, made.key)):
        path.write_text(text)
    return ca, certificate, key


def server_context(folder: Path) -> ssl.SSLContext:
    _, certificate, key = write_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
