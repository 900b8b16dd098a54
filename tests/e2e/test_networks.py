"""Files of systemd-networkd on real hosts: links appear, survive a reboot, change, and leave."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from compiler.lab import LabNode
from compiler.lab.system import wait_until
from compiler.model.artifact import Artifacts
from compiler.model.host_prep import HostPrep, NetworkFile
from compiler.stages.emit.host_prep import host_prep
from tests.support.bundles import service
from tests.support.nodes import Operator

pytestmark = pytest.mark.lab

NETWORKS = "/etc/systemd/network"
PAIR = NetworkFile(
    path=f"{NETWORKS}/10-heatsink-pair.netdev",
    sections=(("NetDev", (("Name", "left0"), ("Kind", "veth"))), ("Peer", (("Name", "right0"),))),
)
IN_BRIDGE = NetworkFile(
    path=f"{NETWORKS}/10-heatsink-pair.network",
    sections=(("Match", (("Name", "left0"),)), ("Network", (("Bridge", "provider0"),))),
)
RIGHT = NetworkFile(
    path=f"{NETWORKS}/10-heatsink-right.network",
    sections=(("Match", (("Name", "right0"),)), ("Network", (("Address", "203.0.113.2/24"),))),
)
ON_HOST = (
    NetworkFile(
        path=f"{NETWORKS}/20-heatsink-lan.netdev",
        sections=(("NetDev", (("Name", "lan0"), ("Kind", "macvlan"))), ("MACVLAN", (("Mode", "bridge"),))),
    ),
    NetworkFile(
        path=f"{NETWORKS}/10-lab.network.d/heatsink-lan.conf",
        sections=(("Network", (("MACVLAN", "lan0"),)),),
    ),
)


def bridge(address: str, *more: tuple[str, str]) -> tuple[NetworkFile, NetworkFile]:
    """A bridge with an address."""
    return (
        NetworkFile(
            path=f"{NETWORKS}/10-heatsink-provider.netdev",
            sections=(("NetDev", (("Name", "provider0"), ("Kind", "bridge"), *more)),),
        ),
        NetworkFile(
            path=f"{NETWORKS}/10-heatsink-provider.network",
            sections=(
                ("Match", (("Name", "provider0"),)),
                ("Network", (("Address", address), ("ConfigureWithoutCarrier", "yes"))),
            ),
        ),
    )


def with_files(*files: NetworkFile) -> Artifacts:
    return Artifacts(files=host_prep(HostPrep(network_files=files)))


def has_link(node: LabNode, name: str) -> bool:
    return node.attempt(("ip", "link", "show", name)).returncode == 0


def links(node: LabNode) -> dict[str, list[str]]:
    """The addresses of the links that the tests make."""
    rows = json.loads(node.run(("ip", "-json", "address")))
    ours = (row for row in rows if row["ifname"] in ("left0", "right0", "provider0", "late0"))
    return {
        row["ifname"]: [each["local"] for each in row["addr_info"] if each["family"] == "inet"]
        for row in ours
    }


MADE = {"provider0": ["203.0.113.1"], "left0": [], "right0": ["203.0.113.2"]}


CLEAR = """
find /etc/systemd/network -name '*heatsink-*' -delete
for link in provider0 left0 lan0 late0; do networkctl delete $link; done
networkctl reload
"""


@pytest.fixture
def bare(node: LabNode) -> Iterator[LabNode]:
    """A node without these links, before and after."""
    node.attempt(("sh", "-c", CLEAR))
    yield node
    node.attempt(("sh", "-c", CLEAR))


@pytest.fixture
def wired(operator: Operator, bare: LabNode) -> Operator:
    """A node with a bridge in which one end of a pair is, pushed after a generation without."""
    operator.writes(service("one"))
    operator.push()
    operator.writes(service("one"), with_files(*bridge("203.0.113.1/24"), PAIR, IN_BRIDGE, RIGHT))
    operator.push()
    assert wait_until(lambda: links(bare) == MADE, seconds=30)
    return operator


def test_links_survive_a_reboot_and_leave_with_a_rollback(wired: Operator, node: LabNode) -> None:
    node.reboot()
    assert wait_until(lambda: links(node) == MADE, seconds=30)
    wired.heatsink("rollback", "--yes")
    assert links(node) == {}


def test_a_changed_link_is_made_anew_with_what_is_in_it(wired: Operator, node: LabNode) -> None:
    changed = bridge("203.0.113.9/24", ("MACAddress", "02:00:00:00:00:09"))
    wired.writes(service("one"), with_files(*changed, PAIR, IN_BRIDGE, RIGHT))
    wired.push()
    assert wait_until(lambda: links(node) == {**MADE, "provider0": ["203.0.113.9"]}, seconds=30)
    assert node.run(("cat", "/sys/class/net/left0/master/address")).strip() == "02:00:00:00:00:09"


def test_a_link_on_top_of_one_of_the_host_comes_and_leaves(wired: Operator, node: LabNode) -> None:
    wired.writes(service("one"), with_files(*ON_HOST))
    wired.push()
    assert has_link(node, "lan0")
    wired.writes(service("one"))
    wired.push()
    assert (has_link(node, "lan0"), links(node)) == (False, {})


def test_a_link_that_appears_later_gets_its_network(wired: Operator, node: LabNode) -> None:
    late = NetworkFile(
        path=f"{NETWORKS}/30-heatsink-late.network",
        sections=(
            ("Match", (("Name", "late0"),)),
            ("Network", (("Address", "203.0.114.1/24"), ("ConfigureWithoutCarrier", "yes"))),
        ),
    )
    wired.writes(service("one"), with_files(late))
    wired.push()
    node.run(("ip", "tuntap", "add", "dev", "late0", "mode", "tap"))  # as Open vSwitch makes a bridge
    assert wait_until(lambda: links(node) == {"late0": ["203.0.114.1"]}, seconds=30)


def test_a_network_that_cuts_its_host_off_is_undone(wired: Operator, node: LabNode) -> None:
    lost = NetworkFile(
        path=f"{NETWORKS}/05-heatsink-lost.network",
        sections=(("Match", (("Name", "host0"),)), ("Network", (("Address", "203.0.113.200/24"),))),
    )
    wired.writes(service("one"), with_files(lost))
    wired.push("--confirm-timeout", "10", code=1)
    assert wait_until(lambda: links(node) == MADE, seconds=90)
    assert not (node.root / lost.path[1:]).exists()
