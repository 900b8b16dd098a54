"""Bundles that somebody has changed after compiling are refused by a host, and so are generations."""

from __future__ import annotations

import pytest

from compiler.lab import LabNode
from tests.support.bundles import CONFIG, SYSTEM, service
from tests.support.footprint import footprint
from tests.support.host_folder import rewrite_manifest
from tests.support.nodes import Operator

pytestmark = [pytest.mark.lab, pytest.mark.backends]

UNIT = f"{SYSTEM}/heatsink-one.service"
CHANGED = {
    "a path that climbs": (UNIT, f"{SYSTEM}/../x", "must not install"),
    "an absolute link": ('"../heatsink-one.service"', '"/etc/shadow"', "must not install the link"),
    "a link out of its folder": (
        '"../heatsink-one.service"',
        '"../../../shadow"',
        "must not install the link",
    ),
    "a device node": ('"0644"', '"020666"', "has the mode `020666`"),
    "another owner": ('"root:root"', '"root:shadow"', "must belong to `root:root`, not to `root:shadow`"),
    "a foreign unit": ('"heatsink-one.service"', '"ssh.service"', "the unit `ssh.service`"),
    "the host's accounts": (
        f"{CONFIG}/one/one.conf",
        "/etc/sudoers.d/one",
        "belongs to the operating system",
    ),
}


@pytest.fixture
def changing(operator: Operator) -> Operator:
    """An operator whose node has a container, and a build with one more service."""
    one = operator.container("web", config="old")
    operator.writes(one)
    operator.push()
    operator.writes(one, service("one", config="new"))
    return operator


@pytest.mark.parametrize("change", CHANGED)
def test_a_manifest_that_was_changed_is_refused_by_the_host(
    changing: Operator, node: LabNode, change: str
) -> None:
    before = footprint(node)
    *words, message = CHANGED[change]
    rewrite_manifest(changing.folder / "build", *words, host=node.name)
    said = changing.push(code=1)
    assert f"error: {node.name}: " in said
    assert message in said
    assert footprint(node) == before


@pytest.mark.parametrize("path", ["manifest.json", f"root{CONFIG}/one/one.conf", f"root{UNIT}"])
def test_a_build_that_was_edited_by_hand_is_refused(changing: Operator, node: LabNode, path: str) -> None:
    before = footprint(node)
    file = changing.folder / "build/hosts" / node.name / path
    file.write_text(file.read_text() + "\n")
    assert f"{path}` does not match its digest" in changing.push(code=1)
    assert footprint(node) == before


def test_a_generation_that_was_changed_on_the_host_is_not_brought_back(
    operator: Operator, node: LabNode
) -> None:
    for config in ("old", "new"):
        operator.writes(operator.container("web", config=config))
        operator.push()
    node.run(("sh", "-c", f"echo evil >/var/lib/heatsink/generations/1/root{CONFIG}/web/web.conf"))
    before = footprint(node)
    said = operator.heatsink("rollback", "--yes", code=1)
    assert f"generation 1 on this host is damaged: `{CONFIG}/web/web.conf` is not what was pushed" in said
    assert footprint(node) == before
