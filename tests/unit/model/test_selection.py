"""Which hosts a pattern means."""

from __future__ import annotations

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.model.container import Backend
from compiler.model.fleet import Connection, FleetHost
from compiler.model.selection import matching, selected

NAMES = (*(f"node{number}" for number in range(1, 12)), "web-a", "web-b", "db01", "db02")


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("node1", {"node1"}),
        ("node[1-3]", {"node1", "node2", "node3"}),
        ("node[9-11,1]", {"node1", "node9", "node10", "node11"}),
        ("db[01-02]", {"db01", "db02"}),
        ("db[1-2]", set()),
        ("web-*", {"web-a", "web-b"}),
        ("node?", {f"node{number}" for number in range(1, 10)}),
    ],
)
def test_a_pattern_means_hosts(pattern: str, meant: set[str]) -> None:
    assert matching(pattern, NAMES) == meant


def test_patterns_add_up_and_roles_narrow() -> None:
    hosts = (fleet_host("a1", "A"), fleet_host("a2", "A"), fleet_host("b1", "B"))
    assert [host.name for host in selected(hosts, ["a1", "b*"], ["A"])] == ["a1"]


def test_a_pattern_that_means_nobody_is_an_error() -> None:
    with pytest.raises(HeatsinkError, match="no host matches `nod1`") as caught:
        selected((fleet_host("node1", "A"),), ["nod1"], [])
    assert caught.value.problems[0].hint == "did you mean `node1`?"


def fleet_host(name: str, role: str) -> FleetHost:
    return FleetHost(name=name, role=role, backend=Backend.PODMAN, connection=Connection(), manifest="")
