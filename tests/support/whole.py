"""What comes after the host program was killed, and whether the host is whole then."""

from __future__ import annotations

import hashlib
from pathlib import Path

from compiler.host import layout
from compiler.host.manifest import Manifest
from compiler.host.sealed import unsealed
from tests.support import fail_points
from tests.support.host_folder import HostFolder


def finish(host: HostFolder, finisher: str) -> None:
    """What comes next: a boot, the revert timer, or another push."""
    if finisher == "push":
        outcome = host.push()
        assert outcome.error is None, outcome.error.render()
        return
    if finisher == "recover":
        reset(host)
    assert fail_points.run(host, (finisher,)) == 0, fail_points.said(host)
    if finisher == "recover":
        boot(host)


def reset(host: HostFolder) -> None:
    """What runs no longer does when a boot begins."""
    for unit in (host.folder / "bin/active").iterdir():
        unit.unlink()


def boot(host: HostFolder) -> None:
    """Start what systemd starts at a boot: every service that a step wants or requires."""
    for link in sorted(host.path(layout.UNITS).glob("heatsink-step*.target.*/*.service")):
        if link.exists():
            host.systemctl("start", link.stem.removeprefix("heatsink-"))


def assert_whole(host: HostFolder, *candidates: Manifest | None) -> None:
    """The host has all of one generation, or nothing; nothing of another, and nothing unfinished."""
    number = host.path(layout.CURRENT)
    current = manifest_in(host, int(number.readlink().name)) if number.is_symlink() else None
    assert current in candidates
    if current:
        assert_installed(host, current)
    else:
        assert_nothing(host)
    assert_settled(host)


def assert_installed(host: HostFolder, current: Manifest) -> None:
    for file in current.files:
        assert digest(host.path(file.path)) == file.sha256
    for link in current.links:
        assert str(host.path(link.path).readlink()) == link.target
    services = {unit.name for unit in current.units if not unit.is_target}
    assert installed_services(host) == services
    active = {path.name for path in (host.folder / "bin/active").iterdir()}
    assert services - active <= {unit.name for unit in current.units if unit.runs_once}
    assert all(host.path(unit.stamp).exists() for unit in current.units if unit.stamp)
    record = unsealed(host.path(layout.INSTALLED).read_bytes())
    assert record["files"] == [file.path for file in current.files]
    assert "" not in {record["units"][name] for name in services}


def assert_jobs_ran_once(host: HostFolder) -> None:
    ran = lines_of(host.folder / "bin/ran")
    assert len(ran) == len({*ran})


def assert_nothing(host: HostFolder) -> None:
    assert installed_services(host) == set()
    assert not list(host.path("/var/lib/config-data").glob("*/*"))


def assert_settled(host: HostFolder) -> None:
    """Nothing is under way or left of what was, and kept generations are whole."""
    assert not host.path(layout.PENDING).exists()
    assert list(host.path("/").rglob(".*.heatsink")) == []
    for folder in host.path(layout.GENERATIONS).glob("[0-9]*"):
        manifest = Manifest.parse((folder / "manifest.json").read_bytes())
        for file in manifest.files:
            assert digest(Path(f"{folder}/root{file.path}")) == file.sha256


def installed_services(host: HostFolder) -> set[str]:
    """The services that systemd would find."""
    return {path.name for path in host.path(layout.UNITS).glob("heatsink-*.service")} - {
        "heatsink-recovery.service"
    }


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def manifest_in(host: HostFolder, number: int) -> Manifest:
    return Manifest.parse(host.path(f"{layout.GENERATIONS}/{number}/manifest.json").read_bytes())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
