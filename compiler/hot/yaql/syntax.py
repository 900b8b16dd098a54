"""Expressions as trees: the part of yaql's grammar that templates use. NotSupported for everything else.

What is accepted here, the library accepts, and with the same structure (yaql/language/lexer.py, parser.py and
the operators of factory.py): names and `$` alone or with a name, numbers, strings, calls, members, indices,
lists, maps, and the operators of `_BINDING`. Escapes that name a code point are left to the library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from compiler.hot.yaql.errors import NotSupported
from compiler.node import ScalarValue


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a string, `true`, `false` or `null`."""

    value: ScalarValue


@dataclass(frozen=True, slots=True)
class Keyword:
    """A bare name: a string where a value is wanted, and the name of a member or an argument."""

    value: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`$`, which is `$1`, or `$name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`value.name`"""

    owner: SyntaxTree
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`value[index]`"""

    owner: SyntaxTree
    index: SyntaxTree


@dataclass(frozen=True, slots=True)
class Arguments:
    """`(item, …, key => value, …)`, also of lists and maps."""

    items: tuple[SyntaxTree, ...]
    pairs: tuple[tuple[SyntaxTree, SyntaxTree], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`, or with an owner `owner.name(arguments)`."""

    name: str
    arguments: Arguments
    owner: SyntaxTree | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """`left operator right`; of a prefix operator only `right`."""

    operator: str
    left: SyntaxTree | None
    right: SyntaxTree


SyntaxTree: TypeAlias = Constant | Keyword | Variable | Member | Index | Call | Operation

LIST, MAP = "[", "{"  # the names of the calls that `[…]` and `{…}` are

_BINDING = {
    ".": 11,
    "[": 10,
    "=~": 8,
    **dict.fromkeys(("*", "/", "mod"), 7),
    **dict.fromkeys(("+", "-"), 6),
    **dict.fromkeys((">", "<", ">=", "<=", "!=", "=", "in"), 5),
    "and": 3,
    "or": 2,
    "->": 1,
}
_PREFIX = {"+": 9, "-": 9, "not": 4}
_WORDS = frozenset({"mod", "in", "not", "and", "or"})
_CONSTANTS: dict[str, ScalarValue] = {"true": True, "false": False, "null": None}
_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<variable> \$\w*)
      | (?P<number> \b\d+(?:\.?\d+)?\b)
      | (?P<call> \b[^\W\d]\w*\()
      | (?P<word> (?!__)\b[^\W\d]\w*\b)
      | (?P<quoted> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
      | (?P<verbatim> `(?:[^`\\]|\\.)*`)
      | (?P<sign> \?\.|=~|!~|>=|<=|!=|=>|->|[][{}(),.*/+=<>-])
      | (?P<end> \Z)
    )""",
    re.ASCII | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\([\\'\"abfnrtvUuxN0-7])")
_ESCAPED = dict(zip("\\'\"abfnrtv", "\\'\"\a\b\f\n\r\t\v", strict=True))


def parsed(expression: str) -> SyntaxTree:
    """The expression as a tree; NotSupported if it is not in the part of the grammar that is known here."""
    parser = _Parser(expression)
    tree = parser.expression()
    parser.expect("")
    return tree


class _Parser:
    """Precedence climbing, one token ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.position)
        if match is None or match.lastgroup is None:
            raise NotSupported
        self.kind = match.lastgroup
        self.token = match[self.kind]
        self.position = match.end()

    def operator(self) -> str | None:
        """The token, if it can be an operator: a sign, or one of the words."""
        known = self.kind == "sign" or (self.kind == "word" and self.token in _WORDS)
        return self.token if known else None

    def expect(self, sign: str) -> None:
        if self.kind not in ("sign", "end") or self.token != sign:
            raise NotSupported
        if sign:
            self.advance()

    def expression(self, loosest: int = 1) -> SyntaxTree:
        tree = self.primary()
        while (operator := self.operator()) and (binding := _BINDING.get(operator, 0)) >= loosest:
            self.advance()
            tree = self.extended(tree, operator, binding)
        return tree

    def extended(self, left: SyntaxTree, operator: str, binding: int) -> SyntaxTree:
        if operator == ".":
            return self.member(left)
        if operator == "[":
            return Index(left, *self.arguments("]", items=1).items)
        tighter = binding if operator == "->" else binding + 1
        return Operation(operator, left, self.expression(tighter))

    def member(self, owner: SyntaxTree) -> SyntaxTree:
        kind, name = self.kind, self.token
        if kind == "call":
            return self.call(owner)
        if kind != "word" or name in _WORDS or name in _CONSTANTS:
            raise NotSupported
        self.advance()
        return Member(owner, name)

    def call(self, owner: SyntaxTree | None) -> Call:
        name = self.token[:-1]
        self.advance()
        return Call(name, self.arguments(")"), owner)

    def primary(self) -> SyntaxTree:
        kind, token = self.kind, self.token
        if kind == "call":
            return self.call(None)
        if (operator := self.operator()) in _PREFIX:
            self.advance()
            return Operation(token, None, self.expression(_PREFIX[token]))
        if operator in _WORDS:
            raise NotSupported
        self.advance()
        return self.bracketed(token) if kind == "sign" else _leaf(kind, token)

    def bracketed(self, opening: str) -> SyntaxTree:
        if opening == "(":
            tree = self.expression()
            self.expect(")")
            return tree
        if opening in (LIST, MAP):
            return Call(opening, self.arguments("]" if opening == LIST else "}"))
        raise NotSupported

    def arguments(self, closing: str, items: int | None = None) -> Arguments:
        """The items before a closing bracket; NotSupported if their number is not the required one."""
        values: list[SyntaxTree] = []
        pairs: list[tuple[SyntaxTree, SyntaxTree]] = []
        while self.kind != "sign" or self.token != closing:
            if values or pairs:
                self.expect(",")
            self.argument(values, pairs)
        self.advance()
        if items is not None and (len(values) != items or pairs):
            raise NotSupported
        return Arguments(tuple(values), tuple(pairs))

    def argument(self, values: list[SyntaxTree], pairs: list[tuple[SyntaxTree, SyntaxTree]]) -> None:
        tree = self.expression()
        if self.operator() == "=>":
            self.advance()
            pairs.append((tree, self.expression()))
        elif pairs:
            raise NotSupported
        else:
            values.append(tree)


def _leaf(kind: str, token: str) -> SyntaxTree:
    if kind == "variable":
        return Variable(token if token != "$" else "$1")  # noqa: S105 - a token of text
    if kind == "number":
        return Constant(float(token) if "." in token else _integer(token))
    if kind == "word":
        return Constant(_CONSTANTS[token]) if token in _CONSTANTS else Keyword(token)
    if kind == "quoted":
        return Constant(_ESCAPE.sub(_unescaped, token[1:-1]))
    if kind == "verbatim":
        return Constant(token[1:-1].replace("\\`", "`"))
    raise NotSupported


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts
        raise NotSupported from None


def _unescaped(match: re.Match[str]) -> str:
    if match[1] not in _ESCAPED:
        raise NotSupported
    return _ESCAPED[match[1]]
