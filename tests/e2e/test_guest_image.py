"""The disk of guests in tests, booted by QEMU without any cloud."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from compiler.lab.system import wait_until
from tests.support.guest_image import build

TOOLS = ("apt-get", "mke2fs", "qemu-img", "qemu-system-x86_64", "ssh", "ssh-keygen")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(shutil.which, TOOLS)),
        reason="needs apt-get install e2fsprogs openssh-client qemu-system-x86 qemu-utils",
    ),
]
METADATA = """#!/bin/bash
read -r method path version
while read -r header && [[ ${header} != $'\\r' ]]; do :; done
case $path in
*/instance-id) body=i-1 ;;
*/hostname) body=s1.novalocal ;;
*/openssh-key) body=$(< "${0%/*}/key.pub") ;;
*/user-data) body=$(printf '#!/bin/sh\\necho GUEST-RAN $(uname)') ;;
esac
printf 'HTTP/1.0 200 OK\\r\\n\\r\\n%s\\n' "$body"
"""


@dataclass(frozen=True)
class Guest:
    """A guest that is ready, with an empty volume and a service of metadata."""

    console: Path
    port: int
    ssh_port: int

    def said(self, word: str) -> list[str]:
        return re.findall(rf"^GUEST-{word}\b ?(.*?)\r?$", self.console.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    folder = tmp_path_factory.mktemp("guest")
    build(folder / "guest.qcow2")
    (folder / "volume").write_bytes(bytes(2**20))
    (folder / "metadata").write_text(METADATA)
    (folder / "metadata").chmod(0o755)
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"), check=True)
    guest = Guest(folder / "console", _free_port(), _free_port())
    with subprocess.Popen(_qemu(folder, guest), stdin=subprocess.DEVNULL) as process:
        try:
            assert wait_until(lambda: guest.console.exists() and bool(guest.said("READY")), seconds=240)
            yield guest
        finally:
            process.kill()


def _qemu(folder: Path, guest: Guest) -> tuple[str, ...]:
    network = (
        "user,model=virtio-net-pci,net=169.254.169.0/24,dhcpstart=169.254.169.15",
        f"guestfwd=tcp:169.254.169.254:80-cmd:{folder}/metadata",
        f"hostfwd=tcp:127.0.0.1:{guest.port}-:80",
        f"hostfwd=tcp:127.0.0.1:{guest.ssh_port}-:22",
    )
    return (
        "qemu-system-x86_64", "-accel", "tcg", "-m", "128", "-display", "none", "-nodefaults",
        "-serial", f"file:{guest.console}", "-nic", ",".join(network),
        "-drive", f"file={folder}/guest.qcow2,if=virtio",
        "-drive", f"file={folder}/volume,if=virtio,format=raw",
    )  # fmt: skip


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_the_console_shows_how_far_the_guest_came(guest: Guest) -> None:
    assert {word: guest.said(word) for word in ("ADDRESS", "METADATA", "RAN", "VOLUME")} == {
        "ADDRESS": ["169.254.169.15/24"],
        "METADATA": ["i-1 s1.novalocal"],
        "RAN": ["Linux"],
        "VOLUME": ["ok empty"],
    }


def test_the_guest_serves_its_id(guest: Guest) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{guest.port}/", timeout=30) as answer:
        assert answer.read() == b"i-1 169.254.169.15/24\n"


def test_the_guest_has_written_to_its_volume(guest: Guest) -> None:
    assert (guest.console.parent / "volume").read_bytes().startswith(b"written-by-i-1\0")


def test_the_key_of_the_metadata_opens_the_guest(guest: Guest) -> None:
    key = guest.console.parent / "key"
    options = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes")
    to_guest = ("ssh", *options, "-i", key, "-p", str(guest.ssh_port), "root@127.0.0.1")
    done = subprocess.run((*to_guest, "sudo hostname"), capture_output=True, text=True, check=False)
    assert done.stdout == "s1.novalocal\n", done.stderr
