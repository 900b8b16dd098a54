"""Connections to hosts over ssh: fabric's connections, our host keys, one raw channel each.

No `ssh` is started: paramiko's key exchange takes a tenth of the control machine's time that OpenSSH's
default one takes. `~/.ssh/config` applies (users, ports, keys, ProxyJump).
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import fabric
import paramiko

from compiler.deploy.greeting import command_line
from compiler.deploy.known_hosts import KnownHosts, name_of
from compiler.deploy.ssh_errors import KEY_ERRORS, connection_error, key_error, was_dropped
from compiler.deploy.transport import LONGEST, PIECE, SILENCE, seconds_until
from compiler.diagnostics import HeatsinkError
from compiler.model.fleet import Connection, FleetHost

T = TypeVar("T")

CONNECT_TIMEOUT = 10  # seconds, for each of connecting, the banner and logging in
KEEPALIVE = 15  # seconds
PAUSES = (0.5, 1.0, 2.0)  # seconds after which a dropped connection is tried again

_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}  # one kind of key, several of signatures

# Errors are raised anyway; paramiko's threads would also write tracebacks to stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class SshTransport:
    """Connections to one host. Created in one thread (`transports`), opened in any."""

    def __init__(
        self,
        host: FleetHost,
        connection: fabric.Connection,
        another: Callable[[], fabric.Connection],
        gateway_lock: threading.Lock,
        identities: _Identities,
    ) -> None:
        self._host = host
        self._connection = connection
        self._another = another
        self._gateway_lock = gateway_lock
        self._identities = identities

    def open(self) -> SshChannel:
        """Connect anew, through the gateway if there is one, and start the greeting."""
        connection = self._another() if self._connection.is_connected else self._connection
        if self._host.connection.identity_file:
            key = self._identities.key(
                self._host.name, Path(self._host.connection.identity_file).expanduser()
            )
            connection.connect_kwargs["pkey"] = key
        if isinstance(connection.gateway, fabric.Connection):
            with self._gateway_lock:  # it is shared, and opening it is not thread-safe
                self._attempt(connection.gateway, partial(_open, connection.gateway))
        self._attempt(connection, partial(_open, connection))
        connection.transport.set_keepalive(KEEPALIVE)
        command = command_line(as_root=connection.user == "root")
        return SshChannel(connection, self._attempt(connection, lambda: _run(connection, command)))

    def _attempt(self, connection: fabric.Connection, act: Callable[[], T]) -> T:
        """What `act` returns; DeployError, which names the connection, if it fails."""
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - paramiko passes on whatever a host made its thread die of
            connection.client.close()
            raise connection_error(self._host.name, connection, error, seconds=CONNECT_TIMEOUT) from None


class SshChannel:
    """A Channel over ssh."""

    def __init__(self, connection: fabric.Connection, channel: paramiko.Channel) -> None:
        self._connection = connection
        self._channel = channel

    def send(self, content: bytes) -> None:
        self._channel.settimeout(SILENCE)
        deadline = time.monotonic() + LONGEST
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]
            while piece:  # a host may take a byte at a time
                seconds_until(deadline)
                piece = piece[self._sent(piece) :]

    def _sent(self, piece: bytes) -> int:
        """The number of bytes that were sent. A connection that was closed meanwhile is an OSError."""
        try:
            return self._channel.send(piece)
        except (EOFError, paramiko.SSHException) as error:
            raise ConnectionResetError(str(error)) from None

    def receive(self, seconds: float) -> bytes:
        self._channel.settimeout(seconds)
        return self._channel.recv(PIECE)

    def receive_stderr(self, seconds: float) -> bytes:
        self._channel.settimeout(seconds)
        return self._channel.recv_stderr(PIECE)

    def close(self) -> None:
        self._connection.client.close()


def transports(hosts: Iterable[FleetHost], known_hosts: KnownHosts) -> dict[str, SshTransport]:
    """A connection to each host, not opened yet.

    All are created here, in one thread and from one Config: with several threads that use a Config while it
    loads itself, 24 of 1,000 connections failed with missing keys.
    """
    config = _config()
    identities = _Identities()
    gateways: dict[tuple[str, str, int], tuple[fabric.Connection, threading.Lock]] = {}
    by_host = {}
    for host in hosts:
        connection = _connection(host.connection, config)
        _guard(connection, known_hosts)
        gateway_lock = threading.Lock()
        another = partial(_like, host.connection, config, connection, known_hosts)
        if isinstance(connection.gateway, fabric.Connection):
            connection.gateway, gateway_lock = gateways.setdefault(
                _key(connection.gateway), (connection.gateway, gateway_lock)
            )
            for gateway in _chain(connection.gateway):
                _guard(gateway, known_hosts)
        by_host[host.name] = SshTransport(host, connection, another, gateway_lock, identities)
    return by_host


def _config() -> fabric.Config:
    """The settings of `~/.ssh/config` and the like."""
    try:
        return fabric.Config()
    except (OSError, ValueError, paramiko.SSHException) as error:
        raise HeatsinkError(
            f"the configuration of ssh cannot be read: {error}",
            hint="fix `~/.ssh/config` or `/etc/ssh/ssh_config`",
        ) from None


def _connection(to: Connection, config: fabric.Config) -> fabric.Connection:
    return fabric.Connection(
        to.address,
        user=to.user,
        port=to.port,
        config=config,
        connect_timeout=CONNECT_TIMEOUT,
        connect_kwargs={"banner_timeout": CONNECT_TIMEOUT, "auth_timeout": CONNECT_TIMEOUT},
    )


def _like(
    to: Connection, config: fabric.Config, first: fabric.Connection, known_hosts: KnownHosts
) -> fabric.Connection:
    """Another connection to the same host, through the same gateway."""
    with _MAKING:
        connection = _connection(to, config)
    _guard(connection, known_hosts)
    connection.gateway = first.gateway
    return connection


_MAKING = threading.Lock()  # a Config is not thread-safe


def _open(connection: fabric.Connection) -> None:
    """Open a connection. An sshd to which many log in at once drops some of them (MaxStartups in
    sshd_config(5)): they try again, each after another time."""
    for pause in PAUSES:
        try:
            connection.open()
        except paramiko.SSHException as error:
            if not was_dropped(error):
                raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - to spread them, not to hide it
        else:
            return
    connection.open()


def _run(connection: fabric.Connection, command: str) -> paramiko.Channel:
    """Start a command; paramiko itself would wait for ever for a host that does not answer."""
    limit = threading.Timer(SILENCE, connection.client.close)
    limit.daemon = True
    limit.start()
    try:
        channel: paramiko.Channel = connection.transport.open_session(timeout=CONNECT_TIMEOUT)
        channel.exec_command(command)
    finally:
        limit.cancel()
    return channel


def _guard(connection: fabric.Connection, known_hosts: KnownHosts) -> None:
    """Let a connection be made only if known_hosts trusts the host's key."""
    known_hosts.guard(connection.client)
    key_types = known_hosts.key_types(name_of(connection.host, connection.port))
    connection.connect_kwargs["transport_factory"] = partial(_transport, key_types)


