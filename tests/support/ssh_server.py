"""An sshd for tests, on this machine: it has keys, and lets in whom it is told to."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import paramiko

from compiler.model.container import Backend
from compiler.model.fleet import Connection, FleetHost


class Login(paramiko.ServerInterface):
    """Lets in those with one of these keys, and runs their commands with this environment."""

    def __init__(self, keys: Sequence[paramiko.PKey], allowed: str, environment: Mapping[str, str]) -> None:
        self.keys = keys
        self.allowed = allowed
        self.environment = environment

    def get_allowed_auths(self, username: str) -> str:
        return self.allowed

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.AUTH_SUCCESSFUL if key in self.keys else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, number: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=run, args=(channel, command, self.environment), daemon=True).start()
        return True


def run(channel: paramiko.Channel, command: bytes, environment: Mapping[str, str]) -> None:
    """Run a command with its pipes connected to a channel."""
    command_line = ("sh", "-c", command)
    with subprocess.Popen(
        command_line, env={**os.environ, **environment}, stdin=-1, stdout=-1, stderr=-1, bufsize=0
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        threads = [
            threading.Thread(target=pump, args=(partial(channel.recv, 9999), process.stdin), daemon=True),
            threading.Thread(target=pump, args=(partial(process.stdout.read, 9999), channel.makefile("wb"))),
            threading.Thread(
                target=pump, args=(partial(process.stderr.read, 9999), channel.makefile_stderr("wb"))
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads[1:]:
            thread.join()
        with suppress(EOFError, OSError):  # the client may have gone first
            channel.close()
        threads[0].join()


def pump(read: Callable[[], bytes | None], file: Any) -> None:
    """Write all that can be read, and close the file."""
    with suppress(EOFError, OSError, ValueError):
        while piece := read():
            file.write(piece)
            file.flush()
    with suppress(EOFError, OSError):
        file.close()


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
    host_keys: Sequence[paramiko.PKey],
    *,
    logins: Sequence[paramiko.PKey] = (),
    allowed: str = "publickey",
    environment: Mapping[str, str] = MappingProxyType({}),
    drops: int = 0,
) -> Iterator[int]:
    """The port of an sshd with these host keys, which drops the first connections."""
    transports = []
    dropped = iter(range(drops))

    def answer(connection: socket.socket) -> None:
        if next(dropped, None) is not None:
            connection.close()
            return
        transport = paramiko.Transport(connection)
        transports.append(transport)
        for key in host_keys:
            transport.add_server_key(key)
        with suppress(paramiko.SSHException, EOFError):
            transport.start_server(threading.Event(), Login(logins, allowed, environment))

    with answering(answer) as port:
        yield port
        for transport in transports:
            transport.close()


def host_at(port: int, identity: Path | None = None, user: str = "op") -> FleetHost:
    """A host of a fleet that is behind this port."""
    connection = Connection(
        address="127.0.0.1", port=port, user=user, identity_file=str(identity) if identity else None
    )
    return FleetHost(name="node1", role="Web", backend=Backend.PODMAN, connection=connection, manifest="")
