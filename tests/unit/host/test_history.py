"""The history of a host: a line for each change that ends, however it ends, and a message in the journal."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compiler.deploy.history import HostHistory, histories
from compiler.host import layout
from compiler.host.history import LONGEST, LONGEST_TEXT, changes, record
from compiler.host.machine import Machine
from tests.support import fail_points
from tests.support.bundles import prepared, service
from tests.support.conversation import pushing
from tests.support.host_folder import OPTIONS, HostFolder

NAMED = replace(OPTIONS, name="20260714T101112-1a2b3c4d", source="c0ffee+")
EARLIER = {
    "action": "push",
    "at": 7,
    "before": 0,
    "by": "ann on desk",
    "generation": 3,
    "name": "20250101T000000-00000000",
    "result": "done",
    "source": "",
    "started": 5,
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "var/lib/heatsink").mkdir(parents=True)
    return Machine(str(tmp_path))


@pytest.fixture
def journal() -> Iterator[tuple[Machine, socket.socket]]:
    """A host whose journal is a socket to read from; the path of one has at most 107 bytes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
    ):
        (Path(folder) / "var/lib/heatsink").mkdir(parents=True)
        (Path(folder) / "run/systemd/journal").mkdir(parents=True)
        receiver.bind(f"{folder}/run/systemd/journal/socket")
        receiver.setblocking(False)
        yield Machine(folder), receiver


def history(host: HostFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in host.path(layout.HISTORY).read_text().splitlines()]


def reported(host: HostFolder, newest: int = 9) -> HostHistory:
    """The history as a pusher reads it."""
    with host.sessions() as sessions:
        read = histories(sessions, newest)
        assert not sessions.errors, sessions.errors["localhost"].render()
        return read[0]