def _transport(known: Iterable[str], *arguments: Any, **keywords: Any) -> paramiko.Transport:
    """A transport that asks the host for keys of known types first: it may have others too."""
    transport = paramiko.Transport(*arguments, **keywords)
    options = transport.get_security_options()
    first = [name for key_type in known for name in _SIGNATURES.get(key_type, (key_type,))]
    options.key_types = sorted(options.key_types, key=lambda name: name not in first)
    return transport


def _chain(gateway: fabric.Connection) -> Iterator[fabric.Connection]:
    """A gateway and the gateways in front of it."""
    while isinstance(gateway, fabric.Connection):
        yield gateway
        gateway = gateway.gateway


def _key(gateway: fabric.Connection) -> tuple[str, str, int]:
    return gateway.user, gateway.host, gateway.port


class _Identities:
    """Private keys, each read once however many hosts use it."""

    def __init__(self) -> None:
        self._keys: dict[Path, paramiko.PKey] = {}
        self._reading = threading.Lock()

    def key(self, host: str, path: Path) -> paramiko.PKey:
        """The key in a file; DeployError if it cannot be used."""
        with self._reading:
            if path not in self._keys:
                self._keys[path] = _private_key(host, path)
            return self._keys[path]


def _private_key(host: str, path: Path) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(path)
    except KEY_ERRORS as error:
        raise key_error(host, path, error) from None
