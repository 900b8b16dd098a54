"""What a template's author did wrong: in our words, with the line of the template."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import Path

from jinja2 import TemplateSyntaxError
from jinja2.exceptions import TemplateError, TemplateNotFound

from compiler.source import Source, Span

# What a template's own expressions raise: the operator's mistake, not a bug of ours.
FAULTS = (
    TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def message(error: BaseException) -> str:
    """What went wrong, in our own manner: lower case, names in backticks."""
    if isinstance(error, TemplateNotFound):
        outside = ".." in Path(error.name or "").parts
        return f"template `{error.name}` {'is outside' if outside else 'is not in'} the template folders"
    if isinstance(error, RecursionError):
        return "the template includes or calls itself endlessly"
    text = re.sub(r"'([\w.]+)'", r"`\1`", str(error).rstrip("."))
    return text[:1].lower() + text[1:] if text else type(error).__name__


def place(error: BaseException, source: Source, search: Sequence[Path]) -> Span:
    """The line of a template where an error came up: the innermost line that is a template's."""
    if isinstance(error, TemplateSyntaxError):
        return _line_span(_template_source(error.filename, source), error.lineno, str(error))
    lines = [
        (frame.filename, frame.lineno or 1)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == source.name or any(folder in Path(frame.filename).parents for folder in search)
    ]
    name, number = lines[-1] if lines else (source.name, 1)
    return _line_span(_template_source(name, source), number, str(error))


def _template_source(name: str | None, source: Source) -> Source:
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
