"""What hosts say of the secrets that they have, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.deploy.answers import NotUnderstoodError
from compiler.deploy.errors import DeployError
from compiler.deploy.events import SecretsReported
from compiler.deploy.held import Vouching, brought_back, held_names, held_values
from compiler.deploy.reading import read_event
from compiler.diagnostics import HeatsinkError
from tests.support.bundles import service
from tests.support.host_folder import HostFolder, host_folder
from tests.support.scripted import line

SECRET = service("one", config="@{heatsink:secret:P}", sensitive=True)
GONE = DeployError("a", "no route to host")


@pytest.fixture
def host(tmp_path: Path) -> HostFolder:
    return host_folder(tmp_path)


def values_of(host: HostFolder) -> object:
    with host.sessions() as sessions:
        return held_values(sessions)["localhost"]


def test_a_new_host_has_no_secret(host: HostFolder) -> None:
    assert values_of(host) == {}


def test_a_host_names_its_secrets_without_their_values(host: HostFolder) -> None:
    host.writes(SECRET)
    host.push(P="hunter2")
    with host.sessions() as sessions:
        assert held_names(sessions) == {"localhost": frozenset({"P"})}


def test_a_host_has_the_value_of_what_is_installed_not_of_the_newest_generation(host: HostFolder) -> None:
    host.writes(SECRET)
    host.push(P="first")
    host.push(P="second")
    assert values_of(host) == {"P": "second"}
    host.rollback()
    assert values_of(host) == {"P": "first"}


def test_a_generation_without_its_secrets_is_passed_over(host: HostFolder) -> None:
    host.writes(SECRET)
    host.push(P="first")
    host.push(P="second")
    host.path("/var/lib/heatsink/generations/1/secrets.json").unlink()
    assert values_of(host) == {"P": "second"}


def refusal(vouching: Vouching) -> list[str]:
    with pytest.raises(HeatsinkError) as caught:
        vouching.check(["P"])
    return [problem.message for problem in caught.value.problems]


def test_what_no_host_has_may_be_generated() -> None:
    Vouching(names={"a": ["Q"]}, needs={"a": ["P"]}, errors={}).check(["P"])


def test_a_silent_host_that_does_not_need_a_secret_is_no_reason_to_refuse() -> None:
    Vouching(names={"b": []}, needs={"a": ["Q"], "b": ["P"]}, errors={"a": GONE}).check(["P"])


def test_the_hosts_that_have_a_secret_are_named() -> None:
    vouching = Vouching(names={"a": ["P"], "b": ["P"]}, needs={"a": [], "b": []}, errors={})
    assert refusal(vouching) == ["`P` has no value here, and each of a, b has one"]


def test_a_silent_host_that_needs_a_secret_may_have_it() -> None:
    vouching = Vouching(names={"b": []}, needs={"a": ["P"], "b": ["P"]}, errors={"a": GONE})
    assert refusal(vouching) == [
        "a: no route to host",
        "`P` has no value here, and a, which needs it, may have one",
    ]


def test_hosts_of_which_none_answers_are_the_only_error() -> None:
    assert refusal(Vouching(names={}, needs={"a": ["P"]}, errors={"a": GONE})) == ["a: no route to host"]


def test_values_on_which_hosts_agree_are_brought_back_and_conflicts_are_named_without_them() -> None:
    held = {"a": {"P": "x", "Q": "hunter1"}, "b": {"P": "x", "Q": "hunter2", "R": "y"}}
    values, (conflict,) = brought_back(held, present={"R"})
    assert values == {"P": "x"}
    assert conflict.render() == (
        "error: hosts have different values of `Q`: a; b\n"
        "hint: choose a host: `heatsink secrets fetch --host a`"
    )


def test_values_of_secrets_are_in_no_text_of_an_event() -> None:
    event = read_event(line("secrets", names=["P"], values={"P": "hunter2"}))
    assert isinstance(event, SecretsReported) and "hunter2" not in repr(event)


@pytest.mark.parametrize(
    "fields",
    [
        {"values": {"P": "hunter2"}},
        {"names": [1], "values": {"P": "hunter2"}},
        {"names": ["P"], "values": {"P\x1b": "hunter2"}},
        {"names": ["P"], "values": ["hunter2"]},
        {"names": ["../P"], "values": {"P": "hunter2"}},
    ],
)
def test_a_report_that_is_not_valid_is_refused_without_showing_it(fields: dict[str, object]) -> None:
    with pytest.raises(NotUnderstoodError) as caught:
        read_event(line("secrets", **fields))
    assert str(caught.value) == "a report of secrets that is not valid"
