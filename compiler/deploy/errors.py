"""Errors of one host, or of the connection to it."""

from __future__ import annotations

from collections.abc import Iterable

from compiler.deploy.printable import indented, printable_lines
from compiler.diagnostics import HeatsinkError, Problem, counted


class DeployError(HeatsinkError):
    """An error of one host; the others finish without it.

    Its text may be a stranger's: it is shown without control characters, and further lines are indented.
    """

    def __init__(self, host: str, message: str, hint: str | None = None) -> None:
        super().__init__(f"{host}: {indented(printable_lines(message))}", hint=_safe(hint))
        self.host = host

    @classmethod
    def units(cls, host: str, problems: Iterable[Problem], aftermath: str) -> DeployError:
        """Units of one host that did not come up, one problem each, and what has become of the host."""
        failed = tuple(problems)
        error = cls(host, f"{counted(len(failed), 'unit')} did not come up")
        error.problems = (*failed, Problem(f"{host}: {indented(aftermath)}"))
        return error


class LostError(DeployError):
    """The connection was lost, or nothing comes over it any more: what the host does now is not known."""


def _safe(hint: str | None) -> str | None:
    return hint and indented(printable_lines(hint))
