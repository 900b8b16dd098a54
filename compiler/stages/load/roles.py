"""Roles in TripleO's shape: one file a role, or one file with a list of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from compiler import files, schemas, shipped
from compiler.diagnostics import CompileError, closest
from compiler.model.container import Backend
from compiler.model.stack import Role
from compiler.node import Mapping, Node, Scalar, Sequence


def available(roles_file: Path | None) -> dict[str, Path]:
    """Role name → file: the operator's `roles/` over the shipped one, or the one file given."""
    if roles_file is not None:
        return {role.name: roles_file for role in roles(roles_file)}
    folders = (shipped.folder("roles"), Path("roles"))
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.yaml"))}


def wanted(
    names: Iterable[tuple[str, Node | None]], roles_file: Path | None, told: files.Told
) -> dict[str, Role]:
    """The roles of these names (each with the place that asks for it)."""
    files_of = available(roles_file)
    result: dict[str, Role] = {}
    for name, place in names:
        if name in result:
            continue
        if name not in files_of:
            span = place.span if place is not None else None
            hint = closest(name, files_of) or f"there are {', '.join(sorted(files_of))}"
            raise CompileError(f"there is no role `{name}`", span, hint)
        told("role", files_of[name])
        defined = {role.name: role for role in roles(files_of[name])}
        if name not in defined:
            first = next(iter(defined.values()))
            raise CompileError(
                f"`{files.short_name(files_of[name])}` defines no role `{name}`",
                first.node.span,
                "a role has the name of its file",
            )
        result[name] = defined[name]
    return result


def roles(path: Path) -> tuple[Role, ...]:
    """Every role that a file defines."""
    root = files.document(path)
    schemas.check(root, "role")
    items = root.items if isinstance(root, Sequence) else [root]
    return tuple(_role(item) for item in items if isinstance(item, Mapping))


def _role(node: Mapping) -> Role:
    name = node.entries["name"]
    services = node.entries.get("ServicesDefault")
    parameters = node.entries.get("RoleParametersDefault")
    backend = node.entries.get("ContainerBackend")
    assert isinstance(name, Scalar)
    return Role(
        name=str(name.value),
        services=tuple(services.items) if isinstance(services, Sequence) else (),
        parameters=dict(parameters.entries) if isinstance(parameters, Mapping) else {},
        backend=Backend(str(backend.value)) if isinstance(backend, Scalar) else None,
        node=name,
    )
