"""Connections over ssh that fail: the key of the host, the key of the operator, what is no sshd."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import paramiko
import pytest
from paramiko.hostkeys import HostKeys

from compiler.deploy.errors import DeployError
from compiler.deploy.known_hosts import KnownHosts
from compiler.deploy.program import program
from compiler.deploy.ssh import transports
from compiler.host import layout
from compiler.model.fleet import Connection, FleetHost
from tests.support import bundles
from tests.support.bundles import service
from tests.support.host_folder import HostFolder
from tests.support.ssh_server import answering, host_at, sshd

HOST_KEY, OTHER, HOST_RSA = (
    paramiko.ECDSAKey.generate(),
    paramiko.ECDSAKey.generate(),
    paramiko.RSAKey.generate(2048),
)
OPERATOR = paramiko.ECDSAKey.generate()


def refusal(folder: Path, host: FleetHost, *lines: str, accept_new: bool = False) -> DeployError:
    """The error of connecting to a host with these lines in known_hosts."""
    path = folder / "known_hosts"
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(DeployError) as caught:
        transports([host], KnownHosts(path, accept_new=accept_new))[host.name].open()
    return caught.value


def known(name: str, key: paramiko.PKey) -> str:
    return f"{name} {key.get_name()} {key.get_base64()}"


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    path = tmp_path / "identity"
    OPERATOR.write_private_key_file(str(path))
    return path


@pytest.mark.parametrize("accept_new", [False, True])
@pytest.mark.parametrize(
    "line", ["{hash} {other}", "[127.*]:* {other}", "@revoked * {key}", "@cert-authority * {other}"]
)
def test_no_line_of_known_hosts_is_overlooked(
    tmp_path: Path, identity: Path, line: str, accept_new: bool
) -> None:
    with sshd([HOST_KEY], logins=[OPERATOR]) as port:
        name = HostKeys.hash_host(f"[127.0.0.1]:{port}")
        text = line.format(hash=name, other=known("", OTHER).strip(), key=known("", HOST_KEY).strip())
        error = refusal(tmp_path, host_at(port, identity), text, accept_new=accept_new)
    assert any(reason in str(error) for reason in ("has CHANGED", "is REVOKED", "certificate authority"))


def test_a_host_with_several_keys_is_asked_for_the_known_one(tmp_path: Path, identity: Path) -> None:
    with sshd([HOST_KEY, HOST_RSA]) as port:
        error = refusal(tmp_path, host_at(port, identity), known("127.0.0.?", HOST_RSA))
    assert str(error) == f"node1: authentication failed for op@127.0.0.1 port {port}"


def test_an_unknown_key_is_shown(tmp_path: Path, identity: Path) -> None:
    with sshd([HOST_KEY]) as port:
        error = refusal(tmp_path, host_at(port, identity))
    shown = f"ecdsa-sha2-nistp256 {HOST_KEY.fingerprint}"
    assert str(error) == f"node1: unknown host key of [127.0.0.1]:{port}: {shown}"


@pytest.mark.parametrize("form", ["PEM", "RFC4716"])
def test_a_key_with_a_passphrase_says_how_to_use_it(tmp_path: Path, form: str) -> None:
    locked = tmp_path / "locked"
    command = ("ssh-keygen", "-q", "-t", "rsa", "-m", form, "-N", "secret", "-f", str(locked))
    subprocess.run(command, check=True)
    assert refusal(tmp_path, host_at(22, locked)).render() == (
        f"error: node1: `{locked}` is protected by a passphrase\n"
        f"hint: run `ssh-add {locked}`, and remove `identity_file` from the hosts file"
    )


@pytest.mark.parametrize("content", [b"", b"no key", known("", OPERATOR).strip().encode(), b"\xff\0"])
def test_what_is_no_private_key_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "identity"
    path.write_bytes(content)
    assert refusal(tmp_path, host_at(22, path)).render() == (
        f"error: node1: `{path}` is not a usable private key\n"
        "hint: check `identity_file` in the hosts file, and compile again"
    )


def test_a_key_that_is_missing_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path, host_at(22, tmp_path / "missing"))
    assert str(error) == f"node1: `{tmp_path}/missing` cannot be read: no such file or directory"


def test_a_host_that_takes_no_keys_says_what_it_takes(tmp_path: Path, identity: Path) -> None:
    with sshd([HOST_KEY], allowed="password") as port:
        error = refusal(tmp_path, host_at(port, identity), known(f"[127.0.0.1]:{port}", HOST_KEY))
    assert str(error) == f"node1: op@127.0.0.1 port {port} does not accept keys, only: password"


def status(folder: Path, port: int) -> str:
    """What `heatsink status` says of a host behind this port, if `folder` is the operator's home."""
    way = Connection(address="127.0.0.1", port=port, user="op")
    bundles.write_build(folder / "build", {"node1": [service("one")]}, {"node1": way})
    environment = {key: value for key, value in os.environ.items() if key != "SSH_AUTH_SOCK"}
    root = Path(__file__).parents[3]
    done = subprocess.run(
        (sys.executable, "-m", "compiler", "status"),
        cwd=folder,
        env={**environment, "HOME": str(folder), "PYTHONPATH": str(root)},
        check=False,
        text=True,
        capture_output=True,
    )
    return done.stderr


