"""Plans on real hosts: what is planned is what happens, to each unit, and nothing else does."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator

import pytest

from compiler import lab as labs
from compiler.lab import LabNode
from compiler.model.artifact import Artifacts
from tests.support.bundles import run_once, service
from tests.support.nodes import Operator, clean, invocations, lab_of_tests

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabNode, ...]]:
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 6) as lab:
        yield labs.up(lab, 2)


def shop(config: str = "a", command: str = "true", secret: str = "s") -> tuple[Artifacts, ...]:
    """Six units: a job with two units behind it, one with a secret, and two that stay."""
    return (
        run_once("bootstrap", command=command),
        service("db", requires="bootstrap"),
        service("api", step=2, requires="db"),
        service("web", step=2, config=config),
        service("key", config=secret, sensitive=True),
        service("stay"),
    )


NAMES = ("bootstrap", "db", "api", "web", "key", "stay")


def test_each_unit_is_restarted_or_not_as_planned(operator: Operator, node: LabNode) -> None:
    operator.writes(*shop())
    operator.push()
    before = dict(zip(NAMES, invocations(node, *NAMES), strict=True))
    operator.writes(*shop(config="b", command="echo again"))
    planned = operator.dry_run()
    assert dict(zip(NAMES, invocations(node, *NAMES), strict=True)) == before
    operator.push()
    after = dict(zip(NAMES, invocations(node, *NAMES), strict=True))
    moved = {f"heatsink-{name}.service" for name in NAMES if before[name] != after[name]}
    assert moved == {unit["unit"] for unit in planned["units"]}
    assert {f"heatsink-{name}.service" for name in NAMES} - moved == set(planned["untouched"])


def test_a_plan_names_the_causes_and_shows_no_secret(operator: Operator) -> None:
    operator.writes(*shop(secret="hush-hush-1"))
    operator.push()
    operator.writes(*shop(config="b", secret="hush-hush-2"))
    said = operator.heatsink("plan", "--diff", code=2)
    assert "      -a\n      +b\n" in said
    assert "file /var/lib/config-data/key/key.conf" in said
    assert "change    /var/lib/config-data/key/key.conf, contains secrets" in said
    assert "hush-hush" not in said + json.dumps(operator.dry_run("--diff"))
    assert said.endswith("Plan: 2 files written, 2 units restarted on 1 host\n")


def test_the_exit_code_says_whether_anything_would_change(operator: Operator) -> None:
    operator.writes(service("one"))
    operator.heatsink("plan", code=2)
    operator.push("--dry-run", code=2)
    operator.push()
    operator.heatsink("plan", code=0)
    operator.heatsink("plan", "--what", code=1)


def test_a_saved_plan_is_carried_out(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", config="a"), service("stay"))
    operator.push()
    before = invocations(node, "stay")
    operator.writes(service("one", config="b"), service("stay"))
    operator.heatsink("plan", "-o", "plan.json", code=2)
    assert stat.S_IMODE((operator.folder / "plan.json").stat().st_mode) == 0o600
    assert "1 file written, 1 unit started" in operator.push("--plan", "plan.json")
    assert invocations(node, "stay") == before


def test_a_saved_plan_is_refused_on_all_hosts_if_one_has_moved(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    fleet.writes(service("one", config="a"), service("other"))
    fleet.push()
    fleet.writes(service("one", config="b"), service("other"))
    fleet.heatsink("plan", "-o", "plan.json", code=2)
    before = [invocations(node, "one") for node in nodes]
    nodes[1].run(("systemctl", "stop", "heatsink-other.service"))
    said = fleet.push("--plan", "plan.json", code=1)
    assert f"error: {nodes[1].name}: something has changed since the plan was made" in said
    assert [invocations(node, "one") for node in nodes] == before
    assert [node.run(("cat", "/var/lib/config-data/one/one.conf")) for node in nodes] == ["a", "a"]


def test_a_push_that_removes_a_service_asks(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one"), service("two"))
    operator.push()
    operator.writes(service("one"))
    assert "there is no terminal to ask on" in operator.push(code=1)
    assert "no host was changed" in operator.answering("n", "push-artifacts", code=1)
    assert node.run(("systemctl", "is-active", "heatsink-two.service")) == "active\n"
    assert "1 unit stopped" in operator.answering("y", "push-artifacts")


def test_a_rollback_shows_its_plan_and_asks(operator: Operator, node: LabNode) -> None:
    clean(node)
    operator.writes(service("one", config="a"))
    operator.push()
    operator.writes(service("one", config="b"))
    operator.push()
    assert "there is no terminal to ask on" in operator.heatsink("rollback", code=1)
    said = operator.answering("y", "rollback")
    assert "restart   heatsink-one.service: changed" in said
    assert f"{node.name}: generation 1" in said
