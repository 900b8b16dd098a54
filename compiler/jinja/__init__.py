"""Jinja2 templates: variables in, text out, and nothing else reached or used up.

Templates may come with a service from anybody, so they run in Jinja2's sandbox. The sandbox keeps a template
from reaching Python; the limits of `bounds` keep it from filling the memory, as in `{{ "x" * 10 ** 10 }}`.
https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from compiler.diagnostics import CompileError, HeatsinkError
from compiler.jinja.bounds import MAX_LENGTH, counted_range, joined
from compiler.jinja.mistakes import FAULTS, message, place
from compiler.jinja.sandbox import Dialect, compiled, environment
from compiler.source import Source

__all__ = ["MAX_LENGTH", "Dialect", "render"]


def render(
    source: Source,
    variables: Mapping[str, object],
    *,
    search: Sequence[Path] = (),
    dialect: Dialect = Dialect.OWN,
) -> str:
    """The text that a template makes of variables.

    `{% include %}`, `{% extends %}` and `{% import %}` find files by their path below the folders of
    `search`, the first that has it; a path cannot leave them. Raises CompileError with the template's line
    when it is not Jinja2, uses something undefined, is refused by the sandbox or goes past a bound.
    """
    try:
        template = compiled(environment(tuple(search), dialect), source.text, source.name)
        return joined(template.generate(variables, range=counted_range()))
    except HeatsinkError as error:
        if error.problems[0].span is not None:
            raise
        problem = error.problems[0]
        raise CompileError(problem.message, place(error, source, search), problem.hint) from None
    except FAULTS as error:
        raise CompileError(message(error), place(error, source, search)) from None
