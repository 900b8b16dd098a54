"""What a template has, without rendering it. All functions raise CompileError if it is not valid Jinja2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from compiler.diagnostics import CompileError
from compiler.jinja.mistakes import FAULTS, message, place, similar_name, word_on_line
from compiler.jinja.sandbox import BoundedEnvironment, Dialect, environment
from compiler.source import Source, Span


@dataclass(frozen=True, slots=True)
class PlacedName:
    """A name in a template, and where it is."""

    name: str
    span: Span


def variables(source: Source) -> frozenset[str]:
    """The variables that a template uses."""
    try:
        return frozenset(find_undeclared_variables(_parsed(source)))
    except FAULTS as error:
        if isinstance(error, TemplateSyntaxError):
            error.filename = source.name  # Jinja2's search for variables puts a name of its own there
        problem = "the template is not valid" if source.hidden else message(error)
        hint = None if source.hidden else similar_name(error, (), _environment())
        raise CompileError(problem, place(error, (source,), ()), hint) from None


def extends_parent(source: Source) -> bool:
    """Whether a template fills blocks of another one."""
    return _tree(source).find(nodes.Extends) is not None


def blocks(source: Source) -> frozenset[str]:
    """The names of all blocks of a template."""
    return frozenset(block.name for block in _tree(source).find_all(nodes.Block))


def outer_blocks(source: Source) -> Iterator[PlacedName]:
    """The blocks of a template that are not within another one."""
    for node in _tree(source).body:
        if isinstance(node, nodes.Block):
            yield PlacedName(node.name, word_on_line(source, node.lineno, node.name))


def assigned(source: Source) -> Iterator[PlacedName]:
    """The variables that a template sets outside of its blocks."""
    for node in _tree(source).body:
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            yield PlacedName(node.target.name, word_on_line(source, node.lineno, node.target.name))


def filter_arguments(source: Source, name: str) -> frozenset[str]:
    """The strings that a template passes to a filter as its first argument: `a` of `{{ x | name("a") }}`."""
    arguments = (call.args[0] for call in _tree(source).find_all(nodes.Filter) if _is_call(call, name))
    return frozenset(
        argument.value
        for argument in arguments
        if isinstance(argument, nodes.Const) and isinstance(argument.value, str)
    )


def _is_call(node: nodes.Filter, name: str) -> bool:
    return node.name == name and bool(node.args)


def _tree(source: Source) -> nodes.Template:
    try:
        return _parsed(source)
    except FAULTS as error:
        raise CompileError(message(error), place(error, (source,), ())) from None


def _parsed(source: Source) -> nodes.Template:
    return _environment().parse(source.text, filename=source.name)


def _environment() -> BoundedEnvironment:
    return environment((), Dialect.OWN)
