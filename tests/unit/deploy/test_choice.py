"""A generation is chosen by its name on all hosts, by a number where that means the same, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.deploy.choice import chosen, undoing
from compiler.deploy.events import GenerationsKept, KeptGeneration, PastChange
from compiler.deploy.rollback import roll_back
from compiler.deploy.sessions import Sessions
from compiler.diagnostics import HeatsinkError
from tests.support.scripted import GREETING, OPTIONS, ScriptedTransport, line, transport

A, B, C = "20260714T101112-aaaaaaaa", "20260714T121314-bbbbbbbb", "20260801T000000-cccccccc"


def kept(
    *names: str | tuple[str, ...],
    current: int = 0,
    previous: int = 0,
    change: str = "",
    first: int = 1,
    past: tuple[tuple[str, int], ...] = (),
) -> GenerationsKept:
    """A host that keeps these, and has changed so, oldest first."""
    numbered = [
        KeptGeneration(number=number, names=name if isinstance(name, tuple) else (name,))
        for number, name in enumerate(names, first)
    ]
    changes = tuple(PastChange(change=change, generation=number) for change, number in reversed(past))
    generations = tuple(reversed(numbered))
    return GenerationsKept(
        current=current, previous=previous, change=change, generations=generations, past=changes
    )


@pytest.mark.parametrize(
    ("word", "numbers"),
    [
        (A, {"web": 1, "db": 6}),
        ("20260714T10", {"web": 1, "db": 6}),
        ("20260801", {"web": 3, "db": 8}),
        ("current", {"web": 3, "db": 7}),
    ],
)
def test_a_name_or_its_beginning_means_a_number_of_each_host(word: str, numbers: dict[str, int]) -> None:
    hosts = {"web": kept(A, B, C, current=3), "db": kept(A, B, C, first=6, current=7)}
    assert chosen(hosts, word) == numbers


def test_the_last_change_of_these_hosts_is_undone_on_those_that_it_has_changed() -> None:
    web, db = kept(A, B, current=2, previous=1, change=B), kept(A, current=1, change=A)
    assert undoing({"web": web, "db": db}) == {"web": 1}
    assert chosen({"web": web, "db": db}, "previous") == {"web": 1, "db": 1}
    assert undoing({"web": web, "db": kept(), "cache": web._replace(change=A)}) == {"web": 1}


def test_hosts_whose_changes_have_no_name_return_to_what_each_had_before() -> None:
    assert undoing({"web": kept(A, B, previous=1), "db": kept(A, B, C, previous=2)}) == {"web": 1, "db": 2}


def test_a_host_that_had_nothing_before_the_last_change_keeps_all_from_its_undoing() -> None:
    web, db = kept(A, B, current=2, previous=1, change=B), kept(B, current=1, change=B)
    with pytest.raises(HeatsinkError, match="db: there is no earlier generation") as raised:
        undoing({"web": web, "db": db})
    assert raised.value.problems[0].hint == (
        "`heatsink remove --host db` takes off what the last change has put there; "
        "leave the host out with `--host` to roll the others back"
    )


@pytest.mark.parametrize(
    ("past", "number"),
    [
        (((A, 1),), 1),  # B left it as it was
        (((A, 1), (C, 2)), 1),  # and so it was until C
        (((A, 1), (C, 2), (f"{C}-2", 1)), 1),
        (((A, 1), (f"{A}-2", 2), (f"{A}-3", 1), (C, 2)), 1),  # a rollback came before B
    ],
)
def test_a_host_that_a_push_has_left_as_it_was_returns_to_what_it_had(
    past: tuple[tuple[str, int], ...], number: int
) -> None:
    hosts = {"web": kept(A, B), "db": kept(A, C, past=past)}
    assert chosen(hosts, B) == {"web": 2, "db": number}


def test_a_host_that_does_not_keep_what_it_had_then_is_named() -> None:
    hosts = {"web": kept(A, B), "db": kept(C, first=2, past=((A, 1), (C, 2)))}
    with pytest.raises(HeatsinkError, match="db: there is no generation"):
        chosen(hosts, B)


def test_of_several_generations_with_a_name_the_newest_is_meant() -> None:
    assert chosen({"web": kept(A, B, A)}, A) == {"web": 3}


def test_a_generation_that_several_pushes_have_found_has_all_their_names() -> None:
    assert chosen({"web": kept((A, C), B), "db": kept(A, B, C)}, C) == {"web": 1, "db": 3}


def test_a_number_with_a_name_in_common_is_clear() -> None:
    assert chosen({"web": kept((A, C)), "db": kept(A)}, "1") == {"web": 1, "db": 1}


def test_a_name_that_begins_another_one_means_itself() -> None:
    assert chosen({"web": kept(A, f"{A}-2")}, A) == {"web": 1}


def test_a_number_means_a_generation_of_one_host() -> None:
    assert chosen({"web": kept(A, B)}, "2") == {"web": 2}


def test_a_number_that_means_the_same_on_all_hosts_is_clear() -> None:
    assert chosen({"web": kept(A, B), "db": kept(A, B, C)}, "2") == {"web": 2, "db": 2}


def test_generations_of_an_earlier_version_have_numbers_alone() -> None:
    assert chosen({"web": kept((), A), "db": kept((), A)}, "1") == {"web": 1, "db": 1}


def test_without_any_host_nothing_is_chosen() -> None:
    assert chosen({}, "1") == {}


WRONG = {
    "a number that means different generations": (
        "2",
        f"error: generation 2 is not the same on all of these hosts (web: {B}, db: {A})\n"
        "hint: choose one by its name, or one host with `--host`",
    ),
    "a beginning of several names": (
        "20260714",
        f"error: the names of several generations begin with `20260714`\nhint: they are {A}, {B}",
    ),
    "a name from before a host's first push": (
        C,
        f"error: web: there is no generation `{C}` on this host\nhint: kept there: 2 ({B}), 1 ({A})",
    ),
    "nothing like a name": (
        "yesterday",
        "error: web: there is no generation `yesterday` on this host\n"
        f"hint: kept there: 2 ({B}), 1 ({A})\n\n"
        "error: db: there is no generation `yesterday` on this host\n"
        f"hint: kept there: 3 ({C}), 2 ({A}), 1 (without a name)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_clear_is_refused(case: str) -> None:
    word, said = WRONG[case]
    with pytest.raises(HeatsinkError) as raised:
        chosen({"web": kept(A, B), "db": kept((), A, C)}, word)
    assert raised.value.render() == said


def test_a_rollback_that_a_host_cannot_follow_changes_no_host(tmp_path: Path) -> None:
    hosts = {"web": answers(A, B), "db": answers(A)}
    with pytest.raises(HeatsinkError) as raised, sessions(hosts) as both:
        roll_back(both, B, OPTIONS)
    assert raised.value.render() == (
        f"error: db: there is no generation `{B}` on this host\nhint: kept there: 1 ({A})\n\n"
        "error: no host was changed"
    )
    assert b'"to":' not in b"".join(piece for host in hosts.values() for piece in host.channels[0].sent)


def test_a_host_that_does_not_answer_does_not_keep_others_from_a_rollback() -> None:
    hosts = {"web": answers(A, B), "db": transport()}
    with sessions(hosts) as both:
        roll_back(both, B, OPTIONS)
    assert hosts["web"].channels[0].sent[-1] == b'{"to": 2}\n'


def test_hosts_that_stay_as_they_are_are_told_so_and_left_out_of_a_rollback() -> None:
    hosts = {"web": answers(A, B, previous=1, change=B), "db": answers(A, change=A)}
    with sessions(hosts) as both:
        outcomes = roll_back(both, None, OPTIONS)
    assert [host.channels[0].sent[-1] for host in hosts.values()] == [b'{"to": 1}\n', b'{"to": 0}\n']
    assert [(outcome.host, outcome.generation) for outcome in outcomes] == [("db", 1), ("web", 0)]
    assert [bool(outcome.error) for outcome in outcomes] == [False, True]


def answers(*names: str, previous: int = 0, change: str = "") -> ScriptedTransport:
    """A host that keeps these generations, and ends when it is told which is meant."""
    generations = [{"number": place, "names": [name]} for place, name in enumerate(names, 1)]
    reported = {"current": 1, "previous": previous, "change": change, "generations": generations, "past": []}
    return transport(GREETING, line("kept", **reported))


def sessions(hosts: dict[str, ScriptedTransport]) -> Sessions:
    return Sessions(hosts, parallel=4, on_progress=lambda host, text: None)
