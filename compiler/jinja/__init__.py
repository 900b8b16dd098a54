"""Jinja2 templates: from variables to text, with no other access and with bounded memory.

Templates may come with a service from an untrusted author, so they run in Jinja2's sandbox. The sandbox keeps
a template from reaching Python; the limits in `bounds` keep it from using up memory: `{{ "x" * 10 ** 10 }}`.
https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations

sandbox   the sandbox, and which dialect a template has
bounds    limits of steps, numbers and field widths
sizes     limits of values
mistakes  errors in templates, in an operator's words
reading   what a template has: variables, blocks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Template

from compiler.diagnostics import CompileError, HeatsinkError
from compiler.jinja.bounds import Counter
from compiler.jinja.mistakes import FAULTS, message, names_only, place, similar_name
from compiler.jinja.reading import extends_parent, variables
from compiler.jinja.sandbox import PARENT, BoundedEnvironment, Dialect, Filter, compiled, environment
from compiler.jinja.sizes import MAX_LENGTH
from compiler.source import Source

__all__ = ["MAX_LENGTH", "PARENT", "Dialect", "Filter", "extends_parent", "render", "variables"]


def render(
    source: Source,
    variables: Mapping[str, object],
    *,
    overrides: Sequence[Source] = (),
    search: Sequence[Path] = (),
    filters: Sequence[Filter] = (),
    dialect: Dialect = Dialect.OWN,
    hides: bool = False,
) -> str:
    """The text that a template renders to with the variables. With `hides` no message shows what is in them.

    Each of the `overrides` fills blocks of the one before it, and the first those of the template, which is
    its `parent_template`. The `filters` are functions of the variables, the value and further arguments.

    `{% include %}`, `{% extends %}` and `{% import %}` look for files by path in the folders of `search`, in
    order; a path cannot lead outside of them. Raises CompileError with the line of the template if it is not
    valid Jinja2, uses an undefined variable, is refused by the sandbox or exceeds a limit.
    """
    bounded = environment(tuple(search), dialect, tuple(filters))
    try:
        bounded.counter = Counter()
        template = _overridden(bounded, source, overrides)
        return bounded.concat(template.generate(variables, range=bounded.counter.range))
    except HeatsinkError as error:
        if error.problems[0].span is not None:
            raise
        refused = error.problems[0]
        raise CompileError(
            refused.message, place(error, (source, *overrides), search), refused.hint
        ) from None
    except FAULTS as error:
        is_shown = not hides or (names_only(error) and not source.hidden)
        problem = message(error) if is_shown else "the template fails on the values of its variables"
        hint = None if hides else similar_name(error, variables, bounded)
        raise CompileError(problem, place(error, (source, *overrides), search), hint) from None


def _overridden(bounded: BoundedEnvironment, source: Source, overrides: Sequence[Source]) -> Template:
    """The last of the overrides, or the template itself."""
    template, parents = compiled(bounded, source.text, source.name), {}
    for number, override in enumerate(overrides, start=1):
        name = f"override {number}"
        parents[name] = template
        template = compiled(bounded, override.text, override.name, name)
    bounded.parents = parents
    return template
