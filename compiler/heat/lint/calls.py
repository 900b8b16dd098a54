"""Rules about calls: data that looks like one, and calls that cannot be intended.

A mapping is a call if it has one key and that is the name of a function of the template's version, in a
condition one of those for conditions (heat/engine/template.py, `parse`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations

from compiler.diagnostics import CompileError, Problem, closest
from compiler.heat.lint.documents import Document
from compiler.heat.lint.expressions import Expression, is_shaped_for
from compiler.hot.functions import CONDITION_FUNCTIONS, known, values
from compiler.hot.stack import PSEUDO_PARAMETERS
from compiler.hot.versions import Version
from compiler.node import Mapping, Node, Scalar, Sequence, is_null, walk

_AMAZON = "Fn::"
_INSTEAD = {"Fn::GetAtt": "get_attr", "Fn::If": "if", "Fn::ResourceFacade": "resource_facade"}
_NEAR = 0.84  # of two names without their underscores: `get_parm`, `str_repalce`; not `get_url`
_SHORTEST = 6
_REPLACES = "str_replace"


def literal_functions(document: Document) -> Iterator[Problem]:
    """Mappings with the name of a function among several keys."""
    for expression in document.expressions:
        entries = expression.node.entries
        if len(entries) < 2:
            continue
        for name, argument in entries.items():
            if name in expression.functions and (_is_unmistakable(name) or is_shaped_for(name, argument)):
                other = next(key for key in entries if key != name)
                yield Problem(
                    f"`{name}` is beside `{other}`, so it is an ordinary key and not a call",
                    expression.node.key_span(name),
                    "a call must be the only key of its mapping: use `map_merge`, or check the indentation",
                )
                break


def _is_unmistakable(name: str) -> bool:
    """Whether the name is unlikely as data; `filter` or `if` may be an argument of an Ansible module."""
    return "_" in name or "::" in name


def unknown_functions(document: Document) -> Iterator[Problem]:
    """Calls of functions that do not exist, or not in the template's version."""
    for expression in document.expressions:
        name = expression.name
        if (
            name
            and not expression.is_call
            and name not in CONDITION_FUNCTIONS
            and (unknown := _unknown(expression, document.version))
        ):
            message, hint = unknown
            yield Problem(
                f"{message}: it is treated as an ordinary key", expression.node.key_span(name), hint
            )


def _unknown(expression: Expression, version: Version | None) -> tuple[str, str] | None:
    name, argument = expression.name, expression.argument
    if name.startswith(_AMAZON):
        instead = _INSTEAD.get(name)
        hint = f"did you mean `{instead}`?" if instead else "use the HOT function for it"
        return f"HOT has no function `{name}`", hint
    since = _since().get(name)
    if since is not None and version is not None and is_shaped_for(name, argument):
        return (
            f"function `{name}` needs version {since.date}, and this template has {version.date}",
            f"set `heat_template_version: {since.date}` or later",
        )
    meant = _meant(name)
    if since is None and meant is not None and is_shaped_for(meant, argument):
        return f"unknown function `{name}`", f"did you mean `{meant}`?"
    return None


@lru_cache
def _since() -> dict[str, Version]:
    """The first version with each function."""
    return {name: version for version in reversed(Version) for name in values(version)}


@lru_cache(maxsize=1 << 14)
def _meant(name: str) -> str | None:
    """The function with a similar name. Only names of several words are long enough to compare."""
    known = {_normalized(function): function for function in _since() if "_" in function}
    if len(name) < _SHORTEST or not name.replace("_", "").replace("-", "").isalpha():
        return None
    near = difflib.get_close_matches(_normalized(name), known, n=1, cutoff=_NEAR)
    return known[near[0]] if near else None


