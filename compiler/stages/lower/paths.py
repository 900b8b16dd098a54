"""Which paths of a host a template may write to."""

from __future__ import annotations

import posixpath
import re

from compiler.diagnostics import CompileError
from compiler.host import writable
from compiler.host.writable import PathRefusal
from compiler.source import Span


def check_artifact(path: str, place: Span, *, take_over: bool) -> None:
    """Raise CompileError for a path that hosts refuse, or a file of others that is not taken over."""
    _refuse(writable.refusal(path, takes_over=take_over), place)


def check_owner(path: str, place: Span, *, take_over: bool, is_recursive: bool = False) -> None:
    """Raise CompileError for a path, or a pattern of tmpfiles.d(5), that reaches files of the distribution.

    With `is_recursive`, everything below counts as well.
    """
    fixed = re.split(r"[*?\[]", path)[0]
    folder = posixpath.normpath(path if fixed == path else posixpath.dirname(fixed))
    reaches = writable.is_above_the_system(folder) and (fixed != path or is_recursive)
    refusal = writable.system_refusal(folder, takes_over=take_over)
    if refusal is None and reaches and not take_over:
        refusal = writable.replaceable(path)
    _refuse(refusal and refusal._replace(message=f"`{path}` belongs to the operating system"), place)


def _refuse(refusal: PathRefusal | None, place: Span) -> None:
    if refusal is not None:
        raise CompileError(refusal.message, place, refusal.hint)
