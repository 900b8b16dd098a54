"""A pattern as instructions for a matcher that backtracks as `re` does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from compiler.hot.patterns.tree import REPEATS, SINGLE, parsed, part


@dataclass(frozen=True, slots=True)
class Run:
    """So many characters of one kind; another number of them is tried when the rest does not match."""

    matches: Callable[[str, int], object]
    least: int
    most: int
    operator: str


@dataclass(frozen=True, slots=True)
class At:
    """A place in the text, such as its end."""

    matches: Callable[[str, int], object]


@dataclass(frozen=True, slots=True)
class GroupEdge:
    """Remember where a group begins or ends."""

    slot: int


@dataclass(frozen=True, slots=True)
class Again:
    """The text of a group once more."""

    group: int
    ignores_case: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """Continue at the first of these places, and at the next ones if that does not match."""

    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IfMatched:
    """Continue at the next instruction if a group has matched, else elsewhere."""

    group: int
    otherwise: int


@dataclass(frozen=True, slots=True)
class Begin:
    """A loop begins: nothing is repeated yet."""

    slot: int


@dataclass(frozen=True, slots=True)
class Loop:
    """Repeat what follows, or continue after it."""

    slot: int  # of the number of repetitions; the next slot is where the last one began
    least: int
    most: int
    is_greedy: bool
    after: int


@dataclass(frozen=True, slots=True)
class Inner:
    """A program of its own: what it matches is not tried in another way; `behind` characters back."""

    program: PatternProgram
    is_wanted: bool = True
    consumes: bool = False
    behind: int = 0


Instruction: TypeAlias = Run | At | GroupEdge | Again | Choice | IfMatched | Begin | Loop | Inner


@dataclass(frozen=True, slots=True, eq=False)
class PatternProgram:
    """Instructions in order; what is remembered is kept in numbered slots."""

    instructions: list[Instruction]
    slots: int


def program(pattern: re.Pattern[str]) -> PatternProgram:
    """The instructions of a pattern."""
    tree = parsed(pattern)
    writer = _Writer(tree, slots=[2 * tree.state.groups])
    writer.sequence(tree)
    return PatternProgram(writer.written, writer.slots[0])


@dataclass(slots=True)
class _Writer:
    tree: Any
    slots: list[int]  # how many there are, shared with programs inside
    flags: tuple[int, int] = (0, 0)  # that a scope adds and removes
    written: list[Instruction] = field(default_factory=list)

    def sequence(self, items: Any) -> None:
        for operator, argument in items or ():
            name = str(operator)
            if name in SINGLE:
                self.written.append(Run(self.test((operator, argument)), 1, 1, "MAX_REPEAT"))
            elif name == "AT":
                self.written.append(At(self.test((operator, argument))))
            elif name in REPEATS:
                self.repeat(name, *argument)
            else:
                _WRITERS[name](self, argument)

    def test(self, item: tuple[Any, Any]) -> Callable[[str, int], object]:
        return part(self.tree, item, *self.flags).match

    def group(self, argument: Any) -> None:
        number, add, remove, items = argument
        before, self.flags = self.flags, ((self.flags[0] | add) & ~remove, (self.flags[1] | remove) & ~add)
        if number is not None:
            self.written.append(GroupEdge(2 * number))
        self.sequence(items)
        if number is not None:
            self.written.append(GroupEdge(2 * number + 1))
        self.flags = before

    def repeat(self, name: str, least: int, most: int, body: Any) -> None:
        if len(body) == 1 and str(body[0][0]) in SINGLE:
            self.written.append(Run(self.test(body[0]), least, int(most), name))
        elif name == "POSSESSIVE_REPEAT":
            looping = _Writer(self.tree, self.slots, self.flags)
            looping.loop(least, most, body, is_greedy=True)
            self.written.append(Inner(PatternProgram(looping.written, 0), consumes=True))
        else:
            self.loop(least, most, body, is_greedy=name == "MAX_REPEAT")

    def loop(self, least: int, most: int, body: Any, *, is_greedy: bool) -> None:
        slot, self.slots[0] = self.slots[0], self.slots[0] + 2
        self.written.append(Begin(slot))
        start = self.hole()
        self.sequence(body)
        self.written.append(Choice((start,)))
        self.written[start] = Loop(slot, least, int(most), is_greedy, len(self.written))

    def branch(self, argument: Any) -> None:
        start, ends, targets = self.hole(), [], []
        for items in argument[1]:
            targets.append(len(self.written))
            self.sequence(items)
            ends.append(self.hole())
        self.written[start] = Choice(tuple(targets))
        for end in ends:
            self.written[end] = Choice((len(self.written),))

    def if_matched(self, argument: Any) -> None:
        group, yes, no = argument
        start = self.hole()
        self.sequence(yes)
        end = self.hole()
        self.written[start] = IfMatched(group, len(self.written))
        self.sequence(no)
        self.written[end] = Choice((len(self.written),))

    def again(self, group: int) -> None:
        flags = (self.tree.state.flags | self.flags[0]) & ~self.flags[1]
        self.written.append(Again(group, bool(flags & re.IGNORECASE)))

    def atomic(self, items: Any) -> None:
        self.written.append(Inner(self.inner(items), consumes=True))

    def look(self, argument: Any, *, is_wanted: bool = True) -> None:
        direction, items = argument
        behind = items.getwidth()[0] if direction < 0 else 0
        self.written.append(Inner(self.inner(items), is_wanted=is_wanted, behind=behind))

    def never(self, _: Any) -> None:
        self.written.append(Choice(()))

    def inner(self, items: Any) -> PatternProgram:
        writer = _Writer(self.tree, self.slots, self.flags)
        writer.sequence(items)
        return PatternProgram(writer.written, 0)  # it uses the slots of the whole

    def hole(self) -> int:
        """The place of an instruction that is written later."""
        self.written.append(Choice(()))
        return len(self.written) - 1


_WRITERS: dict[str, Callable[[_Writer, Any], None]] = {
    "ASSERT": _Writer.look,
    "ASSERT_NOT": lambda writer, argument: writer.look(argument, is_wanted=False),
    "ATOMIC_GROUP": _Writer.atomic,
    "BRANCH": _Writer.branch,
    "FAILURE": _Writer.never,
    "GROUPREF": _Writer.again,
    "GROUPREF_EXISTS": _Writer.if_matched,
    "SUBPATTERN": _Writer.group,
}
