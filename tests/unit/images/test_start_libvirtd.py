"""The program of nova-libvirt that has the host's systemd run libvirtd."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from compiler.shipped import folder

PROGRAM = folder("images") / "nova/nova-libvirt/start_libvirtd"


@dataclass(frozen=True)
class Container:
    """A folder in place of a container: its programs keep how they were started."""

    root: Path

    def install(self, name: str, text: str = "") -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "${{0##*/}} $*" >> {self.root}/log\n{text}\n')
        path.chmod(0o755)

    def start(self) -> subprocess.Popen[str]:
        text = PROGRAM.read_text()
        for top in ("(/usr/", "-d /run/", "< /proc/"):
            text = text.replace(top, top.replace("/", f"{self.root}/", 1))
        environment = {"PATH": f"{self.root}/usr/bin:/usr/bin:/bin"}
        return subprocess.Popen(("bash", "-c", text, "start_libvirtd"), env=environment, text=True)

    @property
    def log(self) -> list[str]:
        path = self.root / "log"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def container(tmp_path: Path) -> Container:
    container = Container(tmp_path)
    container.install("usr/sbin/libvirtd")
    container.install("usr/bin/systemd-run")
    container.install("usr/bin/systemctl", '[ "$1" != is-active ]')
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/comm").write_text("systemd\n")
    return container


def test_libvirtd_is_a_unit_of_the_host_in_the_mounts_of_the_container(container: Container) -> None:
    with container.start() as program:
        pass
    [*_, started] = container.log
    assert started.startswith("systemd-run ")
    assert f" nsenter --target {program.pid} --mount " in started
    assert started.endswith(f" -- {container.root}/usr/sbin/libvirtd")


def test_it_ends_as_libvirtd_does(container: Container) -> None:
    container.install("usr/bin/systemd-run", "exit 6")
    with container.start() as program:
        pass
    assert program.returncode == 6


def test_that_of_a_container_that_was_killed_ends_before(container: Container) -> None:
    container.install("usr/bin/systemctl")
    with container.start():
        pass
    assert [line.split()[:2] for line in container.log[:-1]] == [
        ["systemctl", "is-active"],
        ["systemctl", "stop"],
    ]


def test_it_ends_with_the_container(container: Container) -> None:
    container.install("usr/bin/systemd-run", "exec sleep 60 > /dev/null 2>&1")
    with container.start() as program:
        while not container.log or not container.log[-1].startswith("systemd-run"):
            time.sleep(0.01)
        program.send_signal(signal.SIGTERM)
    assert (program.returncode, container.log[-1]) == (0, "systemctl stop nova-libvirtd.service")


@pytest.mark.parametrize("missing", ["process ids", "systemd"])
def test_without_the_systemd_of_the_host_libvirtd_runs_where_it_is(
    container: Container, missing: str
) -> None:
    if missing == "systemd":
        (container.root / "run/systemd/system").rmdir()
    else:
        (container.root / "proc/1/comm").write_text("dumb-init\n")
    with container.start():
        pass
    assert container.log[-1] == "libvirtd "
