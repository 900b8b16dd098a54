"""Jinja2 templates: variables in, text out, and nothing else reached or used up.

Templates may come with a service from anybody, so they run in Jinja2's sandbox. The sandbox keeps a template
from reaching Python; the bounds below keep it from filling the memory, as in `{{ "x" * 10 ** 10 }}`.
https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError, TemplateError, TemplateNotFound
from jinja2.filters import do_format
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from compiler.diagnostics import CompileError, HeatsinkError
from compiler.source import Source, Span

MAX_LENGTH = 16 * 1024 * 1024
"""Characters or items that a template may make, in all or in one value."""
MAX_STEPS = 1_000_000
"""Numbers that all the `range` of one rendering may give together."""
_MAX_BITS = 4096
# A field whose width has six digits or comes from a value, in either of Python's formats.
_WIDE = re.compile(r"[{%][^{}%a-z]*\d{6}|\{[^{}]*\{|%[^a-z%]*\*", re.IGNORECASE)
_MULTIPLYING = frozenset(("center", "expandtabs", "join", "ljust", "replace", "rjust", "translate", "zfill"))
_FORMATTING = frozenset(("format", "format_map"))
_FILTERS = (
    "batch", "center", "groupby", "indent", "join", "list", "replace", "reverse", "slice", "sort", "sum",
    "tojson", "unique",
)  # fmt: skip

# What a template's own expressions raise: the operator's mistake, not a bug of ours.
_TEMPLATE_FAULTS = (
    TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


class Dialect(Enum):
    """Whose templates they are, and so which of Jinja2's options they are written for."""

    OWN = "own"  # something undefined is an error, and lines that only hold a block leave no trace
    TRIPLEO = "tripleo"  # Jinja2's defaults: something undefined is "", and the last line end goes


_OPTIONS: Mapping[Dialect, Mapping[str, Any]] = {
    Dialect.OWN: {
        "undefined": StrictUndefined,
        "keep_trailing_newline": True,
        "trim_blocks": True,
        "lstrip_blocks": True,
    },
    Dialect.TRIPLEO: {},
}


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
    environment = _environment(tuple(search), dialect)
    try:
        template = _template(environment, source.text, source.name)
        return _joined(template.generate(variables, range=_counted_range()))
    except HeatsinkError as error:
        if error.problems[0].span is not None:
            raise
        problem = error.problems[0]
        raise CompileError(problem.message, _place(error, source, search), problem.hint) from None
    except _TEMPLATE_FAULTS as error:
        raise CompileError(_said(error), _place(error, source, search)) from None


