"""`heatsink diff`, and `rollback` to what it has shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from compiler.host import layout
from tests.support.bundles import run_once, service
from tests.support.host_folder import OPTIONS, HostFolder

A, B = "20260714T101112-aaaaaaaa", "20260714T121314-bbbbbbbb"
CONFIG = "/var/lib/config-data/one/one.conf"
SECRET = "@{heatsink:secret:Password}"


@pytest.fixture
def pushed(host: HostFolder) -> HostFolder:
    """A host with generation A, and B over it."""
    key = service("key", config=SECRET, sensitive=True)
    host.writes(service("one", config="a\n"), service("left"), key)
    assert host.push(options=replace(OPTIONS, name=A), Password="hush-hush-1").error is None
    host.writes(service("one", config="b\n"), service("new", step=2), run_once("job"), key)
    assert host.push(options=replace(OPTIONS, name=B), Password="hush-hush-2").error is None
    return host


def test_a_diff_is_the_plan_from_one_generation_to_another(pushed: HostFolder) -> None:
    assert (
        pushed.says("diff", A, B, code=2)
        == f"""\
localhost:
  files:
    add       /etc/systemd/system/heatsink-job.service
    add       /etc/systemd/system/heatsink-new.service
    change    /var/lib/config-data/key/key.conf, contains secrets
    change    {CONFIG}
      --- {CONFIG} {A}
      +++ {CONFIG} {B}
      @@ -1 +1 @@
      -a
      +b
    add       /etc/systemd/system/heatsink-step1.target.requires/heatsink-job.service
    add       /etc/systemd/system/heatsink-step2.target.wants/heatsink-new.service
    remove    /etc/systemd/system/heatsink-left.service
    remove    /etc/systemd/system/heatsink-step1.target.wants/heatsink-left.service
  before files are written:
    stop      heatsink-left.service: removed
  step 1:
    run once  heatsink-job.service: new
    restart   heatsink-key.service: changed
              secret Password
    restart   heatsink-one.service: changed
              file {CONFIG}
  step 2:
    start     heatsink-new.service: new
  cannot be undone:
    heatsink-job.service runs: no rollback undoes what it does

Plan: 6 files written, 2 removed, 2 units restarted, 1 started, 1 run once, 1
      removed on 1 host
"""
    )


def test_a_diff_changes_nothing_and_is_the_same_whatever_is_installed(pushed: HostFolder) -> None:
    started, program = pushed.started(), pushed.path(layout.PROGRAM)
    program.write_text("# 0 of another version\n")
    before = pushed.says("diff", A, B, code=2)
    assert (pushed.started(), program.read_text()) == (started, "# 0 of another version\n")
    pushed.rollback()
    assert pushed.says("diff", A, B, code=2) == before


def test_the_diff_to_the_previous_generation_is_what_a_rollback_does(pushed: HostFolder) -> None:
    document = json.loads(pushed.says("diff", "current", "previous", "--json", code=2))
    outcome = pushed.rollback()
    (difference,) = document["hosts"]
    assert (document["before"], document["after"]) == ("current", "previous")
    assert (difference["written"], difference["removed"]) == ([*outcome.written], [*outcome.removed])
    assert (difference["stopped"], difference["started"]) == ([*outcome.stopped], [*outcome.started])


def test_the_same_generation_differs_in_nothing(pushed: HostFolder) -> None:
    assert pushed.says("diff", "1", A) == "localhost: unchanged\n\nPlan: nothing to do\n"


def test_the_same_bundle_pushed_twice_differs_in_nothing(pushed: HostFolder) -> None:
    pushed.systemctl("stop", "one")
    pushed.push(options=replace(OPTIONS, name="again"), Password="hush-hush-2")
    assert pushed.says("diff", B, "again").endswith("Plan: nothing to do\n")


def test_no_value_of_a_secret_is_shown(pushed: HostFolder) -> None:
    shown = pushed.says("diff", A, B, "--json", code=2)
    assert "hush" not in shown
    assert SECRET not in shown


def test_a_diff_is_not_a_plan_to_carry_out(pushed: HostFolder, tmp_path: Path) -> None:
    (pushed.folder / "plan.json").write_text(pushed.says("diff", A, B, "--json", code=2))
    assert "is not a valid plan" in pushed.says("push-artifacts", "--plan", "plan.json", code=1)


@pytest.mark.parametrize("words", [(A,), (A, B, "--what")])
def test_wrong_usage_is_no_difference(host: HostFolder, words: tuple[str, ...]) -> None:
    assert "Usage: heatsink diff" in host.says("diff", *words, code=1)


def test_a_generation_that_is_not_kept_is_an_error(pushed: HostFolder) -> None:
    assert pushed.says("diff", A, "20250101", code=1) == (
        "error: localhost: there is no generation `20250101` on this host\n"
        f"hint: kept there: 2 ({B}), 1 ({A})\n"
    )


def test_a_damaged_generation_is_an_error(pushed: HostFolder) -> None:
    (pushed.path("/var/lib/heatsink/generations/1") / "manifest.json").write_text("cut sh")
    assert "generation 1 on this host is damaged" in pushed.says("diff", "1", "current", code=1)


def test_a_rollback_goes_to_a_generation_by_the_beginning_of_its_name(pushed: HostFolder) -> None:
    said = pushed.says("rollback", "--to", "20260714T10", "--settle", "0", "--yes")
    assert "localhost: generation 1, " in said
    assert pushed.path(CONFIG).read_text() == "a\n"


def test_a_rollback_to_what_is_not_kept_changes_nothing(pushed: HostFolder) -> None:
    said = pushed.says("rollback", "--to", "yesterday", "--yes", code=1)
    assert said.endswith("error: no host was changed\n")
    assert pushed.path(CONFIG).read_text() == "b\n"
