"""The program that has the host's systemd start what Neutron's agents start."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from compiler.shipped import folder

PROGRAM = folder("images") / "neutron/neutron-namespace-base/run_by_systemd"
TAG = "dnsmasq-5b9d"


@dataclass(frozen=True)
class Container:
    """A folder in place of a container: its dnsmasq and its systemd-run print how they were started."""

    root: Path

    def install(self, name: str, text: str = r'printf "%s\n" "${0##*/} $*"') -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def started(self, **environment: str) -> str:
        """What `dnsmasq --port=0` prints."""
        text = PROGRAM.read_text()
        for top in ("/usr/", "/run/", "/proc/"):
            text = text.replace(f" {top}", f" {self.root}{top}").replace(f"={top}", f"={self.root}{top}")
        script = self.root / "dnsmasq"
        script.write_text(text)
        path = {"PATH": f"{self.root}/usr/bin:/usr/bin:/bin"}
        command = ("bash", str(script), "--port=0")
        return subprocess.run(command, env=path | environment, check=True, stdout=-1, text=True).stdout


@pytest.fixture
def container(tmp_path: Path) -> Container:
    container = Container(tmp_path)
    container.install("usr/sbin/dnsmasq")
    container.install("usr/bin/systemd-run")
    container.install("usr/bin/ip", "echo qdhcp-5b9d")
    container.install("usr/bin/systemd-escape", r"printf '%s\n' 'run-netns-qdhcp\x2d5b9d.mount'")
    container.install("usr/bin/systemctl", "exit 0")
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/comm").write_text("systemd\n")
    return container


def test_what_an_agent_has_tagged_is_started_by_systemd(container: Container) -> None:
    started = container.started(PROCESS_TAG=TAG)
    assert started.startswith("systemd-run ")
    assert f"--unit=neutron-{TAG}-" in started
    assert started.endswith(f"--mount --net -- {container.root}/usr/sbin/dnsmasq --port=0\n")


def test_what_an_agent_has_tagged_ends_with_its_network_namespace(container: Container) -> None:
    mount = r"run-netns-qdhcp\\x2d5b9d.mount"  # systemd-run takes the first backslash as an escape
    assert f"--property=BindsTo={mount} --property=After={mount} " in container.started(PROCESS_TAG=TAG)


def test_what_has_no_tag_runs_where_it_is(container: Container) -> None:
    assert container.started() == "dnsmasq --port=0\n"


def test_without_the_systemd_of_the_host_a_program_runs_where_it_is(container: Container) -> None:
    (container.root / "run/systemd/system").rmdir()
    assert container.started(PROCESS_TAG=TAG) == "dnsmasq --port=0\n"


def test_with_process_ids_of_its_own_a_container_keeps_its_programs(container: Container) -> None:
    (container.root / "proc/1/comm").write_text("dumb-init\n")
    assert container.started(PROCESS_TAG=TAG) == "dnsmasq --port=0\n"


def test_a_program_may_be_in_either_folder_of_the_system(container: Container) -> None:
    (container.root / "usr/sbin/dnsmasq").rename(container.root / "usr/bin/dnsmasq")
    assert container.started() == "dnsmasq --port=0\n"
