"""The outputs of a fleet: what services declare beside `role_data`, for operators."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass

from compiler.host.manifest import with_secrets
from compiler.model import secret
from compiler.node import Mapping, Node, Plain, Scalar, ScalarValue, Sequence, leaves, scalar_of
from compiler.source import Span

MASK = "(secret)"
"""What is shown in place of a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOutput:
    """One output, as the first host of its service evaluates it."""

    name: str
    description: str
    value: Node
    place: Span  # where its name is written

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secrets to which it refers."""
        return frozenset(name for leaf in leaves(self.value) for name in secret.names(str(leaf.value)))

    def masked(self, values: AbstractMapping[str, str]) -> Plain:
        """The value, with `(secret)` for each text that holds a secret which is not among the values."""

        def shown(leaf: Scalar) -> ScalarValue:
            is_secret = leaf.is_hidden or bool(secret.names(str(leaf.value)) - values.keys())
            return MASK if is_secret else _filled(leaf, values)

        return _plain(self.value, shown)

    def revealed(self, values: AbstractMapping[str, str]) -> Plain:
        """The value with its secrets, all of which are among the values."""
        return _plain(self.value, lambda leaf: _filled(leaf, values))


def _plain(node: Node, shown: Callable[[Scalar], ScalarValue]) -> Plain:
    if isinstance(node, Mapping):
        return {
            str(shown(scalar_of(key, node.key_node(key)))): _plain(value, shown)
            for key, value in node.entries.items()
        }
    if isinstance(node, Sequence):
        return [_plain(item, shown) for item in node.items]
    assert isinstance(node, Scalar)
    return shown(node)


def _filled(leaf: Scalar, values: AbstractMapping[str, str]) -> ScalarValue:
    text = leaf.value
    return with_secrets(text.encode(), values).decode() if isinstance(text, str) else text
