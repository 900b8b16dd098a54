"""Connections to hosts over ssh: fabric's connections, our host keys, one raw channel each.

No `ssh` is started: paramiko's key exchange takes a tenth of the control machine's time that OpenSSH's
default one takes. `~/.ssh/config` applies (users, ports, keys, ProxyJump).
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import fabric
import paramiko
from paramiko.ssh_exception import NoValidConnectionsError, PasswordRequiredException

from compiler.deploy.errors import DeployError
from compiler.deploy.greeting import command_line
from compiler.deploy.known_hosts import KnownHosts, UnknownHostKeyError, name_of
from compiler.deploy.transport import PIECE, SILENCE
from compiler.model.fleet import Connection, FleetHost

CONNECT_TIMEOUT = 10  # seconds, for each of connecting, the banner and logging in
KEEPALIVE = 15  # seconds

# Errors are raised anyway; paramiko's threads would also write tracebacks to stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class SshTransport:
    """The connection to one host. Created in one thread (`transports`), opened in any."""

    def __init__(
        self,
        host: FleetHost,
        connection: fabric.Connection,
        gateway_lock: threading.Lock,
        identities: _Identities,
    ) -> None:
        self._host = host
        self._connection = connection
        self._gateway_lock = gateway_lock
        self._identities = identities

    def open(self) -> SshChannel:
        """Connect, through the gateway if there is one, and start the greeting."""
        connection = self._connection
        if self._host.connection.identity_file:
            key = self._identities.key(
                self._host.name, Path(self._host.connection.identity_file).expanduser()
            )
            connection.connect_kwargs["pkey"] = key
        try:
            if isinstance(connection.gateway, fabric.Connection):
                with self._gateway_lock:  # it is shared, and opening it is not thread-safe
                    connection.gateway.open()
            connection.open()
            connection.transport.set_keepalive(KEEPALIVE)
            channel = connection.transport.open_session()
            channel.exec_command(command_line(as_root=connection.user == "root"))
        except (OSError, EOFError, paramiko.SSHException) as error:
            connection.client.close()
            raise _connection_error(self._host.name, connection, error) from None
        return SshChannel(connection, channel)


class SshChannel:
    """A Channel over ssh."""

    def __init__(self, connection: fabric.Connection, channel: paramiko.Channel) -> None:
        self._connection = connection
        self._channel = channel

    def send(self, content: bytes) -> None:
        self._channel.settimeout(SILENCE)
        self._channel.sendall(content)

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
    config = fabric.Config()
    identities = _Identities()
    gateways: dict[tuple[str, str, int], tuple[fabric.Connection, threading.Lock]] = {}
    by_host = {}
    for host in hosts:
        connection = _connection(host.connection, config)
        known_hosts.guard(connection.client, name_of(connection.host, connection.port))
        gateway_lock = threading.Lock()
        if isinstance(connection.gateway, fabric.Connection):
            connection.gateway, gateway_lock = gateways.setdefault(
                _key(connection.gateway), (connection.gateway, gateway_lock)
            )
            for gateway in _chain(connection.gateway):
                known_hosts.guard(gateway.client, name_of(gateway.host, gateway.port))
        by_host[host.name] = SshTransport(host, connection, gateway_lock, identities)
    return by_host


def _connection(to: Connection, config: fabric.Config) -> fabric.Connection:
    return fabric.Connection(
        to.address,
        user=to.user,
        port=to.port,
        config=config,
        connect_timeout=CONNECT_TIMEOUT,
        connect_kwargs={"banner_timeout": CONNECT_TIMEOUT, "auth_timeout": CONNECT_TIMEOUT},
    )


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
    except PasswordRequiredException:
        hint = f"run `ssh-add {path}`, and remove `identity_file` from the hosts file"
        raise DeployError(host, f"`{path}` is protected by a passphrase", hint) from None
    except (OSError, ValueError, TypeError, paramiko.SSHException) as error:
        hint = "check `identity_file` in the hosts file, and compile again"
        raise DeployError(host, f"`{path}` is not a usable private key: {error}", hint) from None


def _connection_error(host: str, connection: fabric.Connection, error: Exception) -> DeployError:
    """Why a connection failed, and what to do."""
    if isinstance(error, UnknownHostKeyError | paramiko.BadHostKeyException):
        return DeployError(host, *_key_problem(error))
    return DeployError(host, *_connection_problem(connection, error))


def _key_problem(error: UnknownHostKeyError | paramiko.BadHostKeyException) -> tuple[str, str]:
    if isinstance(error, UnknownHostKeyError):
        return (
            f"unknown host key of {error.host}: {_named(error.key)}",
            "compare it with `ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on the host, "
            "then push with `--accept-new-host-keys`",
        )
    return (
        f"the host key of {error.hostname} has CHANGED to {_named(error.key)}, "
        f"expected {_named(error.expected_key)}",
        "if the host was reinstalled, remove its line from the known_hosts file; "
        "otherwise this may be a man-in-the-middle attack",
    )


def _connection_problem(connection: fabric.Connection, error: Exception) -> tuple[str, str | None]:
    place = f"{connection.user}@{connection.host} port {connection.port}"
    match error:
        case paramiko.AuthenticationException():
            hint = "check `user` and `identity_file` in the hosts file, or add the key to the agent"
            return f"authentication failed for {place}", hint
        case socket.gaierror():
            return f"`{connection.host}` cannot be resolved to an address", "check the hosts file"
        case NoValidConnectionsError():
            reasons = {getattr(reason, "strerror", None) or str(reason) for reason in error.errors.values()}
            reason = ", ".join(sorted(reasons)).lower()
            return f"{place} cannot be reached: {reason}", "check that the host is up and runs sshd"
        case TimeoutError():
            return f"{place} did not answer within {CONNECT_TIMEOUT} s", "check that the host is up"
        case _:
            return f"{place}: {str(error).lower() or 'the connection was closed'}", None


def _named(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.fingerprint}"
