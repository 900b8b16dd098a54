"""`parameter_groups` of a template, which user interfaces show (heat/engine/parameter_groups.py)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from compiler.diagnostics import CompileError, Problem, closest
from compiler.node import Node, expect_mapping, expect_sequence, expect_string, plain


def expect_parameter_groups(section: Node | None) -> None:
    """Raise CompileError if the groups are not lists of parameters, each in one group only."""
    first: dict[str, Node] = {}
    for node in () if section is None or not plain(section) else _grouped(section):
        name = expect_string(node, "a name in a parameter group")
        if name in first:
            hint = f"it is already at {first[name].span.place}; remove one of them"
            raise CompileError(f"parameter `{name}` is in two parameter groups", node.span, hint)
        first[name] = node


def undeclared(section: Node | None, parameters: Collection[str]) -> Iterator[Problem]:
    """Names in valid groups that are no parameters. Heat refuses to create a stack with one."""
    for node in () if section is None or not plain(section) else _grouped(section):
        name = plain(node)
        if name not in parameters:
            message = f"a parameter group names `{name}`, which is not declared"
            yield Problem(
                message, node.span, closest(str(name), parameters) or "declare it under `parameters`"
            )


def _grouped(section: Node) -> Iterator[Node]:
    """Every name in every group."""
    for item in expect_sequence(section, "`parameter_groups`").items:
        group = expect_mapping(item, "a parameter group")
        names = group.entries.get("parameters")
        if names is None:
            raise CompileError(
                "the parameter group has no `parameters`", group.span, "add `parameters: [Name, …]`"
            )
        yield from expect_sequence(names, "`parameters` of a parameter group").items
