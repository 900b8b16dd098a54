"""`heatsink history`: for a fleet, for hosts, for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

from compiler.cli.history import FleetChange, fleet_changes
from compiler.deploy.events import ChangedThings, GenerationsKept, KeptGeneration, RecordedChange
from compiler.deploy.history import HostHistory
from compiler.model.fleet import Connection
from tests.support.bundles import service, write_build
from tests.support.host_folder import OPTIONS, HostFolder

PUSH = RecordedChange(
    at=1000, result="done", why="", action="push", change="a", by="ann on desk", generation=1, name="a",
    source="c0ffee", plan="0" * 64, changed=(ChangedThings(what="written", count=3, names=("/x",)),),
)  # fmt: skip


def host_history(host: str, *changes: RecordedChange, current: str = "") -> HostHistory:
    """A host that keeps the generations of these changes, the newest first."""
    kept = {change.name: change.generation for change in changes}
    generations = [KeptGeneration(number=number, names=(name,)) for name, number in kept.items()]
    return HostHistory(
        host=host,
        kept=GenerationsKept(
            current=kept.get(current, 0), previous=0, change="", generations=tuple(generations)
        ),
        changes=changes,
    )


def two_pushes(host: HostFolder) -> HostFolder:
    """A host with a push that is kept, and one that is current."""
    for config in "ab":
        host.writes(service("one", config=config))
        host.push(options=replace(OPTIONS, name=f"20260714T10111{config}-1a2b3c4d", source="c0ffee+"))
    return host


def test_the_changes_of_one_command_are_one() -> None:
    web = host_history("web", PUSH, current="a")
    db = host_history("db", PUSH._replace(at=1010, generation=7, result="reverted"))
    (change,) = fleet_changes([web, db])
    assert (change.newest.at, change.results, change.states) == (
        1010,
        {"done": 1, "reverted": 1},
        {"current": 1, "kept": 1},
    )
    assert change.things == {"written": 6}


def test_two_rollbacks_to_a_generation_are_two() -> None:
    first, second = (
        PUSH._replace(action="rollback", change=name, at=at) for name, at in (("b", 1), ("c", 2))
    )
    assert fleet_changes([host_history("web", second, first)]) == [
        FleetChange(((host_history("web", second, first), change),)) for change in (second, first)
    ]


def test_changes_are_in_the_order_of_their_time() -> None:
    late = PUSH._replace(change="b", name="b", at=2000)
    assert [
        change.newest.name for change in fleet_changes([host_history("w", PUSH), host_history("d", late)])
    ] == [
        "b",
        "a",
    ]


def test_pushes_of_an_earlier_version_have_their_name_in_common() -> None:
    earlier = PUSH._replace(change="", changed=())
    assert len(fleet_changes([host_history("web", earlier), host_history("db", earlier)])) == 1


def test_changes_without_any_name_have_nothing_in_common() -> None:
    earlier = PUSH._replace(change="", name="")
    assert len(fleet_changes([host_history("web", earlier), host_history("db", earlier)])) == 2


def test_a_line_in_a_pipe_is_a_push_of_the_fleet(host: HostFolder) -> None:
    header, newest, oldest = rows(two_pushes(host).says("history"))
    newest.pop(header.index("time"))
    assert newest == [
        *("20260714T10111b-1a2b3c4d", "push", str(OPTIONS.request["by"]), "c0ffee+"),
        *("1", "0", "1", "0", "1", "0", "0", "1", "1"),
    ]
    assert dict(zip(header, oldest, strict=True))["current"] == "0"


def test_a_line_of_a_host_has_its_number_and_result(host: HostFolder) -> None:
    two_pushes(host).shows("one", ActiveState="failed")
    host.writes(service("one", config="c"))
    host.push(options=replace(OPTIONS, name="bad"))
    header, *lines = rows(host.says("history", "local*", "-n", "2"))
    shown = [dict(zip(header, line, strict=True)) for line in lines]
    assert [(line["number"], line["result"], line["state"], line["why"]) for line in shown] == [
        ("3", "reverted", "kept", "did not come up: heatsink-one.service"),
        ("2", "done", "current", ""),
    ]


def test_a_terminal_of_80_columns_is_wide_enough(host: HostFolder) -> None:
    two_pushes(host)
    fleet, named = on_terminal(host, "history"), on_terminal(host, "history", "localhost")
    assert fleet.startswith("20260714T10111b-1a2b3c4d  push      done on 1; current on 1\n  20")
    assert "    1 unit started: heatsink-one.service\n" in named
    assert max(map(len, (fleet + named).splitlines())) <= 80


def test_a_program_reads_every_field(host: HostFolder) -> None:
    (read,) = json.loads(two_pushes(host).says("history", "--json", "-n", "1"))
    assert (read["host"], read["current"], read["previous"], len(read["changes"])) == ("localhost", 2, 1, 1)
    assert read["changes"][0]["changed"][0]["names"] == ["/var/lib/config-data/one/one.conf"]


def test_a_host_that_cannot_be_reached_is_named(host: HostFolder) -> None:
    two_pushes(host)
    away = Connection(address="127.0.0.1", port=9)
    write_build(host.folder / "build", {"localhost": (), "away": ()}, {"away": away})
    said = host.says("history", code=1)
    assert "20260714T10111b" in said
    assert "error: away: " in said
    assert json.loads(host.says("history", "away", "--json", code=1))[0]["host"] == "away"


def test_a_host_on_which_nothing_was_done_says_so(host: HostFolder) -> None:
    host.writes(service("one"))
    assert on_terminal(host, "history", "localhost") == "localhost: nothing was changed yet\n"


def test_control_characters_in_a_history_are_shown(host: HostFolder) -> None:
    two_pushes(host)
    history = host.path("/var/lib/heatsink/history")
    history.write_text(history.read_text().replace("c0ffee+", "\\u001b[2J"))
    assert "\\x1b[2J" in host.says("history")


def rows(printed: str) -> list[list[str]]:
    return [line.split("\t") for line in printed.splitlines()]


def on_terminal(host: HostFolder, *arguments: str) -> str:
    """What a command prints on a terminal."""
    ours, terminal = os.openpty()
    command, environment = (sys.executable, "-m", "compiler", *arguments), host.environment
    subprocess.run(command, cwd=host.folder, env=environment, stdout=terminal, stderr=-1, check=True)
    os.close(terminal)
    printed = os.read(ours, 1 << 16).decode().replace("\r", "")
    os.close(ours)
    return printed
