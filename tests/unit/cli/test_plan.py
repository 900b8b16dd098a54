"""`heatsink plan`, what a push does with its file, and questions."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from collections.abc import Callable, Iterator

import pytest

from tests.support.bundles import service
from tests.support.host_folder import HostFolder

SECRET = service("one", config="@{heatsink:secret:Password}", sensitive=True)


@pytest.fixture
def answer() -> Iterator[Callable[[str], int]]:
    """A terminal on which a question has been answered."""
    ours, terminal = os.openpty()

    def write(word: str) -> int:
        os.write(ours, f"{word}\n".encode())
        return terminal

    yield write
    os.close(ours)
    os.close(terminal)


def removes_two(host: HostFolder) -> HostFolder:
    host.writes(service("one"), service("two"))
    host.push()
    host.writes(service("one"))
    return host


@pytest.mark.parametrize("command", [("plan",), ("push-artifacts", "--dry-run")])
def test_the_exit_code_says_whether_anything_would_change(host: HostFolder, command: tuple[str, ...]) -> None:
    host.writes(service("one"))
    assert host.says(*command, code=2).endswith("Plan: 9 files written, 1 unit started on 1 host\n")
    host.push()
    assert host.says(*command) == "localhost: unchanged\n\nPlan: nothing to do\n"


@pytest.mark.parametrize(
    "command", [("plan", "--sevice"), ("plan", "--parallel", "none"), ("push-artifacts", "--dry-run", "-x")]
)
def test_wrong_usage_is_no_change(host: HostFolder, command: tuple[str, ...]) -> None:
    assert "Usage: heatsink" in host.says(*command, code=1)


def test_secrets_that_would_be_made_are_named_and_not_made(host: HostFolder) -> None:
    host.writes(SECRET)
    assert "  secrets to make:\n    Password\n" in host.says("plan", code=2)
    assert not (host.folder / "secrets.yaml").exists()


def test_secrets_are_made_by_a_push_that_goes_on(host: HostFolder) -> None:
    host.writes(SECRET, service("two"))
    host.says("plan", "-o", "plan.json", code=2)
    assert "generated in secrets.yaml: Password" in host.says("push-artifacts", "--plan", "plan.json")


def test_secrets_are_not_made_by_a_push_that_ends(host: HostFolder) -> None:
    removes_two(host).writes(SECRET)
    host.says("push-artifacts", code=1)
    assert not (host.folder / "secrets.yaml").exists()


def test_the_file_of_a_plan_is_what_json_prints(host: HostFolder) -> None:
    host.writes(SECRET)
    printed = host.says("plan", "--json", "-q", "-o", "plan.json", code=2)
    file = host.folder / "plan.json"
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (printed, 0o600)
    assert json.loads(printed)["totals"] == {
        "hosts": 1,
        "files": {"written": 10, "removed": 0},
        "units": {"restarted": 0, "started": 1, "run once": 0, "stopped": 0, "removed": 0},
    }


def test_a_plan_is_refused_for_another_build(host: HostFolder) -> None:
    host.writes(service("one"))
    host.says("plan", "-o", "plan.json", code=2)
    host.writes(service("one", config="new"))
    assert host.says("push-artifacts", "--plan", "plan.json", code=1) == (
        "error: the build has changed since the plan was made\n"
        "hint: make a new one: `heatsink plan -o FILE`\n"
    )


def test_a_plan_is_refused_with_other_secrets(host: HostFolder) -> None:
    host.writes(SECRET)
    host.says("plan", "-o", "plan.json", code=2)
    host.says("secrets", "generate")
    said = host.says("push-artifacts", "--plan", "plan.json", code=1)
    assert said.startswith("error: the secrets file has changed since the plan was made\n")


def test_a_plan_is_refused_after_a_push(host: HostFolder) -> None:
    host.writes(service("one"))
    host.says("plan", "-o", "plan.json", code=2)
    host.push()
    assert host.says("push-artifacts", "--plan", "plan.json", code=1) == (
        "error: localhost: something has changed since the plan was made\n"
        "hint: make a new one: `heatsink plan -o FILE`\n"
        "\n"
        "error: no host was changed\n"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "`plan.json` cannot be read: no such file or directory"),
        ("{}", "`plan.json` is not a valid plan"),
        ("[" * 100_000, "`plan.json` is not a valid plan"),
        ('{"format": 2}', "`plan.json` has format 2, and this heatsink reads formats up to 1"),
        ('{"format": "1"}', "`plan.json` is not a valid plan"),
    ],
)
def test_a_file_that_is_no_plan_is_an_error(host: HostFolder, content: str | None, said: str) -> None:
    host.writes(service("one"))
    if content is not None:
        (host.folder / "plan.json").write_text(content)
    assert host.says("push-artifacts", "--plan", "plan.json", code=1).startswith(f"error: {said}\n")


def test_a_push_that_removes_a_service_fails_without_a_terminal(host: HostFolder) -> None:
    assert removes_two(host).says("push-artifacts", code=1) == (
        "localhost: heatsink-two.service is stopped and removed\n"
        "Plan: 2 files removed, 1 unit removed on 1 host\n"
        "error: the push needs consent, and there is no terminal to ask on\n"
        "hint: agree with `--yes`\n"
    )


@pytest.mark.parametrize("word", ["n", ""])
def test_a_push_without_consent_changes_nothing(
    host: HostFolder, word: str, answer: Callable[[str], int]
) -> None:
    said = removes_two(host).says("push-artifacts", code=1, stdin=answer(word))
    assert said.endswith("Continue? [y/N]: error: no host was changed\n")
    assert host.says("plan", code=2).endswith("Plan: 2 files removed, 1 unit removed on 1 host\n")


def test_a_push_with_consent_goes_on(host: HostFolder, answer: Callable[[str], int]) -> None:
    assert "1 unit stopped" in removes_two(host).says("push-artifacts", stdin=answer("y"))


def test_consent_can_be_given_in_advance(host: HostFolder) -> None:
    assert "1 unit stopped" in removes_two(host).says("push-artifacts", "--yes")


def test_a_rollback_shows_its_plan_and_asks(host: HostFolder, answer: Callable[[str], int]) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.writes(service("one", config="b"))
    host.push()
    assert "there is no terminal to ask on" in host.says("rollback", code=1)
    said = host.says("rollback", stdin=answer("y"))
    assert "    restart   heatsink-one.service: changed\n" in said
    assert "Continue? [y/N]: " in said


def test_a_unit_in_other_words_is_not_restarted_unseen(host: HostFolder) -> None:
    one = service("one")
    host.writes(one)
    host.push()
    (unit,) = one.files
    respelled = dataclasses.replace(unit, content=unit.content + b"# by a newer heatsink\n")
    host.writes(dataclasses.replace(one, files=(respelled,)))
    assert "localhost: only written in other words, but restarted: heatsink-one.service\n" in host.says(
        "push-artifacts"
    )


def test_a_plan_names_the_lines_that_a_restart_comes_from(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    one = service("one", config="b")
    unit, config = one.files
    placed = dataclasses.replace(config, places=("one.yaml:7", "site.yaml:3 OnePort"))
    host.writes(dataclasses.replace(one, files=(unit, placed)))
    assert (
        "    restart   heatsink-one.service: changed\n"
        f"              file {config.path}\n"
        "                from one.yaml:7, site.yaml:3 OnePort\n"
    ) in host.says("plan", code=2)
    (planned,) = json.loads(host.says("plan", "--json", code=2))["hosts"]
    cause = {"what": "file", "name": config.path, "places": ["one.yaml:7", "site.yaml:3 OnePort"]}
    assert planned["units"][0]["causes"] == [cause]


@pytest.mark.parametrize("places", ["", "[1]", '{"a": [1]}', '{"a": {}}'])
def test_a_plan_does_without_lines_that_cannot_be_read(host: HostFolder, places: str) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.writes(service("one", config="b"))
    (host.folder / "build/hosts/localhost/places.json").write_text(places)
    assert "restart   heatsink-one.service: changed\n" in host.says("plan", code=2)


def test_services_limit_a_push_and_no_plan(host: HostFolder) -> None:
    host.writes(service("one"), service("two"))
    assert "limits a push" in host.says("push-artifacts", "--dry-run", "--service", "one", code=1)
    assert "9 files written, 1 unit started" in host.says("push-artifacts", "--service", "one")
