"""The keys of hosts: a known_hosts file, read as OpenSSH reads it, and hosts that are not in it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import paramiko

from compiler.deploy.known_line import KnownLine, Marker, fingerprint, known_line
from compiler.diagnostics import HeatsinkError, reason


class HostKeyError(paramiko.SSHException):
    """The key that a host shows is not to be trusted: why, and what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class KnownHosts(paramiko.MissingHostKeyPolicy):
    """The keys that hosts must have. An unknown host is refused, or with `accept_new` saved and trusted.

    A host with a key in the file must have that key, with `accept_new` too. That is stricter than OpenSSH,
    which accepts a new key of another type, or of a host for which it only knows an authority.
    """

    def __init__(self, path: Path, *, accept_new: bool) -> None:
        self._path = path
        self._accept_new = accept_new
        self._checking = threading.Lock()
        self._by_name: dict[str, list[KnownLine]] = {}
        self._patterns: list[KnownLine] = []
        for line in _lines(path):
            self._add(line)

    def guard(self, client: paramiko.SSHClient) -> None:
        """Let a client connect only with the keys of the file.

        The client itself has no keys: paramiko knows neither patterns, nor markers, nor two keys of a type.
        """
        client.set_missing_host_key_policy(self)

    def key_types(self, name: str) -> tuple[str, ...]:
        """The types of the keys that the file has for a host, to be asked for first."""
        lines = _marked(Marker.NONE, self._lines(*_names(name)))
        return tuple(dict.fromkeys(line.key_type for line in lines))

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        """Called by paramiko with the key that a host shows; raises HostKeyError unless it is trusted."""
        with self._checking:
            if not self._is_known(hostname, key):
                self._accept(hostname, key)

    def _is_known(self, name: str, key: paramiko.PKey) -> bool:
        """Whether the file has this key for a host; raises HostKeyError if it speaks against the key."""
        lines = self._lines(*_names(name))
        if key.asbytes() in {line.key for line in _marked(Marker.REVOKED, lines)}:
            raise _revoked(name, key)
        if key.asbytes() in {line.key for line in _marked(Marker.NONE, lines)}:
            return True
        if expected := _marked(Marker.NONE, self._lines(name.lower())):
            raise _changed(name, key, expected)
        if _marked(Marker.AUTHORITY, lines):
            raise _not_certified(name, key)
        return False

    def _lines(self, *names: str) -> list[KnownLine]:
        """The lines for any of these names."""
        plain = (line for name in names for line in self._by_name.get(name, ()))
        return [*plain, *(line for line in self._patterns if any(map(line.names, names)))]

    def _add(self, line: KnownLine) -> None:
        if not line.is_plain:
            self._patterns.append(line)
            return
        for name in line.patterns:
            self._by_name.setdefault(name.lower(), []).append(line)

    def _accept(self, name: str, key: paramiko.PKey) -> None:
        if not self._accept_new:
            raise _unknown(name, key)
        text = f"{name.lower()} {key.get_name()} {key.get_base64()}"
        try:
            _append(self._path, text)
        except OSError as error:
            raise HostKeyError(
                f"the key of {name} cannot be saved in `{self._path}`: {reason(error)}",
                "fix it, and push again",
            ) from None
        if line := known_line(text):
            self._add(line)


def name_of(host: str, port: int) -> str:
    """The name of a host in a known_hosts file: `host`, or `[host]:port` if the port is not 22."""
    return host if port == 22 else f"[{host}]:{port}"


def _names(name: str) -> tuple[str, ...]:
    """The names in lines that are for a host: like OpenSSH, also the one without the port."""
    lower = name.lower()
    return (lower, lower[1:].rpartition("]:")[0]) if lower.startswith("[") else (lower,)


def _marked(marker: Marker, lines: Iterable[KnownLine]) -> list[KnownLine]:
    return [line for line in lines if line.marker is marker]


def _lines(path: Path) -> tuple[KnownLine, ...]:
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise HeatsinkError(f"`{path}` is not a valid known_hosts file: {error}") from None
    return tuple(line for line in map(known_line, text.split("\n")) if line)


def _append(path: Path, text: str) -> None:
    """Add a line in one write, which no other push can split, to a file that only its owner may change."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(file).st_size
        is_complete = size == 0 or os.pread(file, 1, size - 1) == b"\n"
        os.write(file, f"{'' if is_complete else chr(10)}{text}\n".encode())
    finally:
        os.close(file)


def _unknown(name: str, key: paramiko.PKey) -> HostKeyError:
    return HostKeyError(
        f"unknown host key of {name}: {_named(key)}",
        "compare it with `ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on the host, "
        "then push with `--accept-new-host-keys`",
    )


def _changed(name: str, key: paramiko.PKey, expected: Sequence[KnownLine]) -> HostKeyError:
    keys = ", ".join(f"{line.key_type} {fingerprint(line.key)}" for line in expected[:3])
    return HostKeyError(
        f"the host key of {name} has CHANGED to {_named(key)}, expected {keys}",
        "if the host was reinstalled, remove its line from the known_hosts file; "
        "otherwise this may be a man-in-the-middle attack",
    )


def _revoked(name: str, key: paramiko.PKey) -> HostKeyError:
    return HostKeyError(
        f"the host key of {name} is REVOKED in the known_hosts file: {_named(key)}",
        "give the host another key; this may be a man-in-the-middle attack",
    )


def _not_certified(name: str, key: paramiko.PKey) -> HostKeyError:
    return HostKeyError(
        f"the known_hosts file has only a certificate authority for {name}, which shows {_named(key)}",
        "heatsink does not read host certificates: add the host's key to the known_hosts file",
    )


def _named(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {fingerprint(key.asbytes())}"
