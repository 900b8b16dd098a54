"""The keys of hosts: a known_hosts file means to heatsink what it means to OpenSSH, or is stricter."""

from __future__ import annotations

import re
import subprocess
from base64 import b64encode
from pathlib import Path

import paramiko
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paramiko.hostkeys import HostKeys

from compiler.deploy.known_hosts import HostKeyError, KnownHosts, name_of
from compiler.deploy.known_line import fingerprint, known_line

KEY, OTHER, RSA = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate(), paramiko.RSAKey.generate(1024)


def words(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def verdict(path: Path, name: str, key: paramiko.PKey, *, accept_new: bool = False) -> str:
    """What becomes of a host that shows a key: `trusted`, or the first words of the error."""
    try:
        KnownHosts(path, accept_new=accept_new).missing_host_key(paramiko.SSHClient(), name, key)
    except HostKeyError as error:
        return str(error)
    return "trusted"


HASHED, HASHED_PORT = HostKeys.hash_host("node1"), HostKeys.hash_host("[node1]:2222")

TRUSTED = {
    "its name": (f"node1 {words(KEY)}", "node1"),
    "another case": (f"NODE1 {words(KEY)}", "Node1"),
    "one of several names": (f"a,node1,192.0.2.1 {words(KEY)}", "192.0.2.1"),
    "a hash": (f"{HASHED} {words(KEY)}", "node1"),
    "a wildcard": (f"node* {words(KEY)}", "node1"),
    "a question mark": (f"node? {words(KEY)}", "node1"),
    "everything but another": (f"*,!node2 {words(KEY)}", "node1"),
    "a port": (f"[node1]:2222 {words(KEY)}", "[node1]:2222"),
    "a hash of a port": (f"{HASHED_PORT} {words(KEY)}", "[node1]:2222"),
    "a wildcard of a port": (f"[*]:2222 {words(KEY)}", "[node1]:2222"),
    "its name without the port": (f"node1 {words(KEY)}", "[node1]:2222"),
    "the second of two keys of a type": (f"node1 {words(OTHER)}\nnode1 {words(KEY)}", "node1"),
    "tabs, comments and a line end of Windows": (f"# x\n \tnode1\t{words(KEY)} a comment\r\n", "node1"),
    "another key is revoked": (f"@revoked * {words(OTHER)}\nnode1 {words(KEY)}", "node1"),
    "an authority as well": (f"@cert-authority * {words(OTHER)}\nnode1 {words(KEY)}", "node1"),
}


@pytest.mark.parametrize("accept_new", [False, True])
@pytest.mark.parametrize("case", TRUSTED)
def test_a_host_with_a_key_of_the_file_is_trusted_and_nothing_is_written(
    tmp_path: Path, case: str, accept_new: bool
) -> None:
    text, name = TRUSTED[case]
    path = tmp_path / "known_hosts"
    path.write_bytes(text.encode())
    assert verdict(path, name, KEY, accept_new=accept_new) == "trusted"
    assert path.read_bytes() == text.encode()


CHANGED = "has CHANGED to ecdsa-sha2-nistp256 SHA256:"
REFUSED = {
    "another key": (f"node1 {words(OTHER)}", "node1", CHANGED),
    "a key of another type": (f"node1 {words(RSA)}", "node1", CHANGED),
    "another key of a hash": (f"{HASHED} {words(OTHER)}", "node1", CHANGED),
    "another key of a wildcard": (f"nod* {words(OTHER)}", "node1", CHANGED),
    "another key of one of several names": (f"a,node1 {words(OTHER)}", "node1", CHANGED),
    "another key of a port": (f"[node1]:2222 {words(OTHER)}", "[node1]:2222", CHANGED),
    "another key of a hash of a port": (f"{HASHED_PORT} {words(OTHER)}", "[node1]:2222", CHANGED),
    "a type that we do not know": (f"node1 ssh-new {b64encode(b'x').decode()}", "node1", CHANGED),
    "revoked": (f"@revoked node1 {words(KEY)}", "node1", "is REVOKED"),
    "revoked everywhere": (f"node1 {words(KEY)}\n@revoked * {words(KEY)}", "node1", "is REVOKED"),
    "revoked by a hash": (f"@revoked {HASHED} {words(KEY)}", "node1", "is REVOKED"),
    "revoked for its name without the port": (f"@revoked node1 {words(KEY)}", "[node1]:2222", "is REVOKED"),
    "an authority alone": (f"@cert-authority node* {words(OTHER)}", "node1", "certificate authority"),
    "the key of an authority": (f"@cert-authority * {words(KEY)}", "node1", "certificate authority"),
}


@pytest.mark.parametrize("accept_new", [False, True])
@pytest.mark.parametrize("case", REFUSED)
def test_a_host_whose_key_the_file_speaks_against_is_refused_always(
    tmp_path: Path, case: str, accept_new: bool
) -> None:
    text, name, reason = REFUSED[case]
    path = tmp_path / "known_hosts"
    path.write_text(text)
    assert reason in verdict(path, name, KEY, accept_new=accept_new)
    assert path.read_text() == text


UNKNOWN = {
    "no line": ("", "node1"),
    "another host": (f"node2 {words(OTHER)}", "node1"),
    "a negated pattern": (f"*,!node1 {words(OTHER)}", "node1"),
    "negated alone": (f"!node2 {words(OTHER)}", "node1"),
    "another port": (f"[node1]:2223 {words(OTHER)}", "[node1]:2222"),
    "another key without the port": (f"node1 {words(OTHER)}", "[node1]:2222"),
    "a port, and none is used": (f"[node1]:2222 {words(OTHER)}", "node1"),
    "a comment": (f"#node1 {words(OTHER)}", "node1"),
    "an unknown marker": (f"@trusted node1 {words(OTHER)}", "node1"),
    "no base64": ("node1 ssh-ed25519 ???", "node1"),
    "too few words": ("node1 ssh-ed25519", "node1"),
    "a broken hash": (f"|1|x|y {words(OTHER)}", "node1"),
    "another version of hashes": (f"{HASHED.replace('|1|', '|2|')} {words(OTHER)}", "node1"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_an_unknown_host_is_refused_or_written_down_as_asked(tmp_path: Path, case: str) -> None:
    text, name = UNKNOWN[case]
    path = tmp_path / "known_hosts"
    path.write_text(text)
    assert verdict(path, name, KEY).startswith(f"unknown host key of {name}: ecdsa-sha2-nistp256 SHA256:")
    assert verdict(path, name, KEY, accept_new=True) == "trusted"
    assert path.read_text() == f"{text}{text and chr(10)}{name} {words(KEY)}\n"
    assert verdict(path, name, KEY) == "trusted"


def test_a_host_that_was_accepted_must_keep_its_key_in_the_same_push(tmp_path: Path) -> None:
    known_hosts = KnownHosts(tmp_path / "known_hosts", accept_new=True)
    known_hosts.missing_host_key(paramiko.SSHClient(), "node1", KEY)
    with pytest.raises(HostKeyError, match="CHANGED"):
        known_hosts.missing_host_key(paramiko.SSHClient(), "node1", OTHER)


def test_a_new_file_is_for_its_owner_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch(mode=0o644)
    for path in (new, old):
        verdict(path, "node1", KEY, accept_new=True)
    assert [path.stat().st_mode & 0o777 for path in (new, old)] == [0o600, 0o644]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing/known_hosts"
    said = verdict(path, "node1", KEY, accept_new=True)
    assert said == f"the key of node1 cannot be saved in `{path}`: no such file or directory"


def test_known_types_are_asked_for_first(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"{HASHED} {words(RSA)}\n*,!x {words(KEY)}\n@revoked * ssh-ed25519 AAAA")
    assert set(KnownHosts(path, accept_new=False).key_types("node1")) == {"ssh-rsa", KEY.get_name()}


def test_the_port_is_named_unless_it_is_22() -> None:
    assert (name_of("a", 22), name_of("a", 2222)) == ("a", "[a]:2222")


def test_fingerprints_are_those_of_ssh_keygen(tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(words(KEY))
    shown = subprocess.run(
        ("ssh-keygen", "-lf", tmp_path / "key.pub"), check=True, text=True, stdout=-1
    ).stdout
    assert fingerprint(KEY.asbytes()) == shown.split()[1] == KEY.fingerprint


HOSTS = ("node1", "node2", "n", "192.0.2.1", "[node1]:2222", "[192.0.2.1]:22", "::1")
PATTERNS = st.lists(
    st.sampled_from(HOSTS)
    | st.sampled_from(
        ("*", "node*", "node?", "*1", "[*]:2222", "!node1", "!*2", "[node1]:*", "n?*", "!n", "**")
    )
    | st.text("no*?![]:1,", min_size=1, max_size=6),
    min_size=1,
    max_size=3,
).map(",".join)
NAMES = PATTERNS | st.sampled_from(HOSTS).map(HostKeys.hash_host)
LINES = st.tuples(st.sampled_from(("", "", "@revoked ", "@cert-authority ", "@other ", " ", "#")), NAMES).map(
    "".join
)


@given(st.lists(LINES, min_size=1, max_size=8), st.sampled_from(HOSTS))
def test_a_line_is_for_the_hosts_that_ssh_keygen_finds_in_it(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], name: str
) -> None:
    path = tmp_path_factory.mktemp("known") / "known_hosts"
    texts = [f"{line} {words(KEY)}" for line in lines]
    path.write_text("\n".join(texts) + "\n")
    listing = subprocess.run(
        ("ssh-keygen", "-F", name, "-f", path), check=False, text=True, capture_output=True
    )
    ours = [number for number, text in enumerate(texts, 1) if (line := known_line(text)) and line.names(name)]
    assert ours == [int(number) for number in re.findall(r"found: line (\d+)", listing.stdout)]
