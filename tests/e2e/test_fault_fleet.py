"""Hosts that are dead, slow or liars: the others of a fleet of twenty are done in the usual time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler import lab as labs
from compiler.lab import LabNode
from tests.support.bundles import service
from tests.support.nodes import Operator, lab_of_tests
from tests.support.odd_answers import NOT_UNDERSTOOD
from tests.support.scripted import GREETING, line
from tests.support.traffic import slow

pytestmark = pytest.mark.lab

# What the shell of root prints in place of a conversation, to everybody who logs in.
LIES = "[ ! -e /root/lie ] || { cat /root/lie; exit; }\n"
BEYOND_BOUNDS = {
    "a line without an end": GREETING + b"x" * (6 << 20),
    "warnings without an end": GREETING + 30_000 * line("warning", text="look here"),
    "escapes in a refusal": GREETING + line("refused", message="\x1b]0;pwned\x07\nerror: node99: x", hint=""),
}
QUICK = ("another greeting", "no JSON", "an unknown hash", *BEYOND_BOUNDS)
CASES = [
    pytest.param(case, marks=() if case in QUICK else pytest.mark.long)
    for case in (*NOT_UNDERSTOOD, *BEYOND_BOUNDS)
]


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabNode, ...]]:
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 2) as lab:
        yield labs.up(lab, 20)


@pytest.fixture
def operator(twenty: tuple[LabNode, ...], tmp_path: Path) -> Operator:
    """Pushes to twenty nodes."""
    (tmp_path / "known_hosts").write_text(twenty[0].lab.known_hosts.read_text())
    return Operator(tmp_path, twenty)


def test_of_twenty_hosts_seventeen_are_done_and_three_are_named(
    operator: Operator, twenty: tuple[LabNode, ...]
) -> None:
    dead, sluggish, liar, *good = twenty
    operator.writes(service("one", config="a"))
    operator.push()
    operator.writes(service("one", config="b"))
    usual = seconds(operator, "push-artifacts")
    operator.writes(service("one", config=random.randbytes(1 << 20).hex()))
    with slow(sluggish, 16):  # whose files would take an hour
        lie(liar, b"".join(NOT_UNDERSTOOD["no JSON"][0]))
        dead.crash()
        began = time.monotonic()
        said = operator.push(code=1)
        took = time.monotonic() - began
    print(f"usual {usual:.1f} s, with three odd hosts {took:.1f} s\n{said}")
    assert {node.name for node in good} == {
        node.name for node in good if f"{node.name}: generation 3" in said
    }
    assert {node.name for node in twenty if f"error: {node.name}: " in said} == {
        node.name for node in (dead, sluggish, liar)
    }
    assert took < usual + 60


@pytest.mark.parametrize("case", CASES)
def test_a_liar_ends_alone(operator: Operator, twenty: tuple[LabNode, ...], case: str) -> None:
    liar, good = twenty[3:5]
    pair = Operator(operator.folder, (liar, good))
    pair.writes(service("one", config=case))
    answers = NOT_UNDERSTOOD[case][0] if case in NOT_UNDERSTOOD else (BEYOND_BOUNDS[case],)
    lie(liar, b"".join(answers))
    said = pair.push(code=1)
    (liar.root / "root/lie").unlink()
    assert f"error: {liar.name}: " in said
    assert "\nerror: node99" not in said
    assert f"{good.name}: generation" in said
    assert not set(said) & {chr(code) for code in range(32)} - {"\n"}


def lie(node: LabNode, answers: bytes) -> None:
    """From now on the node says just this."""
    (node.root / "root/lie").write_bytes(answers)
    (node.root / "root/.bashrc").write_text(LIES)


def seconds(operator: Operator, *arguments: str) -> float:
    """How long a command takes."""
    began = time.monotonic()
    operator.heatsink(*arguments)
    return time.monotonic() - began
