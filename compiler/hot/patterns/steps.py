"""Carrying out a program, with every step counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from compiler.hot.patterns.program import (
    Again,
    At,
    Begin,
    Choice,
    GroupEdge,
    IfMatched,
    Inner,
    Instruction,
    Loop,
    PatternProgram,
    Run,
)
from compiler.meter import Meter

Slots: TypeAlias = tuple[int, ...]
Next: TypeAlias = Iterable[int]  # positions in the text, the first choice first
State: TypeAlias = tuple[int, Iterator[int], Slots]  # an instruction, where to try it, what is remembered

_NOWHERE = -1
_STEP = 8  # steps of the budget that one takes, by their time


def end_of_match(program: PatternProgram, text: str, start: int, meter: Meter) -> int | None:
    """Where the match ends that begins at `start`; None if there is none."""
    found = _matched(program, text, start, (_NOWHERE,) * program.slots, meter)
    return None if found is None else found[0]


def _matched(
    program: PatternProgram, text: str, start: int, slots: Slots, meter: Meter
) -> tuple[int, Slots] | None:
    waiting: list[State] = [(0, iter((start,)), slots)]
    while waiting:
        index, positions, slots = waiting[-1]
        position = next(positions, None)
        if position is None:
            waiting.pop()
            continue
        meter.spend(_STEP)
        if index == len(program.instructions):
            return position, slots
        waiting.extend(_following(program.instructions[index], index, text, position, slots, meter))
    return None


def _following(
    instruction: Instruction, index: int, text: str, position: int, slots: Slots, meter: Meter
) -> Iterable[State]:
    """The states after an instruction, the first choice last."""
    match instruction:
        case Run():
            return ((index + 1, iter(_run(instruction, text, position, meter)), slots),)
        case At(matches):
            return _if(matches(text, position) is not None, index + 1, position, slots)
        case GroupEdge(slot):
            return _if(True, index + 1, position, _set(slots, slot, position))
        case Again():
            return _again(instruction, index, text, position, slots, meter)
        case Choice(targets):
            return tuple((target, iter((position,)), slots) for target in reversed(targets))
        case IfMatched(group, otherwise):
            matched = slots[2 * group + 1] != _NOWHERE
            return _if(True, index + 1 if matched else otherwise, position, slots)
        case Begin(slot):
            return _if(True, index + 1, position, _set(slots, slot, 0, _NOWHERE))
        case Loop():
            return _loop(instruction, index, position, slots)
        case Inner():
            return _inner(instruction, index, text, position, slots, meter)


def _if(holds: bool, index: int, position: int, slots: Slots) -> tuple[State, ...]:
    return ((index, iter((position,)), slots),) if holds else ()


def _set(slots: Slots, slot: int, *values: int) -> Slots:
    return (*slots[:slot], *values, *slots[slot + len(values) :])


def _run(run: Run, text: str, position: int, meter: Meter) -> Next:
    most = position + min(run.most, len(text) - position)
    end = position
    while end < most and run.matches(text, end):
        end += 1
    meter.spend(end - position)
    least = position + run.least
    if end < least:
        return ()
    if run.operator == "POSSESSIVE_REPEAT":
        return (end,)
    return range(end, least - 1, -1) if run.operator == "MAX_REPEAT" else range(least, end + 1)


def _again(
    again: Again, index: int, text: str, position: int, slots: Slots, meter: Meter
) -> tuple[State, ...]:
    start, end = slots[2 * again.group], slots[2 * again.group + 1]
    if _NOWHERE in (start, end):
        return ()
    meter.spend(end - start)
    before, here = text[start:end], text[position : position + end - start]
    same = before == here or (again.ignores_case and before.lower() == here.lower())
    return _if(same, index + 1, position + end - start, slots)


def _loop(loop: Loop, index: int, position: int, slots: Slots) -> tuple[State, ...]:
    count, last = slots[loop.slot], slots[loop.slot + 1]
    body = (index + 1, iter((position,)), _set(slots, loop.slot, count + 1, position))
    after = (loop.after, iter((position,)), slots)
    if count < loop.least:
        return (body,)
    if count >= loop.most or position == last:  # an empty repetition ends a loop
        return (after,)
    return (after, body) if loop.is_greedy else (body, after)


def _inner(
    inner: Inner, index: int, text: str, position: int, slots: Slots, meter: Meter
) -> tuple[State, ...]:
    start = position - inner.behind
    found = _matched(inner.program, text, start, slots, meter) if start >= 0 else None
    if found is None or not inner.is_wanted:
        return _if((found is not None) is inner.is_wanted, index + 1, position, slots)
    return _if(True, index + 1, found[0] if inner.consumes else position, found[1])
