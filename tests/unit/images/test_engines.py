"""Where engines listen, and what is said of those that do not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from compiler.cli.image_engine import EngineOptions, engine_options
from compiler.diagnostics import HeatsinkError
from compiler.images.engines import ENGINES, running_engine
from compiler.images.engines.protocol import BuildFailedError, engine_image, follow

ROOT = Path(__file__).parents[3]
FORMS = "hint: write `unix:///PATH`, `ssh://[USER@]HOST[:PORT][/PATH]`, or `tcp://127.0.0.1:PORT`"
START = "hint: start the engine, or name the socket of another with `--engine-url`"


def refusal(url: str, engine: str = "podman") -> str:
    with pytest.raises(HeatsinkError) as raised, running_engine(engine, url):
        pass
    return raised.value.render()


@pytest.mark.parametrize(
    "url",
    [
        "podman.sock",
        "unix://podman.sock",
        "http://127.0.0.1",
        "tcp://127.0.0.1",
        "tcp://[::1",
        "ssh://",
    ],
)
def test_a_url_of_another_form_is_refused(url: str) -> None:
    assert refusal(url) == f"error: `{url}` is not the URL of an engine\n{FORMS}"


@pytest.mark.parametrize("host", ["192.0.2.1", "engine.example", "127.0.0.1.example", "0.0.0.0"])
def test_an_engine_on_the_network_is_reached_over_ssh_only(host: str) -> None:
    assert refusal(f"tcp://{host}:2375") == (
        f"error: `tcp://{host}:2375` is not on loopback: whoever reaches such an engine is root there\n"
        f"hint: use `ssh://{host}`"
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_socket_that_is_not_there_is_named(engine: str, tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/engine.sock"
    assert refusal(url, engine) == f"error: no engine at `{url}`: no such file or directory\n{START}"


def test_a_port_without_a_listener_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refusal(f"tcp://localhost:{port}").startswith(
        f"error: no engine at `tcp://localhost:{port}`: connection refused"
    )


class _Other(BaseHTTPRequestHandler):
    """Listens, and is no engine."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def other() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("engine", ENGINES)
def test_what_listens_but_is_no_engine_is_refused(engine: str, other: str) -> None:
    assert refusal(other, engine).startswith(f"error: {engine} does not answer at `{other}`: ")


def test_a_machine_that_ssh_does_not_reach_is_named_with_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refusal(f"ssh://root@127.0.0.1:{port}/run/podman/podman.sock") == (
        f"error: cannot connect to `ssh://root@127.0.0.1:{port}`: "
        f"ssh: connect to host 127.0.0.1 port {port}: Connection refused"
    )


def test_a_machine_without_podman_is_told_how_to_get_one(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "compiler", "images", "list"),
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        1,
        "error: podman is not installed\n"
        "hint: install it with `apt-get install podman`, or use another engine with `--engine-url`\n",
    )


def test_every_engine_can_be_chosen() -> None:
    @engine_options
    def command(engine: EngineOptions) -> None:
        """Has the options."""

    (option,) = [one for one in command.__click_params__ if one.name == "engine"]  # type: ignore[attr-defined]
    assert tuple(option.type.choices) == tuple(ENGINES)


@pytest.mark.parametrize("identifier", ["c0ffee", "sha256:c0ffee"])
def test_the_digest_of_an_image_has_one_form(identifier: str) -> None:
    assert (
        engine_image({"Id": identifier, "Size": 1, "Created": "", "Config": {"Labels": None}}).id
        == "sha256:c0ffee"
    )


def test_the_output_of_a_build_is_handed_on_without_bars_of_progress() -> None:
    printed: list[str] = []
    follow(
        [
            {"stream": "Step 1/2 : FROM debian\n"},
            {"id": "1f3e", "status": "Downloading", "progress": "[=>  ]", "progressDetail": {"current": 1}},
            {"id": "1f3e", "status": "Pull complete", "progressDetail": {}},
            {"aux": {"ID": "sha256:c0ffee"}},
        ],
        printed.append,
    )
    assert "".join(printed) == "Step 1/2 : FROM debian\n1f3e: Pull complete\n"


def test_an_error_in_the_output_is_the_failure_of_the_build_without_the_middle_of_a_long_step() -> None:
    with pytest.raises(BuildFailedError) as raised:
        follow([{"error": f"{'a' * 1000}{'b' * 1000}", "errorDetail": {}}], print)
    assert str(raised.value) == f"{'a' * 60} … {'b' * 60}"
