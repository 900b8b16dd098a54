"""A stand-in for systemd's manager on a socket, which speaks D-Bus by its specification.

What it sends is put together here byte by byte, not by the code under test.
https://dbus.freedesktop.org/doc/dbus-specification.html
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

RETURN, ERROR, SIGNAL = 2, 3, 4
END = b"the end"  # of an answer, after which the connection ends
JOB = "/org/freedesktop/systemd1/job/7"

Answers = Callable[
    [int], bytes
]  # the serial number of a call → what is sent for it; nothing ends the connection


def text(value: str) -> bytes:
    """A string, or the path of an object."""
    return struct.pack("<I", len(value.encode())) + value.encode() + b"\0"


def message(kind: int, body: bytes, **fields: str | int) -> bytes:
    """A message with these fields in its header."""
    header = b""
    for name, value in fields.items():
        number, signature = {
            "member": (3, b"s"),
            "error": (4, b"s"),
            "reply_serial": (5, b"u"),
            "signature": (8, b"g"),
        }[name]
        header = _padded(header) + bytes((number, 1)) + signature + b"\0" + _value(signature, value)
    start = struct.pack("<BBBBIII", ord("l"), kind, 1, 1, len(body), 1, len(header))
    return _padded(start + header) + body


def _value(signature: bytes, value: str | int) -> bytes:
    if isinstance(value, int):
        return struct.pack("<I", value)
    return text(value) if signature == b"s" else bytes((len(value),)) + value.encode() + b"\0"


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 8)


def returned(serial: int, signature: str = "", body: bytes = b"") -> bytes:
    """What a call returns."""
    return message(RETURN, body, reply_serial=serial, **({"signature": signature} if signature else {}))


def refused(serial: int, why: str) -> bytes:
    """A call that failed."""
    return message(
        ERROR, text(why), error="org.freedesktop.systemd1.NoSuchUnit", reply_serial=serial, signature="s"
    )


def job_removed(result: str, job: str = JOB) -> bytes:
    """The signal that a job has ended."""
    body = struct.pack("<I", 7)
    for value in (job, "one.service", result):
        body = body + bytes(-len(body) % 4) + text(value)
    return message(SIGNAL, body, member="JobRemoved", signature="uoss")


@contextmanager
def manager(
    folder: Path, answers: Answers, accepts: bytes = b"OK 0123456789abcdef0123456789abcdef\r\n"
) -> Iterator[str]:
    """The path of a socket on which each call gets its answer; all connections end with this."""
    path = os.path.relpath(folder / "manager")  # the path of a socket has at most 107 bytes
    Path(path).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server, ExitStack() as connections:
        server.bind(path)
        server.listen()
        connections.callback(server.shutdown, socket.SHUT_RDWR)
        thread = threading.Thread(target=_serve, args=(server, connections, answers, accepts))
        thread.start()
        yield path
    thread.join()


def _serve(server: socket.socket, connections: ExitStack, answers: Answers, accepts: bytes) -> None:
    with suppress(OSError):  # the end of the test
        while True:
            connection, _ = server.accept()
            thread = threading.Thread(target=_talk, args=(connection, answers, accepts))
            connections.callback(thread.join)
            connections.callback(_end, connection)
            thread.start()


def _end(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended
        connection.shutdown(socket.SHUT_RDWR)


def _talk(connection: socket.socket, answers: Answers, accepts: bytes) -> None:
    """Let a client in, then answer its calls."""
    with connection, suppress(ConnectionError):
        _authenticate(connection, accepts)
        while header := connection.recv(16, socket.MSG_WAITALL):
            body_size, serial, fields_size = struct.unpack_from("<III", header, 4)
            connection.recv(fields_size + -fields_size % 8 + body_size, socket.MSG_WAITALL)
            answer = answers(serial)
            connection.sendall(answer.removesuffix(END))
            if answer.endswith(END):
                return


def _authenticate(connection: socket.socket, accepts: bytes) -> None:
    greeting = f"\0AUTH EXTERNAL {str(os.geteuid()).encode().hex()}\r\nBEGIN\r\n".encode()
    assert connection.recv(len(greeting), socket.MSG_WAITALL) == greeting
    connection.sendall(accepts)
