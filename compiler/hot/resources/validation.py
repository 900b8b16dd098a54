"""What Heat validates before it creates a stack."""

from __future__ import annotations

from compiler.diagnostics import CompileError
from compiler.hot.resources.order import check_order
from compiler.hot.stack import Stack
from compiler.node import Mapping, Scalar, expect_keys, expect_mapping


def check(stack: Stack) -> None:
    """Validate parameters, conditions, resources and outputs, as Heat does before it creates a stack."""
    template = stack.template
    for name, declaration in template.parameters.items():
        stack.parameter(name, declaration.node)
    for name, node in template.conditions.items():
        stack.check_condition(name, node)
    for name, output in template.outputs.items():
        if stack.has_value(name):
            stack.scope.check(output.entries["value"])
    resources = {name: stack.resource(name, written) for name, written in template.resources.items()}
    for name, written in template.resources.items():
        resource = resources[name]
        for field in ("properties", "metadata", "update_policy"):
            if field in written.entries:
                refers = resource is not None and resource.policies is not None
                stack.scope.check(written.entries[field], refers=refers)
    check_order(stack, [name for name, resource in resources.items() if resource is not None])
    for name, resource in resources.items():
        if resource is not None:
            _check_policies(template.resources[name], resource.policies)
            resource.check()


def _check_policies(written: Mapping, known: frozenset[str] | None) -> None:
    """Refuse policies that only some resources support: updates, and snapshots on deletion."""
    if known is None:
        return
    deletion, update = (written.entries.get(name) for name in ("deletion_policy", "update_policy"))
    if isinstance(deletion, Scalar) and str(deletion.value).lower() == "snapshot":
        raise CompileError(
            "the deletion policy `snapshot` needs a cloud", deletion.span, "use `delete` or `retain`"
        )
    if update is not None:
        expect_keys(expect_mapping(update, "`update_policy`"), known, "`update_policy`")