def test_a_push_is_a_line_with_what_was_planned(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    planned = host.dry_run().plan
    host.push(options=NAMED)
    (line,) = history(host)
    assert {
        key: line[key] for key in ("result", "action", "generation", "name", "change", "source", "why")
    } == {
        "result": "done",
        "action": "push",
        "generation": 1,
        "name": NAMED.name,
        "change": NAMED.name,
        "source": "c0ffee+",
        "why": "",
    }
    assert line["by"] == OPTIONS.request["by"]
    assert [(row["what"], row["count"]) for row in line["changed"]] == [
        ("written", len(planned.writes)),
        ("removed", 0),
        ("started", 1),
        ("stopped", 0),
    ]
    assert line["changed"][0]["names"] == list(planned.writes[:10])


def test_the_line_has_the_digest_of_the_plan(host: HostFolder) -> None:
    host.writes(service("one"))
    digest = host.dry_run().plan.digest
    host.push()
    assert history(host)[0]["plan"] == digest


def test_a_rollback_has_the_name_of_the_generation_and_its_own(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push(options=NAMED)
    host.writes(service("one", config="b"))
    host.push(options=replace(NAMED, name="second"))
    host.rollback()
    line = history(host)[2]
    assert (line["action"], line["generation"], line["name"]) == ("rollback", 1, NAMED.name)
    assert line["change"] != NAMED.name


def test_a_push_that_fails_is_reverted_and_says_why(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.writes(service("one", config="b"))
    host.shows("one", ActiveState="failed")
    host.push(options=NAMED)
    line = history(host)[1]
    assert (line["result"], line["name"]) == ("reverted", NAMED.name)
    assert line["why"] == "did not come up: heatsink-one.service"
    assert line["changed"][2] == {"what": "started", "count": 1, "names": ["heatsink-one.service"]}


def test_a_first_push_that_fails_is_incomplete(host: HostFolder) -> None:
    host.writes(service("one"))
    host.shows("one", ActiveState="failed")
    host.push()
    assert [(line["result"], line["why"]) for line in history(host)] == [
        ("incomplete", "did not come up: heatsink-one.service")
    ]


@pytest.mark.parametrize(
    ("finisher", "result", "why"),
    [
        ("revert", "reverted", "the pusher was not heard"),
        ("recover", "reverted", "the host was rebooted before it was confirmed"),
        ("push", "incomplete", "another change took over"),
    ],
)
def test_a_change_that_is_cut_off_has_a_line(host: HostFolder, finisher: str, result: str, why: str) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.writes(service("one", config="b"))
    requests = pushing(host, name="cut off", source="c0ffee")
    assert fail_points.killed_before(host, (), requests, 90)
    if finisher == "push":
        host.push()
    else:
        fail_points.run(host, (finisher,))
    line = history(host)[1]
    assert (line["result"], line["why"], line["name"], line["source"]) == (result, why, "cut off", "c0ffee")
    assert line["changed"][0]["names"] == ["/var/lib/config-data/one/one.conf"]


def test_the_names_in_a_line_are_the_first_ten(host: HostFolder) -> None:
    host.writes(*(prepared(f"/etc/app{number}.conf", "x") for number in range(30)), service("one"))
    host.push()
    written = history(host)[0]["changed"][0]
    assert (written["count"] > 30, len(written["names"])) == (True, 10)


def test_a_change_is_recorded_once_if_its_end_is_killed(machine: Machine) -> None:
    for _ in range(2):
        record(machine, "done", action="push", generation=1, changed=[])
    assert len(changes(machine)) == 1


def test_a_history_is_bounded(machine: Machine) -> None:
    machine.path(layout.HISTORY).write_text(f"{json.dumps(EARLIER)}\n" * (LONGEST + 5))
    record(machine, "reverted", action="push", generation=1, why="x" * 5000, changed=[])
    assert len(changes(machine)) == LONGEST
    assert changes(machine)[0]["why"] == "x" * LONGEST_TEXT


def test_lines_of_an_earlier_version_are_read(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push(options=NAMED)
    with host.path(layout.HISTORY).open("a") as file:
        file.write(f"{json.dumps(EARLIER)}\n")
    earlier, pushed = reported(host).changes
    assert (earlier.name, earlier.by, earlier.change, earlier.changed) == (
        EARLIER["name"],
        "ann on desk",
        "",
        (),
    )
    assert pushed.name == NAMED.name


def test_damaged_lines_are_left_out(machine: Machine) -> None:
    machine.path(layout.HISTORY).write_bytes(
        b'{"at": 1\n[]\n\xff\n' + json.dumps(EARLIER).encode() + b'\n{"at'
    )
    assert [change["at"] for change in changes(machine)] == [7]


def test_a_field_of_another_type_is_as_if_it_were_not_there(machine: Machine) -> None:
    machine.path(layout.HISTORY).write_text(json.dumps({**EARLIER, "by": ["x"], "at": True, "changed": 1}))
    (change,) = changes(machine)
    assert (change["by"], change["at"], change["changed"]) == ("", 0, [])


def test_as_many_changes_are_reported_as_requested(host: HostFolder) -> None:
    for config in "abc":
        host.writes(service("one", config=config))
        host.push(options=replace(NAMED, name=config))
    assert [change.name for change in reported(host, 2).changes] == ["c", "b"]


def test_generations_are_reported_with_their_names(host: HostFolder) -> None:
    for config in "ab":
        host.writes(service("one", config=config))
        host.push(options=replace(NAMED, name=config))
    host.path(f"{layout.GENERATIONS}/1/manifest.json").write_text("cut sh")
    kept = reported(host).kept
    assert [(each.number, each.names) for each in kept.generations] == [(2, ("b",)), (1, ())]
    assert (kept.current, kept.previous) == (2, 1)


def test_a_bundle_that_is_kept_already_has_the_names_of_both_pushes(host: HostFolder) -> None:
    for name, config in (("one", "a"), ("two", "b"), ("three", "a")):
        host.writes(service("one", config=config))
        host.push(options=replace(NAMED, name=name, source=f"commit {name}"))
    read = reported(host)
    assert [(each.number, each.names) for each in read.kept.generations] == [
        (2, ("two",)),
        (1, ("one", "three")),
    ]
    assert read.changes[0].source == "commit three"
    assert [(change.name, change.generation) for change in read.changes] == [
        ("three", 1),
        ("two", 2),
        ("one", 1),
    ]


def test_a_host_without_a_history_has_none_and_is_left_as_it_is(host: HostFolder) -> None:
    assert reported(host).changes == ()
    assert not host.path(layout.HOME).exists()
    assert not host.path(layout.PROGRAM).exists()


def test_a_change_is_a_message_in_the_journal(journal: tuple[Machine, socket.socket]) -> None:
    machine, receiver = journal
    written = {"what": "written", "count": 12, "names": ["/etc/a", "/etc/b"]}
    fields = {"action": "push", "generation": 3, "name": "n", "by": "ann\non desk", "plan": "p" * 64}
    record(machine, "reverted", why="no\nlogin", **fields, changed=[written])
    lines = dict(line.split("=", 1) for line in receiver.recv(1 << 16).decode().splitlines())
    assert lines.pop("HEATSINK_AT").isdigit()
    assert lines == {
        "MESSAGE": "push of generation 3: reverted: no login",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "heatsink",
        "HEATSINK_RESULT": "reverted",
        "HEATSINK_WHY": "no login",
        "HEATSINK_ACTION": "push",
        "HEATSINK_GENERATION": "3",
        "HEATSINK_NAME": "n",
        "HEATSINK_BY": "ann on desk",
        "HEATSINK_PLAN": "p" * 64,
        "HEATSINK_FILES_WRITTEN": "12",
        "HEATSINK_FILES_WRITTEN_NAMES": "/etc/a /etc/b",
    }


def last_change(host: HostFolder) -> tuple[str, int]:
    """The change that a rollback would undo, and the generation that it would return to."""
    kept = reported(host).kept
    return kept.change, kept.previous


def pushed(host: HostFolder, config: str, **options: Any) -> None:
    """A push whose name is its configuration."""
    command = "exit 1" if config == "bad" else "sleep 1000"
    host.writes(service("one", config=config, command=command))
    host.push(options=replace(OPTIONS, name=config, **options))


def test_the_last_change_is_the_one_that_made_what_is_current(host: HostFolder) -> None:
    assert last_change(host) == ("", 0)
    pushed(host, "a")
    assert last_change(host) == ("a", 0)
    pushed(host, "b")
    host.push(options=replace(OPTIONS, name="later", verify=True))
    assert [line["change"] for line in history(host)] == ["a", "b", "later"]
    assert last_change(host) == ("b", 1)
    host.path(layout.HISTORY).unlink()
    assert last_change(host) == ("", 1)


def test_a_change_that_was_undone_is_not_the_last(host: HostFolder) -> None:
    pushed(host, "a")
    pushed(host, "b")
    host.shows("one", ActiveState="failed")
    pushed(host, "bad")
    assert history(host)[-1]["result"] == "reverted"
    assert last_change(host) == ("b", 1)


def test_a_change_that_was_left_incomplete_lies_over_what_is_current(host: HostFolder) -> None:
    pushed(host, "a")
    pushed(host, "b")
    host.shows("one", ActiveState="failed")
    pushed(host, "bad", keep_failed=True)
    assert history(host)[-1]["result"] == "incomplete"
    assert last_change(host) == ("bad", 2)
