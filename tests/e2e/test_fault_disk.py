"""Full disks: nothing is changed or all is back, and the message says how much is needed, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from compiler.lab import LabNode
from compiler.lab.system import wait_until
from tests.support.bundles import CONFIG, service
from tests.support.footprint import footprint
from tests.support.nodes import Operator

pytestmark = [pytest.mark.lab, pytest.mark.backends]

HOME = "/var/lib/heatsink"
# It fills a file system when it stops, and frees it when it starts.
HOG = 'rm -f {place}/fill; trap "head -c 20000000 /dev/zero >{place}/fill" TERM EXIT; sleep infinity & wait'
LARGE = "x" * 2_000_000


@contextmanager
def small(node: LabNode, folder: str, *options: str) -> Iterator[None]:
    """A folder that is a file system of its own, with what was in it."""
    mount = f"mount -t tmpfs -o {','.join(('mode=755', *options))} small {folder}"
    node.run(
        (
            "sh",
            "-c",
            f"mkdir -p {folder} && cp -a {folder} /tmp/kept && {mount} && cp -a /tmp/kept/. {folder}",
        )
    )
    try:
        yield
    finally:
        node.run(("sh", "-c", f"rm -rf /tmp/kept/* && cp -a {folder}/. /tmp/kept; umount -l {folder}"))
        node.run(("sh", "-c", f"cp -a /tmp/kept/. {folder}; rm -r /tmp/kept"))


@pytest.fixture
def changing(operator: Operator) -> Operator:
    """An operator whose node has an old generation; the next one has a large file."""
    operator.writes(operator.container("one", config="old"))
    operator.push()
    operator.writes(operator.container("one", config=LARGE))
    return operator


def test_a_disk_without_room_for_the_upload_changes_nothing(changing: Operator, node: LabNode) -> None:
    with small(node, HOME, "size=1500k"):
        before = footprint(node)
        said = changing.push(code=1)
        assert says_room(said, f"{HOME}/generations")
        assert footprint(node) == before
    assert "1 unit started" in changing.push()


def test_a_disk_without_room_for_the_files_changes_nothing(changing: Operator, node: LabNode) -> None:
    with small(node, CONFIG, "size=1500k"):
        before = footprint(node, without=HOME)
        said = changing.push(code=1)
        assert says_room(said, f"{CONFIG}/one")
        assert footprint(node, without=HOME) == before
    assert "1 unit started" in changing.push()


def test_a_disk_without_room_for_one_more_file_changes_nothing(changing: Operator, node: LabNode) -> None:
    changing.writes(*(changing.container(name, config=name) for name in ("one", "two", "three")))
    with small(node, CONFIG, "nr_inodes=6"):
        before = footprint(node, without=HOME)
        said = changing.push(code=1)
        assert re.search(rf"the file system of `{CONFIG}\S*` is full: 5 inodes are needed, 3 are free", said)
        assert footprint(node, without=HOME) == before
    changing.push()


def test_a_disk_that_fills_in_the_middle_brings_the_old_generation_back(
    operator: Operator, node: LabNode
) -> None:
    one = operator.container("one", config="old")
    with small(node, CONFIG, "size=4m"):
        operator.writes(one, service("hog", command=HOG.format(place=CONFIG)))
        operator.push()
        before = footprint(node, without=HOME)
        operator.writes(operator.container("one", config=LARGE))
        said = operator.push("--yes", code=1)
        assert f"error: {node.name}: No space left on device: `{CONFIG}/one/one.conf`" in said
        assert "hint: free disk space and push again" in said
        assert "the host has returned to generation 1" in said
        assert files(footprint(node, without=HOME)) == files(before)
        assert all(unit["up"] for unit in operator.status().values())


def test_a_rollback_without_room_for_its_record_changes_nothing(changing: Operator, node: LabNode) -> None:
    changing.push()
    with small(node, HOME, "size=16m"):
        node.attempt(("sh", "-c", f"head -c 20000000 /dev/zero >{HOME}/fill"))
        before = footprint(node)
        said = changing.heatsink("rollback", "--yes", code=1)
        assert f"error: {node.name}: No space left on device: `{HOME}" in said
        assert footprint(node) == before
        node.run(("rm", f"{HOME}/fill"))
        changing.heatsink("rollback", "--yes")


def test_records_that_cannot_be_written_in_the_middle_bring_the_old_generation_back_when_there_is_room(
    operator: Operator, node: LabNode
) -> None:
    with small(node, HOME, "size=16m"):
        operator.writes(operator.container("one", config="old"))
        operator.push()
        filler = f"head -c 20000000 /dev/zero >{HOME}/fill; exec sleep infinity"
        operator.writes(operator.container("one", config="new"), service("filler", command=filler))
        said = operator.push("--confirm-timeout", "10", code=1)
        assert "No space left on device" in said
        node.run(("rm", f"{HOME}/fill"))
        config = ("cat", f"{CONFIG}/one/one.conf")
        assert wait_until(lambda: node.run(config) == "old", seconds=60)
        assert wait_until(lambda: "pending" not in node.run(("ls", HOME)), seconds=30)
        assert set(operator.status()) == {"heatsink-one.service"}


def says_room(said: str, folder: str) -> bool:
    """Whether a message says how much room is needed, how much there is, and where."""
    full = rf"the file system of `{folder}` is full: 3\.\d MB are needed, \d\.\d MB are free\n"
    return bool(re.search(full, said)) and "hint: free disk space and push again" in said


def files(print_of_node: str) -> list[str]:
    """The lines of a footprint that are about files."""
    return [line for line in print_of_node.splitlines() if "/" in line]
