"""Pushing to real hosts: what a push, a second one, a failed one and a rollback leave on them."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.lab import LabNode
from compiler.lab.system import wait_until
from tests.support.bundles import port, prepared, run_once, service, stamp_of
from tests.support.nodes import Operator, invocations, reloads

pytestmark = pytest.mark.lab

EVERYTHING = ("/etc", "/var/lib/heatsink", "/usr/local")


def test_a_first_push_starts_everything_in_step_order(operator: Operator, node: LabNode) -> None:
    operator.writes(
        service("late", step=2, command="echo late >>/root/seen; exec sleep infinity"),
        service("early", command="echo early >>/root/seen; exec sleep infinity"),
        run_once("once", step=2, command="echo once >>/root/seen"),
    )
    said = operator.push()
    assert "13 files written, 3 units started" in said
    assert node.run(("cat", "/root/seen")).split()[0] == "early"
    assert {name: unit["state"] for name, unit in operator.status().items()} == {
        "heatsink-early.service": "active (running)",
        "heatsink-late.service": "active (running)",
        "heatsink-once.service": "done",
    }


def test_a_second_push_writes_nothing_restarts_nothing_and_reloads_nothing(
    operator: Operator, node: LabNode
) -> None:
    operator.writes(service("one"), run_once("once"))
    operator.push()
    before = invocations(node, "one", "once"), reloads(node), changed_files(node, *EVERYTHING)
    assert f"{node.name}: generation 1, unchanged\n0 files, 0 restarts\n" in operator.push()
    assert (invocations(node, "one", "once"), reloads(node), changed_files(node, *EVERYTHING)) == before


def test_a_changed_file_restarts_the_one_unit_that_reads_it(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", config="a"), service("two", config="b"))
    operator.push()
    (one, two), before = invocations(node, "one", "two"), reloads(node)
    operator.writes(service("one", config="a"), service("two", config="c"))
    assert "1 file written, 1 unit started" in operator.push()
    assert invocations(node, "one") == [one]
    assert invocations(node, "two") != [two]
    assert reloads(node) == before


def test_a_unit_that_restarts_does_not_wait_until_others_are_down(operator: Operator, node: LabNode) -> None:
    stubborn = 'trap "sleep 4; exit" TERM; while :; do sleep 0.1; done'
    for config in "ab":
        operator.writes(service("quick", config=config), service("slow", config=config, command=stubborn))
        operator.push()
    assert moves(node, "quick", "slow")[-4:] == [
        "Stopped quick",
        "Started quick",
        "Stopped slow",
        "Started slow",
    ]


def test_units_that_exchange_their_ports_restart_when_both_are_down(
    operator: Operator, node: LabNode
) -> None:
    for one, two in ((7001, 7002), (7002, 7001)):
        operator.writes(
            service("one", command=listening(one)),
            service("two", command=listening(two, seconds=2)),
            ports=(port(one, "one"), port(two, "two")),
        )
        operator.push()
    assert moves(node, "one", "two")[-4:-2] == ["Stopped one", "Stopped two"]


def listening(number: int, *, seconds: int = 0) -> str:
    """A program that listens on a port, and ends so many seconds after it was told to."""
    ends = f"signal.signal(15, lambda *_: (time.sleep({seconds}), exit()))"
    listens = f"listener = socket.create_server((str(), {number}))"
    return f'exec python3 -c "import signal, socket, time; {listens}; {ends}; time.sleep(1000)"'


def test_what_requires_a_changed_service_comes_back_in_its_own_step(
    operator: Operator, node: LabNode
) -> None:
    for config in "ab":
        operator.writes(
            service("base", config=config),
            service("slow", step=2, config=config, command="sleep 1; exec sleep 1000"),
            service("shop", step=3, requires="base"),
        )
        operator.push()
    assert moves(node, "base", "slow", "shop")[-6:] == [
        "Stopped shop",
        "Stopped base",
        "Started base",
        "Stopped slow",
        "Started slow",
        "Started shop",
    ]


def test_a_changed_unit_costs_one_reload(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one"), service("two"))
    operator.push()
    before = reloads(node)
    operator.writes(service("one", command="sleep 1234"), service("two", command="sleep 1234"))
    operator.push()
    assert reloads(node) == before + 1


def test_a_run_once_unit_runs_again_only_when_it_changes(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", config="a"), run_once("once", command="echo ran >>/root/seen"))
    operator.push()
    operator.writes(service("one", config="b"), run_once("once", command="echo ran >>/root/seen"))
    operator.push()
    assert node.run(("cat", "/root/seen")).split() == ["ran"]
    operator.writes(service("one", config="b"), run_once("once", command="echo again >>/root/seen"))
    operator.push()
    assert node.run(("cat", "/root/seen")).split() == ["ran", "again"]


def test_the_pushes_before_do_not_count_for_the_start_limit_of_a_unit(operator: Operator) -> None:
    for number in range(5):  # within the 60 s in which it may start three times
        operator.writes(run_once("once", command=f"echo {number}"))
        operator.push()


@pytest.mark.parametrize("command", ["true", "false"])
def test_a_run_once_unit_that_runs_again_leaves_the_services_alone(
    operator: Operator, node: LabNode, command: str
) -> None:
    operator.writes(
        service("early"), run_once("once", step=2), service("beside", step=2), service("late", step=3)
    )
    operator.push()
    before = invocations(node, "early", "beside", "late")
    changed = run_once("once", step=2, command=f"sleep 0.1; {command}")
    operator.writes(service("early"), changed, service("beside", step=2), service("late", step=3))
    operator.push(code=0 if command == "true" else 1)
    assert invocations(node, "early", "beside", "late") == before


def test_a_run_once_unit_that_is_removed_leaves_the_services_alone(operator: Operator, node: LabNode) -> None:
    operator.writes(run_once("once"), service("one"), service("two", step=2))
    operator.push()
    before = invocations(node, "one", "two")
    operator.writes(service("one"), service("two", step=2))
    operator.push()
    assert invocations(node, "one", "two") == before
    assert operator.push().endswith("0 files, 0 restarts\n")


def test_what_requires_a_changed_service_restarts_with_it(operator: Operator, node: LabNode) -> None:
    beside, behind = service("beside", requires="one"), service("behind", step=2, requires="one")
    operator.writes(service("one", config="a"), beside, behind, service("other"))
    operator.push()
    before = invocations(node, "other")
    operator.writes(service("one", config="b"), beside, behind, service("other"))
    assert "1 file written, 3 units started" in operator.push()
    assert all(unit["up"] for unit in operator.status().values())
    assert invocations(node, "other") == before


def test_a_dry_run_names_everything_that_a_push_then_restarts(operator: Operator, node: LabNode) -> None:
    def writes(command: str) -> None:
        db, shop = service("db", requires="bootstrap"), service("shop", step=2, requires="db")
        operator.writes(run_once("bootstrap", command=command), db, shop, service("other"))

    writes("true")
    operator.push()
    before = invocations(node, "db", "shop", "other")
    writes("echo again")
    planned = operator.dry_run()
    assert rows(planned) == [
        row("bootstrap", 1, "run", "changed"),
        row("db", 1, "restart", "dependency", "bootstrap"),
        row("shop", 2, "restart", "dependency", "db"),
    ]
    assert invocations(node, "db", "shop", "other") == before
    assert "3 units started" in operator.push()
    after = invocations(node, "db", "shop", "other")
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


def test_a_stop_that_passes_through_a_unit_that_is_down_is_in_the_dry_run(
    operator: Operator, node: LabNode
) -> None:
    job = run_once("job", requires="one")
    node.run(("install", "-D", "/dev/null", stamp_of("job")))  # so that systemd skips it, as after a boot
    operator.writes(service("one", config="a"), job, service("two", requires="job"))
    operator.push()
    before = invocations(node, "two")
    operator.writes(service("one", config="b"), job, service("two", requires="job"))
    assert rows(operator.dry_run()) == [
        row("one", 1, "restart", "changed"),
        row("two", 1, "restart", "dependency", "job"),
    ]
    assert "2 units started" in operator.push()
    assert invocations(node, "two") != before


def test_a_unit_of_others_that_goes_down_is_in_the_dry_run(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", config="a"))
    operator.push()
    node.run(("sh", "-c", BACKUP))
    operator.writes(service("one", config="b"))
    stopped = {"action": "stop", "step": 1, "stops_with": "heatsink-one.service", "causes": [], "sources": []}
    assert rows(operator.dry_run()) == [
        {"unit": "heatsink-test-backup.service", "why": "dependency", **stopped},
        row("one", 1, "restart", "changed"),
    ]
    assert "1 unit stopped, 1 unit started" in operator.push()
    assert node.attempt(("systemctl", "is-active", "heatsink-test-backup.service")).stdout == "inactive\n"


BACKUP = """
printf '[Unit]\\nBindsTo=heatsink-one.service\\n[Service]\\nExecStart=sleep infinity\\n' \\
    >/etc/systemd/system/heatsink-test-backup.service
