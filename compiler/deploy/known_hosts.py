"""The keys of hosts: a known_hosts file, and what happens with hosts that are not in it."""

from __future__ import annotations

import threading
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry

from compiler.diagnostics import HeatsinkError


class UnknownHostKeyError(paramiko.SSHException):
    """A host has a key, and the known_hosts file has none for it."""

    def __init__(self, host: str, key: paramiko.PKey) -> None:
        super().__init__(key.fingerprint)
        self.host = host
        self.key = key


class KnownHosts(paramiko.MissingHostKeyPolicy):
    """The keys that hosts must have. An unknown host is refused, or with `accept_new` saved and trusted.

    A host with a key in the file must have that key, with `accept_new` too.
    """

    def __init__(self, path: Path, *, accept_new: bool) -> None:
        self._path = path
        self._accept_new = accept_new
        self._writing = threading.Lock()
        self._keys: dict[str, list[paramiko.PKey]] = {}
        for name, key in _entries(path):
            self._keys.setdefault(name, []).append(key)

    def guard(self, client: paramiko.SSHClient, name: str) -> None:
        """Let a client connect only with the keys that the file has for `name`."""
        for key in self._keys.get(name, ()):
            client.get_host_keys().add(name, key.get_name(), key)
        client.set_missing_host_key_policy(self)

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        """Called by paramiko for a host without a known key."""
        if not self._accept_new:
            raise UnknownHostKeyError(hostname, key)
        with self._writing, self._path.open("a", encoding="utf-8") as file:
            file.write(f"{hostname} {key.get_name()} {key.get_base64()}\n")


def name_of(host: str, port: int) -> str:
    """The name of a host in a known_hosts file: `host`, or `[host]:port` if the port is not 22."""
    return host if port == 22 else f"[{host}]:{port}"


def _entries(path: Path) -> list[tuple[str, paramiko.PKey]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        entries = [_entry(line) for line in lines if line.strip() and not line.startswith(("#", "@"))]
    except (OSError, UnicodeDecodeError, paramiko.SSHException) as error:
        raise HeatsinkError(f"`{path}` is not a valid known_hosts file: {error}") from None
    return [(name, entry.key) for entry in entries if entry and entry.key for name in entry.hostnames or ()]


def _entry(line: str) -> HostKeyEntry | None:
    return HostKeyEntry.from_line(line)
