"""The health checks of the base image, against processes with real sockets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from compiler.shipped import folder

PROGRAMS = folder("images") / "base/bin"
AGENT = "neutron-openvswitch-agent"  # the kernel knows it by its first 15 characters
# Listens, is connected to itself, and holds a unix socket; its name is argv[1], if that is not empty.
SERVICE = """
import socket, sys
if sys.argv[1]:
    open("/proc/self/comm", "w").write(sys.argv[1])
local = socket.socket(socket.AF_UNIX)
local.bind(sys.argv[2])
local.listen()
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
print(port, flush=True)
sys.stdin.read()
"""

needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, ("ss", "pgrep"))), reason="needs apt-get install iproute2 procps"
)
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="needs apt-get install curl")


def check(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = map(str, command)
    return subprocess.run(
        ("bash", str(PROGRAMS / program), *arguments),
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Service:
    port: int
    socket: Path


@contextmanager
def service(folder: Path, name: str, *arguments: str) -> Iterator[Service]:
    """A process whose name the kernel cuts, and with more words in its command line."""
    socket = folder / "s.sock"
    command = (sys.executable, "-c", SERVICE, name, str(socket), *arguments)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Service(int(process.stdout.readline()), socket)
        process.stdin.close()


@pytest.fixture(params=["by its name", "by its command line"])
def agent(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """The agent as a program of its own, and as a script of Python's."""
    words = (AGENT[:15],) if request.param == "by its name" else ("", f"/usr/bin/{AGENT}", "--debug")
    with service(tmp_path, *words) as running:
        yield running


@needs_tools
@pytest.mark.parametrize("process", [AGENT, f"{AGENT} "])
def test_a_process_with_a_long_name_is_healthy(agent: Service, process: str) -> None:
    checks = {
        "healthcheck_listen": agent.port,
        "healthcheck_port": agent.port,
        "healthcheck_socket": agent.socket,
    }
    assert [check(name, process, place).stderr for name, place in checks.items()] == ["", "", ""]


@needs_tools
def test_a_process_is_not_another(agent: Service) -> None:
    checks = {
        "healthcheck_listen": agent.port,
        "healthcheck_port": agent.port,
        "healthcheck_socket": agent.socket,
    }
    assert [check(name, "nova-compute", place).stderr for name, place in checks.items()] == [
        f"nova-compute does not listen on port {agent.port}\n",
        f"nova-compute is not connected to port {agent.port}\n",
        f"nova-compute does not hold the socket {agent.socket}\n",
    ]


@needs_tools
def test_a_process_listens_on_all_ports_and_is_connected_to_any(agent: Service) -> None:
    free = 1 if agent.port != 1 else 2
    assert check("healthcheck_listen", AGENT, agent.port, free).returncode == 1
    assert check("healthcheck_port", AGENT, agent.port, free).returncode == 0


@needs_tools
@pytest.mark.parametrize("program", ["healthcheck_listen", "healthcheck_port"])
def test_a_port_is_not_the_beginning_of_another(agent: Service, program: str) -> None:
    assert check(program, AGENT, str(agent.port)[:-1]).returncode == 1


@needs_tools
def test_the_path_of_a_socket_matches_to_its_end(agent: Service) -> None:
    assert check("healthcheck_socket", AGENT[:15], str(agent.socket)[:-1]).returncode == 1


@needs_tools
def test_the_path_of_a_socket_may_lead_over_a_link(agent: Service, tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to(agent.socket.parent)
    assert check("healthcheck_socket", AGENT, tmp_path / "run" / agent.socket.name).stderr == ""


@needs_tools
def test_the_path_of_a_socket_may_have_blanks(tmp_path: Path) -> None:
    folder = tmp_path / "two words"
    folder.mkdir()
    with service(folder, AGENT[:15]) as running:
        assert check("healthcheck_socket", AGENT, running.socket).stderr == ""
        assert check("healthcheck_socket", "nova-compute", running.socket).returncode == 1


@pytest.mark.parametrize("program", ["listen", "port", "socket", "filemod"])
def test_a_missing_argument_is_named(program: str) -> None:
    done = check(f"healthcheck_{program}", "x")
    assert done.returncode == 1
    assert "is missing" in done.stderr


@pytest.mark.parametrize(("age", "status"), [(0, 0), (30, 0), (90, 1)])
def test_a_file_must_be_modified_within_seconds(tmp_path: Path, age: int, status: int) -> None:
    file = tmp_path / "two words"
    file.touch()
    os.utime(file, (time.time() - age,) * 2)
    assert check("healthcheck_filemod", file, 60).returncode == status


def test_a_missing_file_is_unhealthy(tmp_path: Path) -> None:
    assert check("healthcheck_filemod", tmp_path / "a", 60).stderr == f"{tmp_path}/a is missing\n"


class Handler(BaseHTTPRequestHandler):
    """/ok is fine, /hang takes long, all else is missing."""

    def do_GET(self) -> None:
        if self.path == "/hang":
            time.sleep(3)
        self.send_response(200 if self.path == "/ok" else 404)
        self.end_headers()
        self.wfile.write(str(self.headers["User-Agent"]).encode())

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@needs_curl
def test_every_url_must_answer_with_success(url: str) -> None:
    answers = [("/ok",), ("/ok", "/ok"), ("/missing",), ("/missing", "/ok")]
    checks = [check("healthcheck_curl", *(url + path for path in paths)) for paths in answers]
    assert [done.returncode for done in checks] == [0, 0, 1, 1]


@needs_curl
def test_a_check_prints_the_answers_status_alone(url: str) -> None:
    done = check("healthcheck_curl", f"{url}/ok", f"{url}/ok")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["200", "200"]


@needs_curl
def test_a_curlrc_has_no_say(url: str, tmp_path: Path) -> None:
    (tmp_path / ".curlrc").write_text("proxy = http://127.0.0.1:1\n")
    assert check("healthcheck_curl", f"{url}/ok", HOME=str(tmp_path)).stderr == ""


@needs_curl
def test_variables_change_the_request_and_what_is_kept_of_it(url: str, tmp_path: Path) -> None:
    done = check(
        "healthcheck_curl", f"{url}/ok",
        HEALTHCHECK_CURL_USER_AGENT="probe/1", HEALTHCHECK_CURL_WRITE_OUT="%{http_code}",
        HEALTHCHECK_CURL_OUTPUT=str(tmp_path / "body"),
    )  # fmt: skip
    assert (done.stdout, (tmp_path / "body").read_text()) == ("200", "probe/1")


@needs_curl
def test_a_variable_limits_the_time(url: str) -> None:
    done = check("healthcheck_curl", f"{url}/hang", HEALTHCHECK_CURL_MAX_TIME="1")
    assert done.returncode == 1
    assert "timed out" in done.stderr
