"""Killed before any effect, the host is wholly on one generation after the next boot, revert or push."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.host import layout
from compiler.host.manifest import Manifest
from compiler.host.sealed import unsealed
from tests.support import fail_points
from tests.support.bundles import run_once, service
from tests.support.examples import QUICK, examples
from tests.support.fail_points import conversation, copied, manifest_of
from tests.support.host_folder import HostFolder, host_folder

OLD = (
    *(service("stays", config="same"), service("changes", config="old"), service("leaves", config="gone")),
    run_once("once", command="echo old"),
)
NEW = (
    *(
        service("stays", config="same"),
        service("changes", config="new", step=2),
        service("comes", config="n"),
    ),
    run_once("once", command="echo new"),
)


def points() -> Iterator[int]:
    """The effects before which the program is killed: each in the long run, some otherwise."""
    return itertools.count(1, 1 if examples(QUICK) > QUICK else 31)


@pytest.fixture
def changing(tmp_path: Path) -> HostFolder:
    """A host on which a change is about to happen: three generations are kept, and a new one is built."""
    host = host_folder(tmp_path / "host")
    for parts in ((service("first"),), (service("second"),), OLD):
        host.writes(*parts)
        host.push()
    host.writes(*NEW)
    return host


@pytest.mark.parametrize("finisher", ["recover", "revert", "push"])
def test_a_change_is_done_or_undone(changing: HostFolder, tmp_path: Path, finisher: str) -> None:
    old, new = manifest_in(changing, 3), manifest_of(changing)
    requests = conversation(changing, keep_newest=2)
    for point in points():
        host = copied(changing, tmp_path / "copy")
        end = fail_points.run(host, (), requests, point)
        finish(host, finisher)
        assert_whole(host, *((new,) if finisher == "push" or not end.was_killed else (old, new)))
        shutil.rmtree(host.folder)
        if not end.was_killed:
            assert end.status == 0
            return


@pytest.mark.parametrize("interrupted", ["recover", "revert"])
def test_an_undoing_that_is_interrupted_is_taken_up_again(
    changing: HostFolder, tmp_path: Path, interrupted: str
) -> None:
    old, new = manifest_in(changing, 3), manifest_of(changing)
    requests = conversation(changing)
    halfway = copied(changing, tmp_path / "halfway")
    assert fail_points.run(halfway, (), requests, 75).was_killed
    for point in points():
        host = copied(halfway, tmp_path / "copy")
        end = fail_points.run(host, (interrupted,), b"", point)
        finish(host, "recover")
        assert_whole(host, old, new)
        shutil.rmtree(host.folder)
        if not end.was_killed:
            return


@pytest.mark.parametrize("finisher", ["recover", "revert", "push"])
def test_a_first_push_is_done_or_undone(tmp_path: Path, finisher: str) -> None:
    host = host_folder(tmp_path / "host")
    host.writes(*NEW)
    new = manifest_of(host)
    requests = conversation(host)
    for point in points():
        killed = copied(host, tmp_path / "copy")
        end = fail_points.run(killed, (), requests, point)
        finish(killed, finisher)
        if killed.path(layout.CURRENT).is_symlink():
            assert_whole(killed, new)
        else:
            assert finisher != "push"
            assert_nothing(killed)
        shutil.rmtree(killed.folder)
        if not end.was_killed:
            return


def finish(host: HostFolder, finisher: str) -> None:
    """What comes next: a boot, the revert timer, or another push."""
    if finisher == "push":
        outcome = host.push()
        assert outcome.error is None, outcome.error.render()
        return
    if finisher == "recover":  # nothing runs when a boot begins
        for unit in (host.folder / "bin/active").iterdir():
            unit.unlink()
    end = fail_points.run(host, (finisher,), b"", 0)
    assert end.status == 0, (host.folder / "events").read_text()
    if finisher == "recover":
        boot(host)


def boot(host: HostFolder) -> None:
    """Start what systemd starts at a boot: every service that a step wants or requires."""
    for link in sorted(host.path(layout.UNITS).glob("heatsink-step*.target.*/*.service")):
        if link.exists():
            host.systemctl("start", link.stem.removeprefix("heatsink-"))


def assert_whole(host: HostFolder, *candidates: Manifest) -> None:
    """The host has all of one generation, nothing of another, and nothing unfinished."""
    current = manifest_in(host, int(host.path(layout.CURRENT).readlink().name))
    assert current in candidates
    for file in current.files:
        assert digest(host.path(file.path)) == file.sha256
    services = {unit.name for unit in current.units if not unit.is_target}
    assert installed_services(host) == services
    assert services <= {path.name for path in (host.folder / "bin/active").iterdir()}
    record = unsealed(host.path(layout.INSTALLED).read_bytes())
    assert record["files"] == [file.path for file in current.files]
    assert "" not in {record["units"][name] for name in services}
    assert_settled(host)


def assert_nothing(host: HostFolder) -> None:
    assert installed_services(host) == set()
    assert not list(host.path("/var/lib/config-data").glob("*/*"))
    assert_settled(host)


def assert_settled(host: HostFolder) -> None:
    """Nothing is under way, nothing is left of what was, and every kept generation is whole."""
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


def manifest_in(host: HostFolder, number: int) -> Manifest:
    return Manifest.parse(host.path(f"{layout.GENERATIONS}/{number}/manifest.json").read_bytes())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