def _normalized(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def misplaced_conditions(document: Document) -> Iterator[Problem]:
    """`equals`, `not`, `and`, `or` in values, where Heat does not support them."""
    names = document.section("conditions")
    for expression in document.expressions:
        if (
            not expression.in_condition
            and expression.name in CONDITION_FUNCTIONS
            and _is_condition(expression.node, names)
        ):
            yield Problem(
                f"`{expression.name}` is a condition function: in a value it is treated as an ordinary key",
                expression.node.key_span(expression.name),
                "define a condition, and use `if: [its name, true, false]`",
            )


def _is_condition(node: Node, names: dict[str, Node]) -> bool:
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and node.value in names
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        return False
    (name, argument), *_ = node.entries.items()
    function = known().get(name)
    if function is None or function.chooses or not function.likely(argument):
        return False
    if function.names is not None and name in CONDITION_FUNCTIONS:
        return all(_is_condition(operand, names) for operand in function.names.operands(argument))
    return name in CONDITION_FUNCTIONS or function.conditions_since is not None


def malformed_calls(document: Document) -> Iterator[Problem]:
    """Calls whose arguments Heat refuses when it reads them, in branches of an `if` too."""
    for expression in document.expressions:
        if expression.function is not None:
            try:
                expression.function.shape(expression.functions, expression.argument, expression.node)
            except CompileError as error:
                yield from error.problems


def dynamic_files(document: Document) -> Iterator[Problem]:
    """`get_file` with a path that is computed."""
    for expression in document.expressions:
        if (
            expression.is_call
            and expression.name == "get_file"
            and not isinstance(expression.argument, Scalar)
        ):
            yield Problem(
                "the path of `get_file` is computed: Heat's client does not send the file",
                expression.node.span,
                "use a literal path; choose between several `get_file` calls with `if`",
            )


def unused_replacements(document: Document) -> Iterator[Problem]:
    """`str_replace` with params that its template does not contain."""
    for expression in document.expressions:
        if expression.is_call and expression.name == _REPLACES and isinstance(expression.argument, Mapping):
            template, params = (expression.argument.entries.get(key) for key in ("template", "params"))
            text = template.value if isinstance(template, Scalar) else None
            if isinstance(text, str) and isinstance(params, Mapping) and not _may_be_call(params, expression):
                yield from _lacking(text, params)


def _may_be_call(params: Mapping, expression: Expression) -> bool:
    return len(params.entries) == 1 and next(iter(params.entries)) in expression.functions


def _lacking(text: str, params: Mapping) -> Iterator[Problem]:
    for name in params.entries:
        if name not in text:
            yield Problem(
                f"`{name}` does not occur in the template of `str_replace`",
                params.key_span(name),
                "remove it, or correct the name",
            )


def null_conditions(document: Document) -> Iterator[Problem]:
    """Conditions that are null, which is true."""
    for output in document.section("outputs").values():
        condition = output.entries.get("condition") if isinstance(output, Mapping) else None
        if condition is not None and is_null(condition):
            yield _always(condition)
    for expression in document.expressions:
        if expression.function is not None and expression.function.chooses:
            yield from (_always(node) for _, node in _operands(expression) if is_null(node))


def _always(condition: Node) -> Problem:
    return Problem("a null condition is true", condition.span, "use the name of a condition, or `true`")


def impossible_comparisons(document: Document) -> Iterator[Problem]:
    """`equals` of a parameter and a value of another type: Heat compares without converting."""
    for expression in document.expressions:
        if expression.is_call and expression.name == "equals" and isinstance(expression.argument, Sequence):
            for one, other in permutations(expression.argument.items, 2):
                yield from _impossible(document, one, other)


def _impossible(document: Document, call: Node, value: Node) -> Iterator[Problem]:
    name = _parameter(call)
    kind = document.declared.get(name) if name is not None else None
    if kind not in _HOLDS or not isinstance(value, Scalar) or isinstance(value.value, _HOLDS[kind]):
        return
    yield Problem(
        f"parameter `{name}` is a {kind}, which never equals {value.kind}", value.span, _COMPARE_WITH[kind]
    )


_HOLDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),  # Python's booleans are numbers: true is 1
    "boolean": (bool, int, float),
}
_COMPARE_WITH = {
    "string": "quote it",
    "number": "remove the quotes",
    "boolean": "use `true` or `false` without quotes",
}


def _parameter(node: Node) -> str | None:
    """The parameter that a call returns as a whole."""
    argument = node.entries.get("get_param") if isinstance(node, Mapping) else None
    if argument is None or not isinstance(node, Mapping) or len(node.entries) > 1:
        return None
    if isinstance(argument, Sequence) and len(argument.items) == 1:
        argument = argument.items[0]
    return argument.value if isinstance(argument, Scalar) and isinstance(argument.value, str) else None


def unknown_names(document: Document) -> Iterator[Problem]:
    """Parameters, resources and conditions that a call names and the template does not define."""
    for section, node in _names(document):
        known = document.section(section).keys()
        if isinstance(node.value, str) and node.value not in known | PSEUDO_PARAMETERS.keys():
            yield Problem(
                f"the template has no {section[:-1]} `{node.value}`: evaluating this fails",
                node.span,
                closest(node.value, known) or f"define it under `{section}`",
            )


def _names(document: Document) -> Iterator[tuple[str, Scalar]]:
    """Every literal name, with the section that should define it."""
    for section in ("resources", "outputs"):
        for definition in document.section(section).values():
            condition = definition.entries.get("condition") if isinstance(definition, Mapping) else None
            if isinstance(condition, Scalar):
                yield "conditions", condition
    for expression in document.expressions:
        yield from ((section, node) for section, node in _operands(expression) if isinstance(node, Scalar))


def _operands(expression: Expression) -> Iterator[tuple[str, Node]]:
    """The names in a call with their section; names that may be of two sections are left out."""
    names = None if expression.function is None else expression.function.names
    if names is not None and len(names.sections) == 1:
        yield from ((names.sections[0], operand) for operand in names.operands(expression.argument))


def unused_conditions(document: Document) -> Iterator[Problem]:
    """Conditions that the template never uses."""
    strings = {node.value for node in walk(document.root) if isinstance(node, Scalar)}
    for name in document.section("conditions"):
        if name not in strings:
            yield Problem(
                f"condition `{name}` is never used", document.place("conditions", name), "remove it"
            )
