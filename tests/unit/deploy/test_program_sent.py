"""The host program on its way and on the host: what arrived in part, or does not run, is sent again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from compiler.deploy.greeting import command
from compiler.deploy.program import program, program_hash
from compiler.diagnostics import HeatsinkError
from compiler.host import layout
from tests.support.bundles import service
from tests.support.host_folder import HostFolder
from tests.support.scripted import PUSHED, ScriptedTransport, pushed

DIGEST, CONTENT = program_hash(), program()
FIRST_LINE = f"# {DIGEST}\n".encode()

UNFIT = {
    "half of it": CONTENT[: len(CONTENT) // 2],
    "all but its last byte": CONTENT[:-1],
    "its first line": FIRST_LINE,
    "a syntax error": FIRST_LINE + b"print('never closed'\n",
    "an import error": FIRST_LINE + b"import heatsink_of_the_future\n",
    "zeros": FIRST_LINE + bytes(len(CONTENT) - len(FIRST_LINE)),
    "another program": FIRST_LINE + b'print(\'{"event": "lacks", "blobs": []}\')\n',
    "a program that prints": FIRST_LINE + b"print('hello')\n",
    "a program that reads and ends": FIRST_LINE + b"import sys\nsys.stdin.readline()\n",
}


@pytest.mark.parametrize("content", UNFIT.values(), ids=UNFIT)
def test_a_host_program_that_does_not_run_is_replaced_and_the_push_goes_on(
    host: HostFolder, content: bytes
) -> None:
    installed = unfit(host, content)
    host.writes(service("one"))
    outcome = host.push()
    assert (outcome.error, outcome.started) == (None, ("heatsink-one.service",))
    assert installed.read_bytes() == CONTENT


@pytest.mark.parametrize("ask", [HostFolder.dry_run, HostFolder.rollback])
def test_every_request_replaces_it(host: HostFolder, ask: Callable[[HostFolder], object]) -> None:
    host.writes(service("one"))
    installed = unfit(host, UNFIT["half of it"])
    with suppress(HeatsinkError):  # there is nothing to roll back to
        ask(host)
    assert installed.read_bytes() == CONTENT


def test_it_is_replaced_once(tmp_path: Path) -> None:
    ended = PUSHED[0].replace(b" -\n", f" {DIGEST}\n".encode())
    transport = ScriptedTransport([(ended,), (ended,)], stderr=(b"SyntaxError",))
    outcome = pushed(tmp_path, {"odd": transport})["odd"]
    assert str(outcome.error) == "odd: SyntaxError"
    sizes = [channel.sent[0].split()[1] for channel in transport.channels]
    assert sizes == [b"0", str(len(CONTENT)).encode()]


def test_it_is_not_replaced_after_its_first_event(tmp_path: Path) -> None:
    greeting = PUSHED[0].replace(b" -\n", f" {DIGEST}\n".encode())
    transport = ScriptedTransport([(greeting, *PUSHED[1:3]), PUSHED])
    outcome = pushed(tmp_path, {"odd": transport})["odd"]
    assert str(outcome.error) == "odd: the connection was lost"


@pytest.mark.parametrize("size", [0, 1, len(FIRST_LINE), len(CONTENT) // 2, len(CONTENT) - 1])
@pytest.mark.parametrize("before", [None, b"the one before"])
def test_a_host_program_that_arrives_in_part_is_not_installed(
    host: HostFolder, size: int, before: bytes | None
) -> None:
    installed = host.path(layout.PROGRAM)
    if before:
        unfit(host, before)
    done = greeted(host, CONTENT[:size])
    assert (done.returncode, done.stderr) == (74, b"the host program did not arrive complete\n")
    assert {path.name: path.read_bytes() for path in installed.parent.iterdir()} == (
        {installed.name: before} if before else {}
    )


def test_a_host_program_that_arrives_changed_is_not_installed(host: HostFolder) -> None:
    done = greeted(host, CONTENT[:-1] + b"x")
    assert done.returncode == 74
    assert not list(host.path(layout.PROGRAM).parent.iterdir())


@pytest.mark.parametrize("content", [b"", b"\0\xff\x1b[2J", b"# \x1b[2J x\n", b"# a b c d\n", b"#\n"])
def test_any_file_in_its_place_is_greeted_from_and_replaced(host: HostFolder, content: bytes) -> None:
    installed = unfit(host, content)
    host.writes(service("one"))
    assert host.push().error is None
    assert installed.read_bytes() == CONTENT


@pytest.mark.parametrize("is_link", [False, True], ids=["folder", "link to a folder"])
def test_a_folder_in_its_place_is_replaced(host: HostFolder, tmp_path: Path, is_link: bool) -> None:
    installed, elsewhere = host.path(layout.PROGRAM), tmp_path / "elsewhere"
    elsewhere.mkdir()
    installed.parent.mkdir(parents=True)
    if is_link:
        installed.symlink_to(elsewhere)
    else:
        installed.mkdir()
    host.writes(service("one"))
    assert host.push().error is None
    assert (installed.read_bytes(), list(elsewhere.iterdir())) == (CONTENT, [])


def test_an_empty_salt_refuses_no_host_for_good(host: HostFolder) -> None:
    salt = host.path(layout.SALT)
    salt.parent.mkdir()
    salt.touch()
    host.writes(service("one"))
    assert [host.push().error for _ in range(2)] == [None, None]


def unfit(host: HostFolder, content: bytes) -> Path:
    """The path of a host program with this content."""
    (host.folder / "bin/python3").unlink(missing_ok=True)  # it would not run what is installed
    installed = host.path(layout.PROGRAM)
    installed.parent.mkdir(parents=True)
    installed.write_bytes(content)
    return installed


def greeted(host: HostFolder, arriving: bytes) -> subprocess.CompletedProcess[bytes]:
    """The greeting, when this much of the host program arrives."""
    run = f"run {len(CONTENT)} {sha256(CONTENT).hexdigest()}\n".encode()
    environment = {**os.environ, "HEATSINK_ROOT": str(host.folder / "root")}
    return subprocess.run(
        command(as_root=True), input=run + arriving, env=environment, capture_output=True, check=False
    )
