"""What is on a real host before heatsink, and beside it, stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.lab import LabNode
from tests.support.bundles import port, prepared, run_once, service, taken_over, write_build
from tests.support.containers import IMAGE
from tests.support.nodes import Operator

pytestmark = [pytest.mark.lab, pytest.mark.backends]

OWN = """
mkdir -p /etc/systemd/system/heatsink-one.service.d
printf '[Service]\\nNice=5\\n' >/etc/systemd/system/heatsink-one.service.d/own.conf
printf '[Service]\\nExecStart=sleep infinity\\n' >/etc/systemd/system/own.service
printf 'theirs\\n' >/etc/motd
chmod 640 /etc/motd
systemctl daemon-reload
systemctl start own.service
{engine} run --detach --name own --volume own:/own {image} \
    sh -c 'echo theirs >/own/note; exec sleep infinity'
"""
LISTEN = """
import socket, time
with socket.create_server(("", 8099)):
    time.sleep(600)
"""
CLEAR = """
systemctl stop own.service 'heatsink*' --all
{engine} rm --force own
{engine} volume rm own
rm -rf /etc/systemd/system/own.service /etc/systemd/system/heatsink-one.service.d /etc/motd
systemctl daemon-reload
"""


@pytest.fixture
def busy(operator: Operator, node: LabNode) -> Iterator[LabNode]:
    """A node on which the operator has things of their own."""
    words = {"engine": node.engine, "image": IMAGE}
    node.run(("sh", "-c", OWN.format(**words)))
    yield node
    node.run(("sh", "-c", CLEAR.format(**words)))


def own(node: LabNode) -> str:
    """The operator's own things: their content, and since when unit and container run."""
    files = "/etc/motd /etc/systemd/system/own.service /etc/systemd/system/heatsink-one.service.d/own.conf"
    seen = node.run(("sh", "-c", f"stat -c '%n %a %U %Y' {files}; cat {files}"))
    form = "{{.Id}} {{.State.StartedAt}} {{.State.Status}}"
    container = node.run((node.engine, "inspect", "--type", "container", "--format", form, "own"))
    volume = node.run((node.engine, "exec", "own", "cat", "/own/note"))
    return (
        seen + container + volume + node.run(("systemctl", "show", "--property=InvocationID", "own.service"))
    )


def test_what_the_operator_has_beside_heatsink_is_left_alone(operator: Operator, busy: LabNode) -> None:
    before = own(busy)
    operator.writes(operator.container("one"), run_once("two"))
    operator.push()
    assert busy.run(("systemctl", "show", "--property=Nice", "heatsink-one.service")) == "Nice=5\n"
    operator.writes(operator.container("three"))
    operator.push("--yes")
    operator.heatsink("rollback", "--yes")
    assert own(busy) == before


def test_a_container_of_the_operator_is_refused_by_name(operator: Operator, busy: LabNode) -> None:
    before = own(busy)
    operator.writes(operator.container("own"), service("one"))
    said = operator.push(code=1)
    assert f"error: {busy.name}: on this host before heatsink" in said
    assert "  |   container `own`" in said
    assert own(busy) == before


def test_a_file_of_the_operator_is_refused_by_name(operator: Operator, busy: LabNode) -> None:
    before = own(busy)
    operator.writes(service("one"), prepared("/etc/motd.d/own", "x"), prepared("/etc/issue", "ours"))
    said = operator.push(code=1)
    assert f"error: {busy.name}: on this host before heatsink" in said
    assert "  |   `/etc/issue`" in said
    assert own(busy) == before
    assert busy.run(("sh", "-c", "ls /etc/systemd/system | grep -c '^heatsink.*target$' || true")) == "0\n"


def test_a_file_that_is_taken_over_is_given_back(operator: Operator, busy: LabNode) -> None:
    before = own(busy).replace("/etc/motd", "")
    operator.writes(service("one"), taken_over("/etc/motd", "ours\n"))
    operator.push()
    assert busy.run(("cat", "/etc/motd")) == "ours\n"
    busy.reboot()
    operator.writes(service("one"))
    operator.push()
    assert busy.run(("cat", "/etc/motd")) == "theirs\n"
    assert busy.run(("stat", "-c", "%a %U:%G", "/etc/motd")) == "640 root:root\n"
    assert "640 root" in before


def test_a_unit_from_elsewhere_is_not_shadowed(operator: Operator, busy: LabNode) -> None:
    busy.run(("systemd-run", "--unit=heatsink-one", "sleep", "infinity"))
    operator.writes(service("one"))
    said = operator.push(code=1)
    assert "unit `heatsink-one.service`, from `/run/systemd/transient/heatsink-one.service`" in said
    assert busy.run(("systemctl", "is-active", "heatsink-one.service")) == "active\n"


def test_a_host_of_another_project_is_refused_until_it_is_taken_over(
    operator: Operator, node: LabNode
) -> None:
    writes(operator, "shop", "one")
    operator.push()
    writes(operator, "bank", "two")
    said = operator.push(code=1)
    assert f"{node.name}: this host belongs to project `shop`, and this is project `bank`" in said
    assert operator.heatsink("status", "--json", code=1).count("heatsink-one.service") == 1
    assert "not to `ship`" in operator.push("--take-over", "ship", code=1)
    operator.push("--take-over", "shop", "--yes")
    assert list(operator.status()) == ["heatsink-two.service"]


def writes(operator: Operator, project: str, name: str) -> None:
    """A build of a project."""
    ways = {node.name: operator.way(node) for node in operator.nodes}
    build: Path = operator.folder / "build"
    write_build(build, dict.fromkeys(ways, (service(name),)), ways, project=project)


def test_a_removal_leaves_what_is_the_operators_and_nothing_of_heatsink(
    operator: Operator, busy: LabNode
) -> None:
    before = own(busy)
    operator.writes(operator.container("one", config="a"), run_once("two"))
    operator.push()
    said = operator.heatsink("remove", "--host", busy.name, code=1)
    assert "a removal needs consent" in said
    assert "removed" in operator.heatsink("remove", "--host", busy.name, "--yes")
    assert own(busy) == before
    assert busy.run(("sh", "-c", "ls -d /var/lib/heatsink /usr/local/lib/heatsink 2>&- || true")) == ""
    operator.push()


def test_a_port_that_somebody_else_holds_is_refused_and_one_of_ours_is_not(
    operator: Operator, node: LabNode
) -> None:
    node.run(("sh", "-c", "cat >/root/listen.py"), stdin=LISTEN)
    node.run(("systemd-run", "--quiet", "--unit=stranger", "python3", "/root/listen.py"))
    node.run(("sh", "-c", "until grep -q :1FA3 /proc/net/tcp; do sleep 0.1; done"))
    operator.writes(service("one", command="python3 /root/listen.py"), ports=(port(8099, "one"),))
    said = operator.push(code=1)
    node.run(("systemctl", "stop", "stranger.service"))
    assert "port 8099/tcp, on which `one` is to listen: `python3` (process " in said
    assert "stranger.service) holds it" in said
    operator.push()
    operator.writes(service("renamed", command="python3 /root/listen.py"), ports=(port(8099, "renamed"),))
    operator.push("--yes")
