"""Chooses a generation that hosts keep: by its name, which is the same on all hosts, or by its number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from compiler.deploy.events import GenerationsKept, KeptGeneration
from compiler.diagnostics import HeatsinkError, Problem

_NAME = re.compile(r"[0-9]{8}T[0-9]{6}-.+")
# Names begin with a date, which has eight digits; no host has had so many generations.
_NUMBER = re.compile(r"[0-9]{1,7}")


def chosen(kept: Mapping[str, GenerationsKept], word: str) -> dict[str, int]:
    """Host → the number of the generation with this name, or whose name begins so; the newest of several.

    A host that this push has left as it was has no generation of that name: what it had then is meant. The
    word may also be a number, `current`, or `previous`: what was before the last change of these hosts.

    Raises HeatsinkError if it is not clear which is meant, or any host does not keep it.
    """
    if word in ("current", "previous"):
        current = {host: each.current for host, each in kept.items()}
        numbers = current if word == "current" else current | undoing(kept)
    else:
        numbers = _named(kept, _full_name(kept, word))
    if missing := [host for host, number in numbers.items() if not number]:
        raise HeatsinkError.of(_missing(host, kept[host], word) for host in missing)
    if _NUMBER.fullmatch(word):
        _check_number(kept, int(word))
    return numbers


def undoing(kept: Mapping[str, GenerationsKept]) -> dict[str, int]:
    """Host → the number of what it had before the last change of all these hosts.

    Hosts on which another change was the last are not among them: the newest has left them as they were, or
    was undone there because it did not come up. Times are in the names of changes, and so of the machines
    that push.

    Raises HeatsinkError if nothing was on a host before that change.
    """
    last = max((each.change for each in kept.values()), default="")
    numbers = {host: each.previous for host, each in kept.items() if each.change == last}
    if first := [host for host, number in numbers.items() if not number]:
        raise HeatsinkError.of(_nothing_before(host, others=len(kept) > 1) for host in first)
    return numbers


def _nothing_before(host: str, *, others: bool) -> Problem:
    hint = f"`heatsink remove --host {host}` takes off what the last change has put there"
    return Problem(
        f"{host}: there is no earlier generation",
        hint=f"{hint}; leave the host out with `--host` to roll the others back" if others else hint,
    )


def _full_name(kept: Mapping[str, GenerationsKept], word: str) -> str:
    """The one name that begins so on any host; a number, and what begins no name, as it is."""
    names = {name for each in kept.values() for generation in each.generations for name in generation.names}
    begun = sorted(name for name in names if name.startswith(word))
    if word in names or not begun or _NUMBER.fullmatch(word):
        return word
    if len(begun) > 1:
        raise HeatsinkError(
            f"the names of several generations begin with `{word}`", hint=f"they are {', '.join(begun)}"
        )
    return begun[0]


def _named(kept: Mapping[str, GenerationsKept], name: str) -> dict[str, int]:
    """Host → the number of the generation with this name, or of what it had then; 0 if there is none."""
    numbers = {host: _number(generations, name) for host, generations in kept.items()}
    if _NAME.fullmatch(name) and any(numbers.values()):
        return {host: number or _number_then(kept[host], name) for host, number in numbers.items()}
    return numbers


def _number(kept: GenerationsKept, wanted: str) -> int:
    """The number of the newest that is meant; 0 if there is none."""
    return max(
        (each.number for each in kept.generations if wanted in (*each.names, str(each.number))), default=0
    )


def _number_then(kept: GenerationsKept, name: str) -> int:
    """The number of what was current when another host got this name, if it is still kept; else 0.

    Both times are in names, and so of the machines that push.
    """
    then = next((past.generation for past in kept.past if past.change < name), 0)
    return then if then in {each.number for each in kept.generations} else 0


def _missing(host: str, kept: GenerationsKept, word: str) -> Problem:
    return Problem(
        f"{host}: there is no generation `{word}` on this host", hint=f"kept there: {_list(kept.generations)}"
    )


def _list(generations: Iterable[KeptGeneration]) -> str:
    return ", ".join(f"{each.number} ({_either(each.names)})" for each in generations) or "none"


def _either(names: Sequence[str]) -> str:
    """The latest names of a generation."""
    return " or ".join(names[-2:]) or "without a name"


def _check_number(kept: Mapping[str, GenerationsKept], number: int) -> None:
    """Refuse a number that means one generation here and another one there."""
    names = {host: _names(each, number) for host, each in kept.items()}
    if any(names.values()) and not frozenset.intersection(*map(frozenset, names.values())):
        listed = ", ".join(f"{host}: {_either(each)}" for host, each in names.items())
        raise HeatsinkError(
            f"generation {number} is not the same on all of these hosts ({listed})",
            hint="choose one by its name, or one host with `--host`",
        )


def _names(kept: GenerationsKept, number: int) -> tuple[str, ...]:
    return next((each.names for each in kept.generations if each.number == number), ())
