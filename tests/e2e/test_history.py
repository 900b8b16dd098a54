"""The history of two real hosts: what was done on each, what lies between, and the way back by a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from compiler import lab as labs
from compiler.lab import LabNode
from tests.support.bundles import service
from tests.support.nodes import Operator, lab_of_tests

pytestmark = pytest.mark.lab

CONFIG = "/var/lib/config-data/one/one.conf"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabNode, ...]]:
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 3) as lab:
        yield labs.up(lab, 2)


def rows(fleet: Operator) -> list[dict[str, str]]:
    """The changes of the fleet, as they are printed into a pipe."""
    header, *lines = (line.split("\t") for line in fleet.heatsink("history").splitlines() if "\t" in line)
    return [dict(zip(header, line, strict=True)) for line in lines]


def configs(nodes: tuple[LabNode, ...]) -> list[str]:
    return [node.run(("cat", CONFIG)) for node in nodes]


def audit(node: LabNode) -> list[dict[str, Any]]:
    """What the journal of a node has of changes."""
    command = ("journalctl", "--identifier=heatsink", "--output=json", "--boot")
    entries = map(json.loads, node.run(command).splitlines())
    return [entry for entry in entries if "HEATSINK_ACTION" in entry]


def three_pushes(fleet: Operator, nodes: tuple[LabNode, ...]) -> None:
    """A first push, another one, and a third that fails on one node and is done on the other."""
    good, bad = service("one", config="c"), service("one", config="c", command="exit 1")
    for parts in ((service("one", config="a"),), (service("one", config="b"), service("two"))):
        fleet.writes(*parts)
        fleet.push()
    fleet.writes(**{nodes[0].name: (good, service("two")), nodes[1].name: (bad, service("two"))})
    fleet.push(code=1)


def test_a_fleet_goes_back_by_a_name_after_a_push_that_failed_in_part(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    three_pushes(fleet, nodes)
    third, second, first = rows(fleet)
    assert [(row["done"], row["reverted"]) for row in (third, second, first)] == [
        ("1", "1"),
        ("2", "0"),
        ("2", "0"),
    ]
    assert (third["current"], second["current"]) == ("1", "1")
    assert configs(nodes) == ["c", "b"]
    assert "\n      -a\n      +b\n" in fleet.heatsink(
        "diff", first["generation"], second["generation"], code=2
    )
    fleet.heatsink("rollback", "--to", first["generation"], "--yes")
    assert configs(nodes) == ["a", "a"]
    back = rows(fleet)[0]
    assert (back["generation"], back["action"], back["done"], back["current"]) == (
        *(first["generation"], "rollback"),
        *("2", "2"),
    )


def test_a_rollback_undoes_the_last_push_where_it_has_changed_something(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    three_pushes(fleet, nodes)
    said = fleet.heatsink("rollback", "--yes")
    assert configs(nodes) == ["b", "b"]  # the second node has undone it by itself
    assert f"{nodes[1].name}: generation 2, unchanged" in said
    fleet.heatsink("rollback", "--yes")
    assert configs(nodes) == ["c", "b"]
    assert rows(fleet)[0]["done"] == "1"


def test_a_rollback_returns_all_hosts_from_a_push_that_was_killed_or_left_incomplete(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    for config in "ab":
        fleet.writes(service("one", config=config))
        fleet.push()
    bad = service("one", config="c", command="exit 1")
    fleet.writes(**{nodes[0].name: (service("one", config="c"),), nodes[1].name: (bad,)})
    fleet.push("--keep", code=1)
    assert configs(nodes) == ["c", "c"]
    fleet.heatsink("rollback", "--yes")
    assert configs(nodes) == ["b", "b"]
    fleet.writes(service("one", config="d"))
    fleet.killed_push("step 1")
    fleet.heatsink("rollback", "--yes")
    assert configs(nodes) == ["b", "b"]


def test_a_host_without_anything_keeps_none_from_a_rollback_of_what_others_had(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    for config in "ab":
        fleet.writes(service("one", config=config))
        fleet.push("--host", nodes[0].name)
    assert f"{nodes[1].name}: nothing is installed\n" in fleet.heatsink("rollback", "--yes")
    assert configs(nodes[:1]) == ["a"]


def test_a_host_that_a_push_has_left_as_it_was_returns_to_what_it_had_then(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    fleet.writes(service("one", config="a"))
    fleet.push()
    fleet.writes(service("one", config="b"))
    fleet.push("--host", nodes[0].name)
    name = rows(fleet)[0]["generation"]
    fleet.writes(service("one", config="c"))
    fleet.push()
    fleet.heatsink("rollback", "--to", name, "--yes")
    assert configs(nodes) == ["b", "a"]


def test_a_host_that_lacks_a_generation_keeps_all_from_a_rollback(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    fleet.writes(service("one", config="a"))
    fleet.push("--host", nodes[0].name)
    name = rows(fleet)[0]["generation"]
    fleet.writes(service("one", config="b"))
    fleet.push()
    said = fleet.heatsink("rollback", "--to", name, "--yes", code=1)
    assert (
        f"error: {nodes[1].name}: there is no generation `{name}` on this host\nhint: kept there: 1 (" in said
    )
    assert "error: no host was changed" in said
    assert configs(nodes) == ["b", "b"]


def test_every_change_is_a_message_in_the_journal(operator: Operator, node: LabNode) -> None:
    known = len(audit(node))
    operator.writes(service("one", config="a"))
    operator.push()
    operator.writes(service("one", config="b", command="exit 1"))
    planned = operator.dry_run()["state"]
    operator.push(code=1)
    operator.writes(service("one", config="c"))
    operator.killed_push("step 1")
    operator.push()
    operator.heatsink("rollback", "--yes")
    operator.heatsink("remove", "--host", "*", "--yes")
    entries = audit(node)[known:]
    assert [(entry["HEATSINK_ACTION"], entry["HEATSINK_RESULT"]) for entry in entries] == [
        ("push", "done"),
        ("push", "reverted"),
        ("push", "incomplete"),
        ("push", "done"),
        ("rollback", "done"),
        ("remove", "done"),
    ]
    assert (entries[1]["HEATSINK_PLAN"], entries[1]["HEATSINK_UNITS_STARTED_NAMES"]) == (
        planned,
        "heatsink-one.service",
    )
    assert entries[1]["HEATSINK_WHY"] == "did not come up: heatsink-one.service"
    assert all(entry["HEATSINK_BY"] for entry in entries)
    assert entries[0]["HEATSINK_NAME"] == entries[4]["HEATSINK_NAME"] != entries[3]["HEATSINK_NAME"]


def test_a_push_that_is_reverted_by_the_timer_or_at_boot_is_in_the_history(
    operator: Operator, node: LabNode
) -> None:
    operator.writes(service("one", config="a"))
    operator.push()
    operator.writes(service("one", config="b"))
    operator.killed_push("step 1")
    node.reboot()
    header, newest, _ = (line.split("\t") for line in operator.heatsink("history", node.name).splitlines())
    row = dict(zip(header, newest, strict=True))
    assert (row["result"], row["why"]) == ("reverted", "the host was rebooted before it was confirmed")
    assert audit(node)[-1]["HEATSINK_RESULT"] == "reverted"


def test_hosts_that_are_away_are_named(fleet: Operator, nodes: tuple[LabNode, ...]) -> None:
    fleet.writes(service("one", config="a"))
    fleet.push()
    nodes[1].cut()
    try:
        said = fleet.heatsink("history", code=1)
    finally:
        nodes[1].heal()
    assert "\tpush\t" in said
    assert f"error: {nodes[1].name}: " in said
