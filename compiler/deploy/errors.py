"""Errors of one host, or of the connection to it."""

from __future__ import annotations

from collections.abc import Iterable

from compiler.diagnostics import HeatsinkError, Problem


class DeployError(HeatsinkError):
    """An error of one host; the others finish without it."""

    def __init__(self, host: str, message: str, hint: str | None = None) -> None:
        super().__init__(f"{host}: {message}", hint=hint)
        self.host = host

    @classmethod
    def units(cls, host: str, problems: Iterable[Problem]) -> DeployError:
        """Units of one host that did not come up, one problem each; at least one."""
        failed = tuple(problems)
        error = cls(host, failed[0].message)
        error.problems = failed
        return error
