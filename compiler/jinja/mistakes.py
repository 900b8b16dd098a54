"""Mistakes in templates, in an operator's words, with the line of the template."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError
from jinja2.exceptions import TemplateError, TemplateNotFound, UndefinedError

from compiler.diagnostics import closest
from compiler.source import Source, Span

# What the expressions of a template raise: the author's mistake, not a bug in heatsink.
FAULTS = (
    TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip


def message(error: BaseException) -> str:
    """The error in our style: lower case, names in backticks."""
    if isinstance(error, TemplateNotFound):
        outside = ".." in Path(error.name or "").parts
        return f"template `{error.name}` {'is outside' if outside else 'is not in'} the template folders"
    if isinstance(error, RecursionError):
        return "the template includes or calls itself endlessly"
    if isinstance(error, SyntaxError):  # of the Python code that Jinja2 makes of it
        return "the blocks of the template are nested too deeply"
    said = error.message if isinstance(error, TemplateSyntaxError) else None  # without the place
    text = re.sub(r"'([\w.]+)'", r"`\1`", (said or str(error)).rstrip("."))
    return text[:1].lower() + text[1:] if text else type(error).__name__


def names_only(error: BaseException) -> bool:
    """Whether the text of an error comes from the template alone: its syntax, or an undefined variable."""
    if isinstance(error, UndefinedError):
        return re.fullmatch(r"'\w+' is undefined", str(error)) is not None
    return isinstance(error, TemplateSyntaxError | RecursionError | SyntaxError)


def similar_name(error: BaseException, variables: Iterable[object], environment: Environment) -> str | None:
    """A did-you-mean hint for an undefined variable, or for a filter or a test that is not there."""
    if undefined := re.fullmatch(r"'(\w+)' is undefined", str(error)):
        return closest(undefined[1], map(str, variables))
    if unknown := re.match(r"No (filter|test) named '(\w+)'", str(error)):
        return closest(unknown[2], environment.filters if unknown[1] == "filter" else environment.tests)
    return None


def place(error: BaseException, sources: Sequence[Source], search: Sequence[Path]) -> Span:
    """The line of a template that raised an error: the innermost one of the sources or of `search`."""
    if isinstance(error, TemplateSyntaxError):
        return _line_span(_template_source(error.filename, sources), error.lineno, str(error))
    names = {source.name for source in sources}
    lines = [
        (frame.filename, frame.lineno or 1)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename in names or any(folder in Path(frame.filename).parents for folder in search)
    ]
    name, number = lines[-1] if lines else (sources[0].name, 1)
    return _line_span(_template_source(name, sources), number, str(error))


def _template_source(name: str | None, sources: Sequence[Source]) -> Source:
    """The template with that file name: one of the rendered ones, or one that they include."""
    for source in sources:
        if name is None or name == source.name:
            return source
    assert name is not None
    return Source(name, Path(name).read_text(encoding="utf-8"))


def _line_span(source: Source, number: int, message: str) -> Span:
    """The place of the quoted name of a message if the line contains it, else of the whole line."""
    quoted = re.search(r"'([^']+)'", message)
    return word_on_line(source, number, quoted[1] if quoted else None)


def word_on_line(source: Source, number: int, word: str | None) -> Span:
    """The first place of a word on a line of a template; that of the whole line if it is not there."""
    line = source.line(number)
    start = line.find(word) if word else -1
    if word is None or start < 0:
        start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    else:
        end = start + len(word)
    return Span(source, number, start + 1, number, max(start, end) + 1)