class _BoundedGenerator(CodeGenerator):
    """Jinja2's compiler, but for `~`, which it would compile to an unbounded join."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Compile `a ~ b`."""
        self.write("environment.concatenation((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Environment(SandboxedEnvironment):
    """The sandbox, with bounds on what one operation can make."""

    code_generator_class = _BoundedGenerator
    concat = staticmethod(lambda pieces: _joined(pieces))
    intercepted_binops = frozenset(("*", "**", "+", "%"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The value of `left operator right`, refused when it would be too large."""
        _BOUNDS[operator](left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """The value of a call, refused when a string's method would make too much."""
        # The sandbox wraps `str.format` in a function of its own.
        method = getattr(__obj, "__wrapped__", __obj)
        owner = getattr(method, "__self__", None)
        if isinstance(owner, str):
            _bound_method(owner, method.__name__, (*args, *kwargs.values()))
        return super().call(__context, __obj, *args, **kwargs)

    @staticmethod
    def concatenation(parts: Iterable[object]) -> str:
        """`a ~ b ~ c`."""
        return _joined(map(str, parts))


@lru_cache(maxsize=32)
def _environment(search: tuple[Path, ...], dialect: Dialect) -> _Environment:
    environment = _Environment(loader=FileSystemLoader(search), **_OPTIONS[dialect])
    del environment.globals["lipsum"]
    environment.filters.update((name, _bounded_filter(environment.filters[name])) for name in _FILTERS)
    environment.filters["format"] = _format
    return environment


@lru_cache(maxsize=4096)
def _template(environment: _Environment, text: str, name: str) -> Template:
    code = environment.compile(text, name=None, filename=name)
    return environment.template_class.from_code(environment, code, environment.make_globals(None))


def _bounded_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter, refused when what it is given would multiply to too much."""

    def bounded(*args: Any, **kwargs: Any) -> Any:
        bounded_args = [_taken(arg) if isinstance(arg, Iterator) else arg for arg in args]
        _refuse_product(*bounded_args, *kwargs.values())
        return function(*bounded_args, **kwargs)

    # Jinja2 marks filters that want its context with an attribute.
    bounded.__dict__.update(function.__dict__)
    return bounded


def _format(text: str, *args: object, **kwargs: object) -> str:
    """The filter `"%s of %s"|format(a, b)`, within bounds."""
    _bound_format(text, args or tuple(kwargs.values()))
    return do_format(text, *args, **kwargs)


def _joined(pieces: Iterable[str]) -> str:
    return "".join(_taken(pieces))


def _taken(items: Iterable[Any]) -> list[Any]:
    """All items, refused as soon as they are too much together."""
    size, taken = 0, []
    for item in items:
        size += max(1, _size(item))
        _refuse_size(size)
        taken.append(item)
    return taken


def _counted_range() -> Callable[..., range]:
    """A `range` for one rendering, whose loops may take MAX_STEPS steps in all."""
    steps = 0

    def counted(*bounds: int) -> range:
        nonlocal steps
        wanted = range(*bounds)
        steps += len(wanted)
        if steps > MAX_STEPS:
            _refuse(f"its ranges give more than {MAX_STEPS:,} numbers")
        return wanted

    return counted


def _refuse(reason: str) -> NoReturn:
    raise SecurityError(f"the template makes too much: {reason}")


def _refuse_size(size: int) -> None:
    if size > MAX_LENGTH:
        _refuse(f"more than {MAX_LENGTH:,} characters")


def _refuse_product(*values: object) -> None:
    """Refuse when values that multiply (a text and what replaces each of its letters) would make too much."""
    _refuse_size(prod(max(1, abs(value) if isinstance(value, int) else _size(value)) for value in values))


def _size(value: object) -> int:
    """A text's length, the sum over a collection, 1 for the rest."""
    match value:
        case str() | bytes():
            return len(value)
        case list() | tuple() | set():
            return sum(max(1, _size(item)) for item in value)
        case dict():
            return sum(max(1, _size(item)) for item in value.values())
    return 1


def _bound_method(text: str, name: str, values: tuple[object, ...]) -> None:
    if name in _MULTIPLYING:
        _refuse_product(text, *values)
    elif name in _FORMATTING:
        _bound_format(text, values)


def _bound_product(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > _MAX_BITS:
            _refuse("a number of thousands of digits")
    elif not isinstance(left, float) and not isinstance(right, float):
        _refuse_product(left, right)


def _bound_power(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _MAX_BITS:
        _refuse("a number of thousands of digits")


def _bound_sum(left: object, right: object) -> None:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        _refuse_size(len(left) + len(right))


def _bound_format(left: object, right: object) -> None:
    if isinstance(left, str):
        if _WIDE.search(left):
            _refuse("a field of a variable or very large width")
        _refuse_size((left.count("{") + left.count("%")) * _size(right))


_BOUNDS: Mapping[str, Callable[[object, object], None]] = {
    "*": _bound_product,
    "**": _bound_power,
    "+": _bound_sum,
    "%": _bound_format,
}


def _said(error: BaseException) -> str:
    """What went wrong, in our own manner: lower case, names in backticks."""
    if isinstance(error, TemplateNotFound):
        climbs = ".." in Path(error.name or "").parts
        return f"template `{error.name}` {'climbs out of' if climbs else 'is not in'} the template folders"
    if isinstance(error, RecursionError):
        return "the template includes or calls itself without an end"
    text = re.sub(r"'([\w.]+)'", r"`\1`", str(error).rstrip("."))
    return text[:1].lower() + text[1:] if text else type(error).__name__


def _place(error: BaseException, source: Source, search: Sequence[Path]) -> Span:
    """The line of a template where an error came up: the innermost line that is a template's."""
    if isinstance(error, TemplateSyntaxError):
        return _line_span(_named(error.filename, source), error.lineno, str(error))
    lines = [
        (frame.filename, frame.lineno or 1)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == source.name or any(folder in Path(frame.filename).parents for folder in search)
    ]
    name, number = lines[-1] if lines else (source.name, 1)
    return _line_span(_named(name, source), number, str(error))


def _named(name: str | None, source: Source) -> Source:
    """The template of that file name: the one rendered, or one that it includes."""
    if name is None or name == source.name:
        return source
    return Source(name, Path(name).read_text(encoding="utf-8"))


def _line_span(source: Source, number: int, message: str) -> Span:
    """The name in quotes of a message where the line has it, else the whole line."""
    line = source.line(number)
    quoted = re.search(r"'([^']+)'", message)
    start = line.find(quoted[1]) if quoted else -1
    if quoted is None or start < 0:
        start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    else:
        end = start + len(quoted[1])
    return Span(source, number, start + 1, number, max(start, end) + 1)
