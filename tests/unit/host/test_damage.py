"""What heatsink keeps on a host is cut short, foreign or gone: it is named or mended, and never run."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from compiler.deploy.errors import DeployError
from compiler.host import layout
from compiler.host.disk import remove_tree
from tests.support.changes import NEW, OLD, SECOND, folder, host_of
from tests.support.conversation import bundle_of
from tests.support.examples import one_in
from tests.support.fail_points import for_each
from tests.support.host_folder import host_folder
from tests.support.states import State, state_of
from tests.support.whole import assert_installed

OF_GENERATIONS = (
    *("manifest.json", "secrets.json", "about.json", "root"),
    *(f"root{layout.UNITS}/heatsink-{name}" for name in ("stays.service", "once.service", "step1.target")),
    "root/var/lib/config-data/changes/changes.conf",
)
PLACES = (
    *(f"{layout.GENERATIONS}/{number}/{name}" for number in (2, 3) for name in OF_GENERATIONS),
    *(layout.CURRENT, layout.PREVIOUS, layout.INSTALLED, layout.SUMMARY, layout.SALT, layout.LOCK),
    *(layout.HISTORY, layout.PENDING, layout.CONFIRMED, layout.PROGRAM, layout.STAGING),
    *(f"{layout.STAMPS}/foreign", f"{layout.TRASH}-1", f"{layout.TAKEN}/etc/foreign"),
)


def make_shorter(path: Path) -> None:
    if path.is_file():
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def makes(content: bytes) -> Callable[[Path], None]:
    """What puts a file with this content in a place."""

    def act(path: Path) -> None:
        remove_tree(path)
        path.write_bytes(content)

    return act


def make_folder(path: Path) -> None:
    remove_tree(path)
    (path / "in it").mkdir(parents=True)


def make_link(path: Path) -> None:
    remove_tree(path)
    path.symlink_to("nowhere")


DAMAGES = {
    "shorter": make_shorter,
    "empty": makes(b""),
    "foreign": makes(json.dumps({"format": 1, "files": [{"path": 7}], "units": 3}).encode()),
    "a list": makes(b"[1, 2]\n"),
    "random": makes(random.Random(7).randbytes(300)),
    "folder": make_folder,
    "link": make_link,
    "removed": remove_tree,
}
REQUESTS = {
    "status": lambda host: host.status().error,
    "plan": lambda host: host.dry_run().error,
    "push": lambda host: host.push().error,
    "changing push": lambda host: (host.writes(*OLD), host.push().error)[1],
    "rollback": lambda host: host.rollback().error,
    "remove": lambda host: host.remove().error,
}
Case = tuple[str, str, str]
CASES: Sequence[Case] = tuple(itertools.product(PLACES, DAMAGES, REQUESTS))


def test_whatever_is_damaged_is_named_or_mended() -> None:
    start()
    for_each(random.Random(1).sample(CASES, len(CASES) // one_in(quick=150, usual=12)), check)


def check(case: Case) -> None:
    place, damage, request = case
    with host_of(start()) as host:
        path = host.path(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        DAMAGES[damage](path)
        if place == layout.PROGRAM:
            (host.folder / "bin/python3").unlink()  # it would not run what is installed
        assert_understood(REQUESTS[request](host))
        for parts in (NEW, OLD):
            host.writes(*parts)
            error = host.push().error
            assert error is None, error.render()
        assert_installed(host, bundle_of(host).manifest)


def assert_understood(error: DeployError | None) -> None:
    """What is reported has been understood: it is no traceback, and nothing that an exception says."""
    text = error.render() if error else ""
    assert not re.search(r"Traceback|Error\b|<class|object is not|not supported between", text), text


@cache
def start() -> State:
    """A host that has three generations, and files that were taken over."""
    with folder() as empty:
        host = host_folder(empty / "host")
        for parts in (SECOND, OLD, NEW):
            host.writes(*parts)
            assert host.push().error is None
        return state_of(host.folder)
