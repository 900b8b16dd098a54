"""One finding of a rule."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.diagnostics import Problem
from compiler.node import Plain


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A problem, and the code of the rule that found it."""

    code: str
    problem: Problem

    @property
    def place(self) -> tuple[str, int, int]:
        """File, line and column; lines and columns count from 1."""
        span = self.problem.span
        return (span.source.name, span.line, span.column) if span is not None else ("", 1, 1)

    @property
    def line(self) -> str:
        """`file:line:column: [code] what happens; what to do`."""
        file, line, column = self.place
        problem = self.problem
        text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        return f"{file}:{line}:{column}: [{self.code}] {' '.join(text.split())}"

    @property
    def plain(self) -> dict[str, Plain]:
        """The finding as JSON values."""
        file, line, column = self.place
        return {
            "file": file,
            "line": line,
            "column": column,
            "code": self.code,
            "message": self.problem.message,
            "hint": self.problem.hint,
        }
