"""Long runs: power that is lost at random moments, and a hundred pushes that alternate two environments."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import ndiff
from pathlib import Path

import pytest

from compiler import lab as labs
from compiler.lab import LabNode
from compiler.lab.system import wait_until
from compiler.model.artifact import Artifacts
from compiler.model.container import Volume
from tests.support.bundles import prepared, run_once, service
from tests.support.footprint import footprint
from tests.support.nodes import Operator, lab_of_tests
from tests.support.whole_node import unfinished, wrong

pytestmark = [pytest.mark.lab, pytest.mark.long]

SEED = int(os.environ.get("HEATSINK_SEED", time.time_ns() % 10_000))
ROUNDS = int(os.environ.get("HEATSINK_ROUNDS", 200))  # shared out among the backends
PUSHES = int(os.environ.get("HEATSINK_PUSHES", 100))
NODES = int(os.environ.get("HEATSINK_NODES", 20))
DATA = (Volume(source="data", target="/data"),)
MARKS = "[ -e /data/mark ] || echo kept >/data/mark; exec sleep infinity"  # the volume, once


@dataclass(frozen=True)
class Crashes:
    """Rounds of pushes to a node that loses its power in the middle."""

    operator: Operator
    node: LabNode
    chance: random.Random
    took: float  # seconds that a push takes

    def round(self) -> list[str]:
        """Lose the power somewhere in a push; what is wrong after the boot, and after the next push."""
        self.operator.writes(*bundle(self.operator, self.chance))
        push = self.operator.start("push-artifacts", "--yes")
        time.sleep(self.chance.uniform(0.2, self.took))
        self.node.crash()
        push.kill()
        push.communicate()
        self.node.boot()
        self.node.settle()
        return self.after_boot() or self.after_push()

    def after_boot(self) -> list[str]:
        engine = self.operator.backend.engine
        wait_until(lambda: not wrong(self.node, engine), seconds=60)
        return [f"after the boot: {text}" for text in (*wrong(self.node, engine), *self.volume())]

    def after_push(self) -> list[str]:
        said = self.operator.push("--yes")
        texts = (*wrong(self.node, self.operator.backend.engine), *unfinished(self.node), *self.volume())
        return [f"after the next push: {text}\n{said}" for text in texts]

    def volume(self) -> list[str]:
        """Whether the volume is not what was put into it."""
        engine = self.operator.backend.engine
        place = f"$({engine} volume inspect data --format '{{{{.Mountpoint}}}}')"
        mark = self.node.attempt(("sh", "-c", f"cat {place}/mark")).stdout
        return [] if mark == "kept\n" else [f"the volume has {mark!r}"]


def bundle(operator: Operator, chance: random.Random) -> Iterator[Artifacts]:
    """A container with a volume, and whatever else chance wants."""
    yield operator.container("data", command=MARKS, volumes=DATA, config=chance.choice("abc"))
    if chance.random() < 0.5:
        yield operator.container("web", step=2, config=chance.choice("abc"))
    if chance.random() < 0.5:
        yield run_once("job", step=2, command=chance.choice(("true", "sleep 1")))
    if chance.random() < 0.5:
        yield service("plain", step=3, config=chance.choice("abc"))
    if chance.random() < 0.3:
        yield prepared("/etc/tmpfiles.d/heatsink.conf", f"d /run/{chance.choice('abc')} 0755 root root -\n")


@pytest.mark.backends
def test_power_that_is_lost_at_any_moment_leaves_one_generation_whole(
    operator: Operator, node: LabNode
) -> None:
    chance = random.Random(SEED)
    operator.writes(*bundle(operator, chance))
    operator.push()
    began = time.monotonic()
    operator.writes(*bundle(operator, chance))
    operator.push("--yes")
    crashes = Crashes(operator, node, chance, took=time.monotonic() - began)
    for number in range(-(-ROUNDS // 3)):
        problems = crashes.round()
        print(f"round {number}: {problems or 'whole'}")
        assert not problems, f"seed {SEED}, round {number}, {operator.backend}: {problems}"


@pytest.fixture
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabNode, ...]]:
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 2) as lab:
        yield labs.up(lab, NODES)


def test_pushes_that_alternate_two_environments_leave_nothing_behind(
    twenty: tuple[LabNode, ...], tmp_path: Path
) -> None:
    (tmp_path / "known_hosts").write_text(twenty[0].lab.known_hosts.read_text())
    operator = Operator(tmp_path, twenty)
    seen: dict[str, dict[str, str]] = {}
    for number in range(PUSHES):
        environment = "ab"[number % 2]
        operator.writes(*environment_of(environment))
        began = time.monotonic()
        operator.push("--yes", "--timeout", "300")
        print(f"push {number}: {time.monotonic() - began:.1f} s")
        if number >= PUSHES - 2 or number in (10, 11):
            now = {node.name: lasting(node) for node in twenty}
            before = seen.setdefault(environment, now)
            assert [*differing(before, now)] == [], f"push {number}"
    assert {node.name: wrong(node, node.engine) for node in twenty} == {node.name: [] for node in twenty}


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """The lines on nodes that have come or gone."""
    for node, text in now.items():
        lines = ndiff(before[node].splitlines(), text.splitlines())
        yield from (f"{node}: {line}" for line in lines if line.startswith(("- ", "+ ")))


def environment_of(name: str) -> Iterator[Artifacts]:
    """Services that both have, and services that only one has."""
    yield service("both", config=name)
    yield service("same", config="x")
    yield run_once(f"job-{name}", command=f": {name}")
    yield service(f"only-{name}", step=2, config=name)


def lasting(node: LabNode) -> str:
    """What is on a node, but for numbers and times: those of generations, invocations and the history."""
    found = re.sub(r" InvocationID=\w*", "", footprint(node, without="/var/lib/heatsink"))
    home = "cd /var/lib/heatsink && ls generations | wc -l && ls . stamps"
    return found + node.run(("sh", "-c", home))