systemctl daemon-reload
systemctl start heatsink-test-backup.service
"""


def rows(planned: dict[str, Any]) -> list[dict[str, object]]:
    """What a dry run says of units, without what they are restarted for."""
    return [{**unit, "causes": [], "sources": []} for unit in planned["units"]]


def row(name: str, step: int, action: str, why: str, stops_with: str = "") -> dict[str, object]:
    """What a dry run says of a unit."""
    cause = f"heatsink-{stops_with}.service" if stops_with else ""
    return {
        "unit": f"heatsink-{name}.service",
        "step": step,
        "action": action,
        "why": why,
        "stops_with": cause,
        "causes": [],
        "sources": [],
    }


def test_a_removed_service_disappears_and_the_others_stay(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", config="a"), service("two", config="b"))
    operator.push()
    before = invocations(node, "one")
    operator.writes(service("one", config="a"))
    assert "3 files removed, 1 unit stopped, 0 units started" in operator.push("--yes")
    assert invocations(node, "one") == before
    assert node.run(("systemctl", "list-units", "--all", "--no-legend", "heatsink-two*")) == ""
    assert node.run(("find", "/etc/systemd", "/var/lib/config-data", "-name", "*two.*")) == ""
    assert node.run(("ls", "/etc/systemd/system/heatsink-step1.target.wants")).split() == [
        "heatsink-one.service"
    ]


def test_a_failed_unit_is_reported_with_its_journal_and_the_next_push_resumes(
    operator: Operator, node: LabNode
) -> None:
    operator.writes(
        service("good"), run_once("bad", command="echo no such database >&2; false"), service("later", step=2)
    )
    said = operator.push(code=1)
    assert f"error: {node.name}: `heatsink-bad.service` did not come up: failed, result exit-code" in said
    assert "  | no such database" in said
    assert operator.status(code=1)["heatsink-later.service"]["state"] == "inactive (dead)"
    before = invocations(node, "good")
    operator.writes(service("good"), run_once("bad", command="true"), service("later", step=2))
    assert "2 units started" in operator.push()
    assert invocations(node, "good") == before


def test_a_unit_that_never_stays_up_is_a_failure(operator: Operator, node: LabNode) -> None:
    operator.writes(service("flapping", command="echo I am dying; exit 3", restart="always"))
    assert "did not come up: restarted" in operator.push(code=1)


def test_rollback_brings_back_files_units_and_behaviour_and_a_second_one_returns(
    operator: Operator, node: LabNode
) -> None:
    operator.writes(service("one", config="old"), service("left"))
    operator.push()
    operator.writes(service("one", config="new"), service("came"))
    operator.push("--yes")
    assert f"{node.name}: generation 1" in operator.heatsink("rollback", "--yes")
    assert installed(node) == ("old", ["heatsink-left.service", "heatsink-one.service"])
    assert f"{node.name}: generation 2" in operator.heatsink("rollback", "--yes")
    assert installed(node) == ("new", ["heatsink-came.service", "heatsink-one.service"])


def test_a_host_on_which_a_unit_does_not_come_up_returns_by_itself(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", config="good"))
    operator.push()
    operator.writes(service("one", config="bad", command="exit 1"))
    assert f"{node.name}: the host has returned to generation 1" in operator.push(code=1)
    assert operator.status()["heatsink-one.service"]["up"]
    assert installed(node) == ("good", ["heatsink-one.service"])


def test_a_host_is_left_as_it_is_if_that_is_asked_for(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", config="good"))
    operator.push()
    operator.writes(service("one", config="bad", command="exit 1"))
    assert f"{node.name}: the host is left as it is" in operator.push("--keep", code=1)
    assert not operator.status(code=1)["heatsink-one.service"]["up"]
    assert f"{node.name}: generation 1" in operator.heatsink("rollback", "--yes")


def test_rollback_without_anything_before_says_so(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one"))
    operator.push()
    said = operator.heatsink("rollback", "--yes", code=1)
    assert f"{node.name}: there is no earlier generation" in said


def test_a_push_whose_pusher_was_killed_is_finished_by_the_next_one(
    operator: Operator, node: LabNode
) -> None:
    operator.writes(service("one"), run_once("slow", step=2, command="sleep 2"), service("two", step=3))
    operator.killed_push(until="step 2: starting")
    before = invocations(node, "one")
    assert "1 unit started" in operator.push()
    assert invocations(node, "one") == before
    assert all(unit["up"] for unit in operator.status().values())


def test_a_run_once_unit_that_was_stopped_half_way_runs_again(operator: Operator, node: LabNode) -> None:
    operator.writes(run_once("half", command="echo began >>/root/seen; sleep 3; echo ended >>/root/seen"))
    push = operator.start("push-artifacts")
    assert wait_until(lambda: "began" in node.attempt(("cat", "/root/seen")).stdout, seconds=20)
    node.run(("systemctl", "stop", "heatsink-half.service"))
    push.communicate()
    assert push.returncode == 1
    operator.push()
    assert node.run(("cat", "/root/seen")).split() == ["began", "began", "ended"]


def test_two_pushers_at_once_are_kept_apart(operator: Operator, node: LabNode) -> None:
    operator.writes(run_once("slow", command="sleep 8"))
    first = operator.start("push-artifacts")
    assert wait_until(lambda: bool(node.attempt(("cat", "/var/lib/heatsink/lock")).stdout), seconds=20)
    assert f"{node.name}: another command is changing this host: root on" in operator.push(code=1)
    assert first.communicate() and first.returncode == 0


def test_a_service_that_died_is_started_by_a_push_of_the_same_bundle(
    operator: Operator, node: LabNode
) -> None:
    operator.writes(service("one"), service("two"))
    operator.push()
    before = invocations(node, "one")
    node.run(("systemctl", "stop", "heatsink-two.service"))
    assert "0 files written, 1 unit started" in operator.push()
    assert invocations(node, "one") == before


def test_everything_comes_back_after_a_reboot_and_a_push_finds_nothing_to_do(
    operator: Operator, node: LabNode
) -> None:
    operator.writes(service("one"), run_once("once", step=2), service("two", step=3))
    operator.push()
    node.reboot()
    assert all(unit["up"] for unit in operator.status().values())
    assert "0 files, 0 restarts" in operator.push()


def test_secrets_are_for_root_alone_and_in_no_journal_or_list_of_processes(
    operator: Operator, node: LabNode
) -> None:
    text = "url=@{heatsink:secret:Password|url}\n"
    watch = "ps -eo args; cat /var/lib/config-data/one/one.conf"
    operator.writes(
        service("one", config=text, sensitive=True),
        run_once("watch", step=2, command=f"({watch}) >/root/seen"),
    )
    (operator.folder / "secrets.yaml").write_text("Password: open/sesame\n")
    (operator.folder / "secrets.yaml").chmod(0o600)
    said = operator.push()
    path = "/var/lib/config-data/one/one.conf"
    assert node.run(("stat", "-c", "%a %U", path)) == "600 root\n"
    assert node.run(("cat", path)) == "url=open%2Fsesame\n"
    assert "sesame" not in said + node.run(("journalctl", "--boot"))
    assert "sesame" not in node.run(("cat", "/root/seen")).replace("url=open%2Fsesame", "")
    readable = (
        "grep -rl sesame / --include='*' -s --exclude-dir=proc --exclude-dir=sys | xargs stat -c '%A %n'"
    )
    leaks = [line for line in node.run(("sh", "-c", readable)).splitlines() if line[4:10] != "------"]
    assert [line for line in leaks if "/root/seen" not in line] == []


def test_a_changed_secret_restarts_just_its_consumers(operator: Operator, node: LabNode) -> None:
    secret = service("one", config="@{heatsink:secret:Password}", sensitive=True)
    operator.writes(secret, service("two", config="b"))
    assert "generated in secrets.yaml: Password" in operator.push()
    (one, two) = invocations(node, "one", "two")
    (operator.folder / "secrets.yaml").write_text("Password: another one\n")
    assert "1 file written, 1 unit started" in operator.push()
    assert invocations(node, "one") != [one]
    assert invocations(node, "two") == [two]


def test_what_prepares_a_host_is_there_before_its_units_start(operator: Operator, node: LabNode) -> None:
    tmpfiles = prepared("/etc/tmpfiles.d/heatsink.conf", "d /run/heatsink-test 0750 root root -\n")
    names = prepared("/var/lib/heatsink/hosts", "198.18.77.201 other.example\n")
    operator.writes(tmpfiles, names, service("one", command="ls /run/heatsink-test && exec sleep infinity"))
    operator.push()
    assert node.run(("stat", "-c", "%a", "/run/heatsink-test")) == "750\n"
    assert "198.18.77.201 other.example" in node.run(("cat", "/etc/hosts"))
    operator.writes(service("one"))
    operator.push()
    assert "heatsink" not in node.run(("cat", "/etc/hosts"))


def test_a_unit_that_systemd_does_not_accept_replaces_no_good_one(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one"))
    operator.push()
    before = changed_files(node, "/etc")
    operator.writes(service("one", restart="sometimes"))
    said = operator.push(code=1)
    assert "node1: systemd rejects the units:\n  |   /etc/systemd/system/heatsink-one.service:" in said
    assert changed_files(node, "/etc") == before


def test_hosts_take_the_steps_together(fleet: Operator, nodes: tuple[LabNode, ...]) -> None:
    slow, quick = (node.name for node in nodes)
    first = [run_once("first", command="sleep 3; date +%s.%N >/root/seen")]
    second = [run_once("second", step=2, command="date +%s.%N >/root/seen")]
    fleet.writes(**{slow: first, quick: second})
    fleet.push()
    ended, began = (float(node.run(("cat", "/root/seen"))) for node in nodes)
    assert ended < began


def test_a_host_that_fails_is_left_out_and_the_others_finish(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    bad, good = (node.name for node in nodes)
    fleet.writes(**{bad: [service("one", command="exit 1")], good: [service("one"), service("two", step=2)]})
    said = fleet.push(code=1)
    assert f"error: {bad}: `heatsink-one.service` did not come up" in said
    assert f"{good}: generation 1" in said


def moves(node: LabNode, *names: str) -> list[str]:
    """Which of these units systemd said it has stopped and started."""
    lines = f"--grep=^(Stopp|Start)ed heatsink-({'|'.join(names)})[.]service"
    said = node.run(("journalctl", "--boot", "--output=cat", "_PID=1", lines))
    return [line.partition(".service")[0].replace("heatsink-", "") for line in said.splitlines()]


def installed(node: LabNode) -> tuple[str, list[str]]:
    """The configuration of service `one`, and all services that run."""
    units = node.run(("systemctl", "list-units", "--all", "--plain", "--no-legend", "heatsink*.service"))
    return node.run(("cat", "/var/lib/config-data/one/one.conf")), [
        line.split()[0] for line in units.splitlines() if "heatsink-recovery" not in line
    ]


def changed_files(node: LabNode, *paths: str) -> str:
    """When each file below some paths was last written."""
    return node.run(("find", *paths, "-type", "f", "-printf", r"%p %T@ %C@\n"))