def test_without_any_key_there_is_a_hint(tmp_path: Path) -> None:
    with sshd([HOST_KEY]) as port:
        (tmp_path / "known_hosts").write_text(known(f"[127.0.0.1]:{port}", HOST_KEY))
        said = status(tmp_path, port)
    assert said == (
        f"error: node1: op@127.0.0.1 port {port}: there is no key to log in with\n"
        "hint: start an ssh agent and run `ssh-add`, or set `identity_file` in the hosts file\n"
    )


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (None, "unknown host key of [localhost]:{port}"),
        (OTHER, "the host key of [localhost]:{port} has CHANGED"),
        (HOST_RSA, "op@localhost port {port}: there is no key to log in with"),
    ],
)
def test_a_jump_host_must_have_its_key_too(tmp_path: Path, key: paramiko.PKey | None, reason: str) -> None:
    with sshd([HOST_KEY, HOST_RSA]) as port:
        (tmp_path / ".ssh").mkdir()
        (tmp_path / ".ssh/config").write_text(f"Host 127.*\n  ProxyJump op@localhost:{port}\n")
        (tmp_path / "known_hosts").write_text(known(f"*,[*]:{port}", key) if key else "")
        said = status(tmp_path, 1)
    assert said.startswith(f"error: node1: {reason.format(port=port)}")


CONFIGS = {
    b"Match nonsense\n": (
        "error: the configuration of ssh cannot be read: Missing parameter to Match 'nonsense' keyword\n"
        "hint: fix `~/.ssh/config` or `/etc/ssh/ssh_config`\n"
    ),
    b"\xff\n": (
        "error: the configuration of ssh cannot be read: 'utf-8' codec can't decode byte 0xff in position 0: "
        "invalid start byte\nhint: fix `~/.ssh/config` or `/etc/ssh/ssh_config`\n"
    ),
    b"Host *\nProxyCommand /missing %h\n": (
        "error: node1: op@127.0.0.1 port 1: no such file or directory: `/missing`\n"
        "hint: check that the host is up and runs sshd\n"
    ),
    b"Host 127.*\nProxyJump jump.invalid\n": (
        "error: node1: `jump.invalid` cannot be resolved to an address\nhint: check the hosts file\n"
    ),
}


@pytest.mark.parametrize("content", CONFIGS)
def test_a_mistake_in_the_configuration_of_ssh_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/config").write_bytes(content)
    assert status(tmp_path, 1) == CONFIGS[content]


def test_a_push_over_ssh_is_the_same_as_one_here(host: HostFolder, identity: Path) -> None:
    host.writes(service("one", config=random.Random(1).randbytes(300_000).hex()))
    unfit = host.path(layout.PROGRAM)
    unfit.parent.mkdir(parents=True)
    unfit.write_bytes(program()[:9999])
    (host.folder / "bin/python3").unlink(missing_ok=True)
    environment = {"HEATSINK_ROOT": f"{host.folder}/root", "PATH": f"{host.folder}/bin:{os.environ['PATH']}"}
    with sshd([HOST_KEY], logins=[OPERATOR], environment=environment) as port:
        known_hosts = KnownHosts(host.folder / "known_hosts", accept_new=True)
        (transport,) = transports([host_at(port, identity, user="root")], known_hosts).values()
        outcome = host.push_over(transport)
        unchanged = host.push_over(transport)
    assert (outcome.error, outcome.started) == (None, ("heatsink-one.service",))
    assert unchanged.is_unchanged
    assert unfit.read_bytes() == program()


def test_what_a_command_over_ssh_complains_of_is_shown(host: HostFolder, identity: Path) -> None:
    host.writes(service("one"))
    empty = {"HEATSINK_ROOT": f"{host.folder}/root", "PATH": f"{host.folder}/empty"}
    (host.folder / "empty").mkdir()
    (host.folder / "empty/sh").symlink_to("/bin/sh")
    with sshd([HOST_KEY], logins=[OPERATOR], environment=empty) as port:
        known_hosts = KnownHosts(host.folder / "known_hosts", accept_new=True)
        (transport,) = transports([host_at(port, identity, user="root")], known_hosts).values()
        error = host.push_over(transport).error
    assert error
    assert error.render() == (
        "error: localhost: python3 is not installed\nhint: install it (Debian: apt-get install python3)"
    )


def test_a_login_that_sshd_drops_is_tried_again(host: HostFolder, identity: Path) -> None:
    host.writes(service("one"))
    environment = {"HEATSINK_ROOT": f"{host.folder}/root", "PATH": f"{host.folder}/bin:{os.environ['PATH']}"}
    with sshd([HOST_KEY], logins=[OPERATOR], environment=environment, drops=3) as port:
        known_hosts = KnownHosts(host.folder / "known_hosts", accept_new=True)
        (transport,) = transports([host_at(port, identity, user="root")], known_hosts).values()
        assert host.push_over(transport).error is None


@pytest.mark.parametrize(
    "banner",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-1.0-old\r\n",
        b"SSH-2.0-\x1b]0;pwned\x07\r\n" + b"\xff" * 64,
        b"SSH-2.0-x\r\n\0\0\0\x0c\x0a\x14" + b"\0" * 10,
        b"SSH-2.0-x\r\n\0\0\0\x1c\x0a\x01\0\0\0\x02\0\0\0\x08\x1b[2Jgone\0\0\0\0" + b"\0" * 32,
    ],
)
def test_what_is_no_sshd_is_one_error_without_control_characters(
    tmp_path: Path, identity: Path, banner: bytes
) -> None:
    with answering(lambda connection: (connection.sendall(banner), connection.close())) as port:
        said = refusal(tmp_path, host_at(port, identity)).render()
    assert said.startswith(f"error: node1: op@127.0.0.1 port {port}")
    assert said.replace("\n", "").isprintable()
