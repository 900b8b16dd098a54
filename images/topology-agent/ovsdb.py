"""A reader of Open vSwitch's database: JSON-RPC over its unix socket (RFC 7047)."""

from __future__ import annotations

import json
import socket
from typing import Any

SOCKET = "/run/openvswitch/db.sock"
Row = dict[str, Any]


class Database:
    """A connection. A request waits for its answer, at most for `timeout` seconds."""

    def __init__(self, path: str = SOCKET, timeout: float = 10) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._socket.connect(path)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def rows(self, table: str, *columns: str) -> list[Row]:
        """The rows of a table, with these columns and `_uuid`."""
        select = {"op": "select", "table": table, "where": [], "columns": ["_uuid", *columns]}
        request = {"method": "transact", "params": ["Open_vSwitch", select], "id": table}
        self._socket.sendall(json.dumps(request).encode())
        answer = self._answer()
        if answer["error"]:
            raise RuntimeError(answer["error"])
        rows: list[Row] = answer["result"][0]["rows"]
        return rows

    def _answer(self) -> dict[str, Any]:
        """The next message, which may arrive in pieces: one is complete as soon as it can be parsed."""
        text = b""
        while piece := self._socket.recv(65536):
            text += piece
            try:
                answer: dict[str, Any] = json.loads(text)
            except ValueError:
                continue
            return answer
        raise ConnectionError("the database has closed the connection")


def members(value: list[Any]) -> list[Any]:
    """The members of a set; a set with one member is that member."""
    return value[1] if value[0] == "set" else [value]
