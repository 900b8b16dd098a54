"""Messages for operators: problems with their place, and the exceptions that carry them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from compiler.source import Span

T = TypeVar("T")

_WIDEST = 200  # maximum number of characters shown of a line


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and what to do next."""

    message: str
    span: Span | None = None
    hint: str | None = None

    def render(self, label: str = "error") -> str:
        """The problem as an operator reads it, with the offending line and a caret under the text.

        error: service `Memcachd` is not in the resource registry
          --> roles/Controller.yaml:14:7
           |
        14 |     - Memcachd
           |       ^^^^^^^^
        hint: did you mean `Memcached`?
        """
        parts = [f"{label}: {self.message}"]
        if self.span is not None:
            parts.append(_excerpt(self.span))
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return "\n".join(parts)


class HeatsinkError(Exception):
    """An operator's mistake or a host's refusal: one or more problems, never a bug in heatsink."""

    def __init__(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.problems: tuple[Problem, ...] = (Problem(message, span, hint),)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> Self:
        """One exception for several problems, each once; there must be at least one."""
        collected = tuple(dict.fromkeys(problems))
        error = cls(collected[0].message)
        error.problems = collected
        return error

    def without_text(self) -> Self:
        """The same problems without any line of the text, for files of secrets."""
        return self.of(
            Problem(problem.message, problem.span.without_text() if problem.span else None, problem.hint)
            for problem in self.problems
        )

    def at(self, span: Span | None) -> Self:
        """The same problems; those without a place get this one."""
        return self.of(replace(each, span=each.span or span) for each in self.problems)

    def render(self) -> str:
        """Every problem, separated by blank lines."""
        return "\n\n".join(problem.render() for problem in self.problems)


class CompileError(HeatsinkError):
    """Input that cannot be compiled."""


@dataclass(slots=True)
class Report:
    """Collects problems: errors to raise together, warnings to show at the end."""

    strict: bool = False  # likely mistakes are errors
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def warn(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        """Add a warning, unless it was added before."""
        problem = Problem(message, span, hint)
        if problem not in self.warnings:
            self.warnings.append(problem)

    def error(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        """Add an error, unless it was added before."""
        problem = Problem(message, span, hint)
        if problem not in self.errors:
            self.errors.append(problem)

    def suspect(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        """Add a likely mistake: a warning, or an error if the report is strict."""
        (self.error if self.strict else self.warn)(message, span, hint)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep a HeatsinkError of the body for `check`, so that one run shows every mistake."""
        try:
            yield
        except HeatsinkError as error:
            self.errors.extend(problem for problem in error.problems if problem not in self.errors)

    def attempt(self, make: Callable[[], T]) -> Iterator[T]:
        """What `make` returns; nothing if it raises HeatsinkError, which is kept for `check`."""
        made: list[T] = []
        with self.collecting():
            made.append(make())
        yield from made

    def check(self) -> None:
        """Raise CompileError with all errors collected so far, if any."""
        if self.errors:
            raise CompileError.of(self.errors)


def reason(error: OSError) -> str:
    """Why the operating system refused something, in lower case, without the name of the file."""
    return (error.strerror or str(error)).lower()


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def closest(name: str, known: Iterable[str]) -> str | None:
    """A did-you-mean hint for an unknown name, or None if no known name is similar.

    Of names such as `A::B::C` the last components are compared, because their long prefixes are all similar.
    A name that differs in upper and lower case alone is similar too.
    """
    names = sorted(set(known))
    lasts = difflib.get_close_matches(_last(name), map(_last, names), n=1, cutoff=0.65)
    folded = _last(name).lower()
    candidates = [one for one in names if _last(one) in lasts or _last(one).lower() == folded]
    match = difflib.get_close_matches(name, candidates, n=1, cutoff=0)
    return f"did you mean `{match[0]}`?" if match else None


def _last(name: str) -> str:
    return name.rpartition("::")[2]


def _excerpt(span: Span) -> str:
    number = str(span.line)
    margin = " " * len(number)
    text = span.source.line(span.line).replace("\t", " ")
    arrow = f"{margin}--> {span}"
    if not text:
        return arrow
    end = span.end_column if span.end_line == span.line else len(text.rstrip()) + 1
    first, last = span.column - 1, max(span.column, min(end - 1, len(text)))
    shown, first, last = _window(text, first, last)
    carets = " " * first + "^" * (last - first)
    return "\n".join((arrow, f"{margin} |", f"{number} | {shown}", f"{margin} | {carets}"))


def _window(text: str, first: int, last: int) -> tuple[str, int, int]:
    """The line to show and the columns to mark; of a very long line, the part around the mark."""
    if len(text) <= _WIDEST:
        return text, first, last
    start = max(0, min(first - _WIDEST // 4, len(text) - _WIDEST))
    shown = text[start : start + _WIDEST]
    before, after = "…" if start else "", "…" if start + _WIDEST < len(text) else ""
    shift = start - len(before)
    return f"{before}{shown}{after}", first - shift, min(last - shift, len(before) + len(shown))
