"""The keys of hosts, as ssh keeps them."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest

from compiler.deploy.known_hosts import KnownHosts, UnknownHostKeyError, name_of


def test_a_host_key_is_refused_or_written_down_as_asked(tmp_path: Path) -> None:
    path, key = tmp_path / "known_hosts", paramiko.ECDSAKey.generate()
    with pytest.raises(UnknownHostKeyError):
        KnownHosts(path, accept_new=False).missing_host_key(paramiko.SSHClient(), "[a]:2222", key)
    KnownHosts(path, accept_new=True).missing_host_key(paramiko.SSHClient(), "[a]:2222", key)
    client = paramiko.SSHClient()
    KnownHosts(path, accept_new=False).guard(client, name_of("a", 2222))
    assert client.get_host_keys().check("[a]:2222", key)
