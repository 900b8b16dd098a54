"""The reader of Open vSwitch's database in the image of the topology agent."""

from __future__ import annotations

import json
import runpy
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from compiler.shipped import folder

OVSDB = runpy.run_path(str(folder("images") / "topology-agent/ovsdb.py"))
ROWS = [{"_uuid": ["uuid", "1"], "name": "br-int"}]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[socket.socket]:
    path = tmp_path_factory.mktemp("db") / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield listener


def database(server: socket.socket, *pieces: bytes) -> Any:
    """A connection to a server that answers the first request with these pieces, and hangs up."""
    threading.Thread(target=answer, args=(server, pieces), daemon=True).start()
    return OVSDB["Database"](server.getsockname())


def answer(server: socket.socket, pieces: tuple[bytes, ...]) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        for piece in pieces:
            connection.sendall(piece)


def test_rows_may_arrive_in_pieces(server: socket.socket) -> None:
    text = json.dumps({"id": "Bridge", "result": [{"rows": ROWS}], "error": None}).encode()
    with database(server, text[:20], text[20:]) as reader:
        assert reader.rows("Bridge", "name") == ROWS


def test_an_error_of_the_database_is_raised(server: socket.socket) -> None:
    text = json.dumps({"id": "Bridge", "result": None, "error": "unknown database"}).encode()
    with database(server, text) as reader, pytest.raises(RuntimeError, match="unknown database"):
        reader.rows("Bridge", "name")


def test_a_database_that_hangs_up_is_an_error(server: socket.socket) -> None:
    with database(server, b'{"id"') as reader, pytest.raises(ConnectionError):
        reader.rows("Bridge", "name")


@pytest.mark.parametrize("value", [["set", [["uuid", "1"]]], ["uuid", "1"]])
def test_a_set_with_one_member_is_that_member(value: list[object]) -> None:
    assert OVSDB["members"](value) == [["uuid", "1"]]
