"""A host that is not the one that was known: refused before any change; an empty one gets everything."""

from __future__ import annotations

import pytest

from compiler import lab as labs
from compiler.lab import LabNode
from tests.support.containers import IMAGE
from tests.support.images import make_image
from tests.support.nodes import Operator, clean

pytestmark = [pytest.mark.lab, pytest.mark.backends]


def test_a_revoked_host_key_is_refused_whatever_is_accepted(operator: Operator, node: LabNode) -> None:
    (operator.folder / "known_hosts").write_text(f"@revoked * {node.host_key}\n")
    operator.writes(operator.container("one"))
    said = operator.push("--accept-new-host-keys", code=1)
    assert f"{node.name}: the host key of {node.address} is REVOKED" in said
    assert node.run(("find", "/etc", "/var/lib", "-name", "heatsink*")) == ""


def test_a_machine_that_was_replaced_under_its_old_name_is_refused(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    fleet.writes(fleet.container("one"))
    fleet.push()
    old = nodes[1]
    old.destroy()
    (new,) = labs.up(old.lab, 1, engine=old.engine, first=old.number)
    make_image(new, IMAGE)  # for the tests that come after this one
    said = fleet.push("--accept-new-host-keys", code=1)
    assert f"error: {new.name}: the host key of {new.address} has CHANGED" in said
    assert "hint: if the host was reinstalled, remove its line from the known_hosts file" in said
    assert new.run(("find", "/etc", "/var/lib", "-name", "heatsink*")) == ""


def test_an_empty_machine_with_the_old_key_gets_everything(operator: Operator, node: LabNode) -> None:
    operator.writes(operator.container("one", config="a"), operator.container("two"))
    operator.push()
    clean(node)
    planned = operator.dry_run()
    assert {unit["why"] for unit in planned["units"]} == {"new"}
    assert len(planned["units"]) == 2
    operator.push()
    assert operator.status()["heatsink-one.service"]["up"]
