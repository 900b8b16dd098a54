"""Real builds that fetch from a server which is not always well."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from compiler.images.engines.podman_service import own_engine
from compiler.images.retries import Retries
from tests.support.build_engine import outcomes, toy

pytestmark = pytest.mark.lab

REFERENCE = "localhost/heatsink-test/toy-fetched:1"


class _Shaky(ThreadingHTTPServer):
    """Answers with these statuses, one after the other, and with the last for ever."""

    def __init__(self, statuses: Sequence[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.statuses, self.asked = list(statuses), 0


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Shaky)
        status = self.server.statuses[min(self.server.asked, len(self.server.statuses) - 1)]
        self.server.asked += 1
        self.send_response(status)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"x")

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def answering(*statuses: int) -> Iterator[_Shaky]:
    with _Shaky(statuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("statuses", "result", "asked"),
    [((503, 503, 200), "built", 3), ((503,), "failed", 4), ((503, 404), "failed", 2), ((404,), "failed", 1)],
    ids=["it recovers", "it does not recover", "it loses the file", "it never had the file"],
)
def test_a_build_is_tried_again_while_the_server_fails(
    statuses: tuple[int, ...], result: str, asked: int, tmp_path: Path
) -> None:
    with answering(*statuses) as server, own_engine() as engine:
        dockerfile = f"FROM scratch\nADD http://127.0.0.1:{server.server_port}/file /file\n"
        recipe = toy(REFERENCE, dockerfile=dockerfile)
        outcome = outcomes(engine, tmp_path, recipe, retries=Retries(first_wait=0.01))["toy-fetched"]
        subprocess.run(("podman", "rmi", "--force", REFERENCE), check=False, capture_output=True)
        assert (outcome.result.value, server.asked) == (result, asked)
