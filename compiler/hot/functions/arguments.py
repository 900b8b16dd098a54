"""What functions accept as arguments: shapes as they are written, and values.

Like Heat, this checks shapes when a template is read and values when it is resolved. The result of a call in
the argument is checked later.
"""

from __future__ import annotations

from compiler.diagnostics import closest
from compiler.hot.scope import Functions, MisuseError, Shape, is_call
from compiler.model import secret
from compiler.node import Mapping, Node, Plain, Scalar, Sequence, plain


def listed(least: int, most: int | None = None) -> Shape:
    """A literal list of so many items."""
    wanted = f"{least} items" if least == most else f"{least} or more items"

    def expect(functions: Functions, argument: Node, call: Mapping) -> None:
        if not isinstance(argument, Sequence):
            raise MisuseError(f"takes a list, not {kind_of(functions, argument)}", argument)
        count = len(argument.items)
        if count < least or (most is not None and count > most):
            raise MisuseError(f"takes a list of {wanted}, not of {count}", argument)

    return expect


def mapped(*required: str, only: tuple[str, ...] = ()) -> Shape:
    """A literal mapping with these keys, and with no others than `only` if that is set."""

    def expect(functions: Functions, argument: Node, call: Mapping) -> None:
        if not isinstance(argument, Mapping) or is_call(argument, functions):
            raise MisuseError(f"takes a mapping, not {kind_of(functions, argument)}", argument)
        for name in required:
            if name not in argument.entries:
                raise MisuseError(f"needs `{name}`", argument)
        for name in argument.entries if only else ():
            if name not in only:
                hint = closest(name, only) or f"its keys are {', '.join(only)}"
                raise MisuseError(f"has no key `{name}`", argument.key_span(name), hint)

    return expect


def first(argument: Node) -> list[Node]:
    """The first item of a list, or the argument itself."""
    return argument.items[:1] if isinstance(argument, Sequence) else [argument]


def first_of_list(argument: Node) -> list[Node]:
    """The first item of a list."""
    return argument.items[:1] if isinstance(argument, Sequence) else []


def every(argument: Node) -> list[Node]:
    """All items of a list, or the argument itself."""
    return argument.items if isinstance(argument, Sequence) else [argument]


def whole(argument: Node) -> list[Node]:
    """The argument itself."""
    return [argument]


def kind_of(functions: Functions, argument: Node) -> str:
    """How messages name an argument."""
    return "a function" if is_call(argument, functions) else argument.kind


def text(node: Node, what: str) -> str:
    """The text of a value that must be a string. Raises MisuseError; `what` says what it is for."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise MisuseError(f"takes {what}, not {shown(node)}", hint="quote it" if _is_scalar(node) else None)
    return node.value


def items(node: Node, what: str) -> list[Node]:
    """The items of a value that must be a list. Raises MisuseError; `what` says what it is."""
    if not isinstance(node, Sequence):
        raise MisuseError(f"takes {what}, not {shown(node)}")
    return node.items


def shown(node: Node) -> str:
    """A value as a message shows it: `a list`, `the number 5`, `''`."""
    if not isinstance(node, Scalar) or node.value is None:
        return node.kind
    value = str(node.value)
    if isinstance(node.value, str) and secret.names(value):
        return "a secret"
    if node.is_hidden:
        return "a hidden value"
    return f"`{value[:40]}…`" if len(value) > 40 else f"`{value}`" if value else "''"


def refers_to_secret(node: Node) -> bool:
    """Whether a text has a reference to a secret in it."""
    value = plain(node)
    return isinstance(value, str) and bool(secret.names(value))


def without_secrets(node: Node) -> Plain:
    """The plain value that a function compares or splits. Raises MisuseError for a reference to a secret."""
    value = plain(node)
    if refers_to_secret(node):
        raise MisuseError(
            "needs the value of a secret, which is known only when pushing",
            hint="use a separate parameter that is not hidden",
        )
    return value


def _is_scalar(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is not None
