"""What `heatsink status` prints: on a terminal host by host, in a pipe a line for each unit, and as JSON."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from pathlib import Path

import click
import pytest

from compiler.cli.status_output import screen
from compiler.deploy.errors import DeployError
from compiler.deploy.status import HostStatus
from compiler.model.fleet import Connection
from tests.support import bundles
from tests.support.bundles import service
from tests.support.host_folder import HostFolder, host_folder
from tests.support.statuses import FAILING, NOW, UNIT, down, unit

NODE1 = HostStatus(
    host="node1",
    at=NOW,
    generation=12,
    name="20260501T102233-4f3a2b1c",
    units=(
        unit("mariadb"),
        unit("mariadb_bootstrap", state="done", health="", since=NOW - 7 * 3600),
        unit("haproxy", restarts=1, since=NOW - 3 * 86400),
        down("nginx", "active (running)", FAILING, health="unhealthy"),
        down("valkey", "activating (auto-restart)", "restarted 12 times by systemd, result exit-code",
             health="", restarts=12, since=NOW - 3),
        down("memcached", "no container", "its container does not exist", health="", since=None),
    ),
)  # fmt: skip
NODE2 = dataclasses.replace(
    NODE1,
    host="node2",
    units=(unit("mariadb", health="unknown", up=False, why="its health is not known"),),
    complete=False,
    behind=True,
    changed=("/etc/a", "/etc/b"),
    problems=("`podman inspect --type container mariadb` did not end within 20 s",),
)
HOSTS = (
    NODE1,
    NODE2,
    HostStatus(host="node3", at=NOW, generation=12, units=(UNIT,), pending="push by root on laptop"),
    HostStatus(host="node4", at=NOW, generation=12, units=(UNIT,)),
    HostStatus(host="node5"),
    HostStatus(host="node6", error=DeployError("node6", "no route"), has_answered=False),
    HostStatus(host="node7", error=DeployError("node7", "python3 is not installed")),
    HostStatus(host="node8", has_left=True),
)
SCREEN = """\
node1: 3 units not up; generation 12 (20260501T102233-4f3a2b1c)
  mariadb            active (running)  3 min   healthy
  mariadb_bootstrap  done              7 h
  haproxy            active (running)  3 days  healthy, 1 restart
  nginx              active (running)  3 min   unhealthy
    health check failing (3 of 3): curl: (22) The requested URL returned error:
      404
  valkey             restarting        3 s
    restarted 12 times by systemd, result exit-code
  memcached          no container
    its container does not exist
node2: incomplete, behind the build, 2 files changed by hand, 1 unit not up;
    generation 12 (20260501T102233-4f3a2b1c)
  `podman inspect --type container mariadb` did not end within 20 s
  mariadb            active (running)  3 min   unknown
    its health is not known
node3: push by root on laptop not confirmed; generation 12
  web                active (running)  3 min   healthy
node4: up; generation 12
  web                active (running)  3 min   healthy
node5: nothing pushed yet
node6: unreachable
node7: unknown
node8: left the hosts file; remove with heatsink remove --host node8
1 of 7 hosts up, 5 of 9 units up
"""


def test_a_terminal_shows_the_state_of_each_host_and_its_units_in_80_columns() -> None:
    lines = [click.unstyle(line) for line in screen(HOSTS)]
    assert "\n".join(lines) + "\n" == SCREEN
    assert max(map(len, lines)) <= 80


def test_verbose_names_the_files_that_were_changed() -> None:
    lines = [click.unstyle(line) for line in screen((NODE2,), verbose=True)]
    assert lines[3:5] == ["  changed: /etc/a", "  changed: /etc/b"]


@pytest.mark.parametrize(("host", "state"), [
    (HOSTS[3], "up"),
    (NODE1, "down"),
    (dataclasses.replace(HOSTS[3], complete=False), "down"),
    (dataclasses.replace(HOSTS[3], behind=True), "down"),
    (dataclasses.replace(HOSTS[3], changed=("/etc/a",)), "down"),
    (dataclasses.replace(HOSTS[3], problems=("odd",)), "down"),
    (HOSTS[2], "down"),
    (HostStatus(host="node5", pending="push by root"), "down"),
    (HOSTS[4], "empty"),
    (HOSTS[5], "unreachable"),
    (HOSTS[6], "unknown"),
    (HOSTS[7], "left"),
])  # fmt: skip
def test_a_host_is_up_with_all_that_was_built_whole_unchanged_and_up(host: HostStatus, state: str) -> None:
    assert host.state == state


@pytest.fixture
def host(tmp_path: Path) -> HostFolder:
    """A fleet of a host with a unit that is down, and of one that nobody can reach."""
    host = host_folder(tmp_path)
    ways = {"there": Connection(address="127.0.0.1", port=1)}
    parts = [service("one"), service("two")]
    bundles.write_build(tmp_path / "build", {"localhost": parts, "there": parts}, ways)
    host.heatsink("push-artifacts", "--host", "localhost", "--settle", "0")
    (tmp_path / "bin/active/heatsink-two.service").unlink()
    return host


def test_a_pipe_gets_a_line_for_each_unit_and_for_a_host_that_is_unreachable(host: HostFolder) -> None:
    done = host.heatsink("status")
    assert done.returncode == 1
    assert done.stdout == textwrap.dedent(
        """\
        host\tservice\tstate\tsince\trestarts\thealth\tgeneration\twhy
        localhost\tone\tactive\t-\t0\t-\t1\t
        localhost\ttwo\tinactive\t-\t0\t-\t1\t
        there\t-\tunreachable\t\t\t\t\t
        """
    )
    assert done.stderr.startswith("error: there: ")


def test_json_has_a_state_and_the_reasons_of_each_host(host: HostFolder) -> None:
    done = host.heatsink("status", "--json")
    assert done.returncode == 1
    known, unknown = json.loads(done.stdout)
    assert (known["state"], known["up"], known["behind"], known["changed"]) == ("down", False, False, [])
    assert [row["up"] for row in known["units"]] == [True, False]
    assert (unknown["host"], unknown["state"], unknown["up"]) == ("there", "unreachable", False)
    assert unknown["errors"][0]["message"].startswith("there: ")


def test_a_fleet_that_is_up_is_the_exit_code_0(host: HostFolder) -> None:
    host.systemctl("start", "two")
    assert host.heatsink("status", "--host", "localhost").returncode == 0
