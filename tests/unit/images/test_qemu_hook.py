"""libvirt's hook in nova-libvirt, which takes guests out of the control group of the container."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from compiler.shipped import folder

HOOK = folder("images") / "nova/nova-libvirt/hooks/qemu"
GROUP = "sys/fs/cgroup/machine.slice/machine-qemu\\x2di\\x2d1/cgroup.procs"

DEFINITION = """\
<domain>
  <disk type='file'>
    <target dev='vda' bus='virtio'/>
  </disk>
  <interface type='ethernet'>
    <target dev='tap0ab0301f-a5'/>
  </interface>
  <interface type='ethernet'>
    <target dev='tap6bf086e1-21'/>
  </interface>
</domain>
"""

pytestmark = pytest.mark.skipif(not shutil.which("systemd-escape"), reason="needs apt-get install systemd")


@dataclass(frozen=True)
class Host:
    """A folder in place of a host on which libvirtd, our process, has started the guest i-1 as process 42."""

    root: Path

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def read(self, name: str) -> str:
        path = self.root / name
        return path.read_text() if path.exists() else ""

    @property
    def log(self) -> str:
        return self.read(f"proc/{os.getpid()}/fd/2")

    def hook(self, operation: str = "started", *, systemd: bool = True) -> int:
        """The exit code of the hook. `busctl` and `ip` keep their arguments; with `systemd`, it answers."""
        self.write("ip", f'#!/bin/sh\necho "$@" >> {self.root}/links\n', 0o755)
        self.write("busctl", f'#!/bin/sh\necho "$@" > {self.root}/call\nexit {0 if systemd else 1}\n', 0o755)
        script = HOOK.read_text()
        for top in ("/run/libvirt", "/proc", "/sys"):
            script = script.replace(f" {top}/", f" {self.root}{top}/").replace(
                f'"{top}/', f'"{self.root}{top}/'
            )
        return subprocess.run(
            ("bash", "-c", script, "qemu", "i-1", operation, "begin", "-"), input=DEFINITION, text=True,
            env={"PATH": f"{self.root}:{os.environ['PATH']}"}, capture_output=True, check=False,
        ).returncode  # fmt: skip


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.write("run/libvirt/qemu/i-1.pid", "42")
    host.write("proc/self/cgroup", "1:cpu:/\n0::/machine.slice/libpod-1.scope/container\n")
    host.write("proc/42/cgroup", "1:cpu:/\n0::/machine.slice/libpod-1.scope/container\n")
    host.write("proc/1/comm", "systemd\n")
    host.write(f"proc/{os.getpid()}/fd/2", "")
    return host


def test_a_started_guest_becomes_a_scope_of_systemd(host: Host) -> None:
    host.hook()
    call = host.read("call").split()
    assert (call[call.index("fail") - 1], call[call.index("PIDs") :]) == (
        "machine-qemu\\x2di\\x2d1.scope",
        ["PIDs", "au", "1", "42", "0"],
    )


def test_the_links_of_a_started_guest_are_set_up(host: Host) -> None:
    host.write("sys/class/net/tap0ab0301f-a5/flags", "0x1002")
    host.write("sys/class/net/tap6bf086e1-21/flags", "0x1002")
    host.hook()
    assert host.read("links") == "link set dev tap0ab0301f-a5 up\nlink set dev tap6bf086e1-21 up\n"


def test_without_systemd_a_started_guest_gets_a_control_group(host: Host) -> None:
    host.hook(systemd=False)
    assert host.read(GROUP) == "42\n"


def test_a_guest_with_a_scope_does_not_get_a_control_group(host: Host) -> None:
    host.hook()
    assert host.read(GROUP) == ""


def test_a_guest_in_a_control_group_below_the_container_is_taken_out(host: Host) -> None:
    host.write("proc/42/cgroup", "0::/machine.slice/libpod-1.scope/container/guest\n")
    host.hook()
    assert "PIDs au 1 42" in host.read("call")


@pytest.mark.parametrize(
    ("container", "guest"),
    [
        ("/machine.slice/libpod-1.scope", "/machine.slice/machine-qemu\\x2d1\\x2di.scope/libvirt/emulator"),
        ("/", "/../../machine.slice/machine-qemu\\x2d1\\x2di.scope/libvirt/emulator"),  # its own namespace
    ],
)
def test_a_guest_that_libvirt_has_registered_stays_where_it_is(
    host: Host, container: str, guest: str
) -> None:
    host.write("proc/self/cgroup", f"0::{container}\n")
    host.write("proc/42/cgroup", f"0::{guest}\n")
    host.hook()
    assert host.read("call") == ""


def test_process_ids_of_the_container_are_not_given_to_the_systemd_of_the_host(host: Host) -> None:
    host.write("proc/1/comm", "dumb-init\n")
    host.hook()
    assert (host.read("call"), host.log) == (
        "",
        "hooks/qemu: i-1: ends with this container, which has its own process ids\n",
    )


def test_a_guest_that_is_still_in_the_container_is_reported(host: Host) -> None:
    host.write("proc/self/cgroup", "0::/\n")
    host.write("proc/42/cgroup", "0::/machine.slice/machine-qemu\\x2di\\x2d1\n")
    host.hook(systemd=False)
    assert "neither systemd nor" in host.log


def test_a_guest_starts_where_it_cannot_be_moved(host: Host) -> None:
    host.write("sys/fs/cgroup", "not a folder")
    assert (host.hook(systemd=False), "neither systemd nor" in host.log) == (0, True)


@pytest.mark.parametrize("operation", ["prepare", "start", "stopped", "release"])
def test_other_changes_of_a_guest_are_left_alone(host: Host, operation: str) -> None:
    assert (host.hook(operation), host.read("call")) == (0, "")
