"""An sshd for tests, on this machine: it has keys, and lets in whom it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko

from compiler.model.container import Backend
from compiler.model.fleet import Connection, FleetHost


class Login(paramiko.ServerInterface):
    """Lets in those with one of these keys."""

    def __init__(self, keys: Sequence[paramiko.PKey], allowed: str) -> None:
        self.keys = keys
        self.allowed = allowed

    def get_allowed_auths(self, username: str) -> str:
        return self.allowed

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.AUTH_SUCCESSFUL if key in self.keys else paramiko.AUTH_FAILED


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """The port of a server that does this with every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    answer(server.accept()[0])

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def sshd(
    host_keys: Sequence[paramiko.PKey], *, logins: Sequence[paramiko.PKey] = (), allowed: str = "publickey"
) -> Iterator[int]:
    """The port of an sshd with these host keys."""
    transports = []

    def answer(connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        transports.append(transport)
        for key in host_keys:
            transport.add_server_key(key)
        with suppress(paramiko.SSHException, EOFError):
            transport.start_server(threading.Event(), Login(logins, allowed))

    with answering(answer) as port:
        yield port
        for transport in transports:
            transport.close()


def host_at(port: int, identity: Path | None = None) -> FleetHost:
    """A host of a fleet that is behind this port."""
    connection = Connection(
        address="127.0.0.1", port=port, user="op", identity_file=str(identity) if identity else None
    )
    return FleetHost(name="node1", role="Web", backend=Backend.PODMAN, connection=connection, manifest="")
