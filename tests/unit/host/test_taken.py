"""A file that a bundle takes over is kept as it was, and given back when it leaves."""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

import pytest

from compiler.host.disk import write
from compiler.host.installed import Installed
from compiler.host.machine import Machine
from compiler.host.manifest import File, Manifest
from compiler.host.store import Generation
from compiler.host.taken import give_back, keep_originals
from compiler.model import artifact
from compiler.model.artifact import Artifacts
from tests.support.bundles import prepared, service, taken_over
from tests.support.host_folder import HostFolder

MOTD = "/etc/motd"
KEPT = f"/var/lib/heatsink/taken{MOTD}"
TAKES_OVER = (service("one"), taken_over(MOTD, "ours"))
LEAVES = (service("one"),)


@pytest.fixture
def theirs(host: HostFolder) -> HostFolder:
    """A host with an original that is not as common."""
    host.path(MOTD).write_text("theirs")
    host.path(MOTD).chmod(0o640)
    return host


def pushes(host: HostFolder, parts: tuple[Artifacts, ...]) -> None:
    host.writes(*parts)
    assert host.push().error is None


def test_an_original_is_kept_and_given_back(theirs: HostFolder) -> None:
    pushes(theirs, TAKES_OVER)
    assert (theirs.path(MOTD).read_text(), theirs.path(KEPT).read_text()) == ("ours", "theirs")
    assert theirs.path("/var/lib/heatsink/taken").stat().st_mode & 0o777 == 0o700
    pushes(theirs, LEAVES)
    assert (theirs.path(MOTD).read_text(), theirs.path(MOTD).stat().st_mode & 0o777) == ("theirs", 0o640)
    assert not theirs.path(KEPT).exists()


def test_a_changed_file_does_not_replace_the_original(theirs: HostFolder) -> None:
    pushes(theirs, TAKES_OVER)
    pushes(theirs, (service("one"), taken_over(MOTD, "other")))
    assert theirs.path(KEPT).read_text() == "theirs"


def test_what_was_given_back_is_taken_over_again(theirs: HostFolder) -> None:
    pushes(theirs, TAKES_OVER)
    pushes(theirs, (service("one"), prepared("/srv/motd", "ours")))
    pushes(theirs, TAKES_OVER)
    pushes(theirs, LEAVES)
    assert theirs.path(MOTD).read_text() == "theirs"


def test_a_link_is_kept_as_a_link(host: HostFolder) -> None:
    host.path(MOTD).symlink_to("/run/motd.dynamic")
    pushes(host, TAKES_OVER)
    assert not host.path(MOTD).is_symlink()
    pushes(host, LEAVES)
    assert str(host.path(MOTD).readlink()) == "/run/motd.dynamic"


def test_without_an_original_nothing_stays(host: HostFolder) -> None:
    pushes(host, TAKES_OVER)
    pushes(host, LEAVES)
    assert not host.path(MOTD).exists()


def test_a_file_that_lines_of_tmpfiles_write_is_given_back(theirs: HostFolder) -> None:
    conf = "/etc/tmpfiles.d/heatsink.conf"
    tmpfiles = Artifacts(
        files=(artifact.File(path=conf, content=b"f+ /etc/motd - - - - x\n", takes_over=(MOTD,)),)
    )
    (theirs.folder / "bin/systemd-tmpfiles").write_text(f"#!/bin/sh\nprintf x >{theirs.path(MOTD)}\n")
    (theirs.folder / "bin/systemd-tmpfiles").chmod(0o755)
    pushes(theirs, (service("one"), tmpfiles))
    assert theirs.path(MOTD).read_text() == "x"
    pushes(theirs, LEAVES)
    assert theirs.path(MOTD).read_text() == "theirs"


def test_a_rollback_gives_back_and_one_more_takes_over_again(theirs: HostFolder) -> None:
    pushes(theirs, LEAVES)
    pushes(theirs, TAKES_OVER)
    assert theirs.rollback().error is None
    assert theirs.path(MOTD).read_text() == "theirs"
    theirs.path(MOTD).write_text("new")
    assert theirs.rollback().error is None
    assert theirs.path(MOTD).read_text() == "ours"
    pushes(theirs, LEAVES)
    assert theirs.path(MOTD).read_text() == "new"


def test_a_dry_run_keeps_nothing(theirs: HostFolder) -> None:
    theirs.writes(*TAKES_OVER)
    assert MOTD in theirs.dry_run().plan.writes
    assert not theirs.path(KEPT).exists()


def change(machine: Machine, wanted: Generation, text: str) -> None:
    """What a push does to the place, in its order; the file has this text, or leaves without one."""
    installed = Installed.on(machine)
    keep_originals(machine, wanted.manifest, installed)
    installed.announce(machine, wanted, (), (), reload=False, reload_networks=False)
    if text:
        write(machine.path(MOTD), text.encode(), 0o644)
    returned = give_back(machine, wanted.manifest, installed)
    if not text and MOTD in installed.files and MOTD not in returned:
        machine.path(MOTD).unlink(missing_ok=True)
    installed.record(machine, wanted)


def generation(*files: File) -> Generation:
    """A generation of these files alone."""
    manifest = Manifest(
        format=2, host="", role="", backend="podman", engine="podman", files=files, links=(), units=()
    )
    return Generation(raw=b"", manifest=manifest, secrets={})


OURS = File(path=MOTD, mode="0644", owner="root:root", sha256="", size=4, sensitive=False, takes_over=(MOTD,))
CHANGES = {"takes over": (generation(OURS), "ours"), "leaves": (generation(), "")}
EFFECTS = ("open", "os.rename", "os.remove", "os.symlink", "os.mkdir")


def dies(machine: Machine, doing: str, moment: int) -> bool:
    """Whether a change ended before its effect of that number, as if it were killed."""
    process = os.fork()
    if process:
        return os.waitpid(process, 0)[1] != 0
    effects = count()

    def end(event: str, _: tuple[object, ...]) -> None:
        if event in EFFECTS and next(effects) == moment:
            os._exit(1)

    sys.addaudithook(end)
    change(machine, *CHANGES[doing])
    os._exit(0)


def originals(machine: Machine) -> list[str]:
    """What is in the place, and kept."""
    return [path.read_text() for path in map(machine.path, (MOTD, KEPT)) if path.exists()]


@pytest.mark.slow
@pytest.mark.parametrize("after", CHANGES)
@pytest.mark.parametrize("doing", CHANGES)
def test_a_host_that_dies_at_any_moment_loses_no_original(tmp_path: Path, doing: str, after: str) -> None:
    for moment in count():
        machine = Machine(str(tmp_path / str(moment)))
        write(machine.path(MOTD), b"theirs", 0o644)
        if doing == "leaves":
            change(machine, *CHANGES["takes over"])
        died = dies(machine, doing, moment)
        assert "theirs" in originals(machine)
        change(machine, *CHANGES[after])
        change(machine, *CHANGES["leaves"])
        assert originals(machine) == ["theirs"]
        if not died:
            break
    assert moment > 10
