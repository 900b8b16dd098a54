"""The policies of a resource: what happens to it when it is deleted, and when it is updated."""

from __future__ import annotations

from typing import NamedTuple

from compiler.diagnostics import CompileError
from compiler.hot.properties import property_value
from compiler.hot.stack import Stack
from compiler.hot.template import expect_deletion_policy
from compiler.node import Mapping, Node, Scalar, expect_keys, expect_mapping, is_null, plain


class _Amount(NamedTuple):
    kind: str
    least: int


_BATCH = {"max_batch_size": _Amount("integer", 1), "pause_time": _Amount("number", 0)}
_UPDATES = {"batch_create": _BATCH, "rolling_update": _BATCH | {"min_in_service": _Amount("integer", 0)}}


def deletion_policy(stack: Stack, written: Mapping) -> Node | None:
    """The deletion policy of a resource; None if it has none. Raises CompileError for an invalid one."""
    node = written.entries.get("deletion_policy")
    if node is None or isinstance(node, Scalar):
        return node  # which is valid, as the template was read
    if not stack.scope.is_call(node):
        raise CompileError(f"`deletion_policy` must be a string or a function, not {node.kind}", node.span)
    value = stack.scope.value(node)
    if is_null(value):
        return None
    expect_deletion_policy(value, stack.template.version)
    return value


def check_policies(stack: Stack, written: Mapping, known: frozenset[str] | None) -> None:
    """Refuse policies that only some resources support: snapshots on deletion, and updates.

    `known`: the keys of the resource's `update_policy`; None if it may have any.
    """
    if known is None:
        return
    deletion, update = deletion_policy(stack, written), written.entries.get("update_policy")
    if isinstance(deletion, Scalar) and str(deletion.value).lower() == "snapshot":
        raise CompileError(
            "the deletion policy `snapshot` needs a cloud", deletion.span, "use `delete` or `retain`"
        )
    if update is not None:
        policies = expect_mapping(update, "`update_policy`")
        expect_keys(policies, known, "`update_policy`")
        for name, policy in policies.entries.items():
            _check_update(name, stack.scope.value(policy))


def _check_update(name: str, policy: Node) -> None:
    fields = expect_mapping(property_value("json", policy, f"`{name}`"), f"`{name}`")
    expect_keys(fields, frozenset(_UPDATES[name]), f"`{name}`")
    for key, node in fields.entries.items():
        kind, least = _UPDATES[name][key]
        amount = least if is_null(node) else plain(property_value(kind, node, f"`{key}`"))
        assert isinstance(amount, int | float)
        if amount < least:
            raise CompileError(f"`{key}` must be at least {least}, not {amount}", node.span)
