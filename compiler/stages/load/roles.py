"""Roles in TripleO's shape: one file a role, or one file with a list of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from compiler import files, schemas, shipped
from compiler.diagnostics import CompileError, Report, closest
from compiler.model.container import Backend
from compiler.model.inputs import Role
from compiler.node import Mapping, Node, Scalar, Sequence


def available(roles_file: Path | None) -> dict[str, Path]:
    """Role name → file: the operator's `roles/` over the shipped one, or those of the roles file."""
    if roles_file is not None:
        return {role.name: roles_file for role in roles(roles_file)}
    folders = (shipped.folder("roles"), Path("roles"))
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.yaml"))}


def wanted(
    names: Iterable[tuple[str, Node | None]], roles_file: Path | None, mistakes: Report, on_read: files.OnRead
) -> dict[str, Role]:
    """The roles of these names, each with the place that asks for it; those with mistakes are reported."""
    places: dict[str, Node | None] = {}
    for name, place in names:
        places.setdefault(name, place)
    result: dict[str, Role] = {}
    with mistakes.collecting():
        files_of = available(roles_file)
        for name, place in places.items():
            with mistakes.collecting():
                result[name] = _defined(name, place, files_of, on_read)
    return result


def named(names: Iterable[str], roles_file: Path | None) -> dict[str, Role]:
    """The roles that a command line names. Raises CompileError with every mistake."""
    mistakes = Report()
    result = wanted([(name, None) for name in names], roles_file, mistakes, files.ignore_read)
    mistakes.check()
    return result


def _defined(name: str, place: Node | None, files_of: dict[str, Path], on_read: files.OnRead) -> Role:
    if name not in files_of:
        span = place.span if place is not None else None
        hint = closest(name, files_of) or f"roles: {', '.join(sorted(files_of))}"
        raise CompileError(f"there is no role `{name}`", span, hint)
    on_read("role", files_of[name])
    defined = {role.name: role for role in roles(files_of[name])}
    if name not in defined:
        first = next(iter(defined.values()))
        raise CompileError(
            f"`{files.short_name(files_of[name])}` does not define the role `{name}`",
            first.node.span,
            "a role file is named after its role",
        )
    return defined[name]


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
    count, hostname = node.entries.get("CountDefault"), node.entries.get("HostnameFormatDefault")
    assert isinstance(name, Scalar)
    return Role(
        name=str(name.value),
        services=tuple(services.items) if isinstance(services, Sequence) else (),
        parameters=dict(parameters.entries) if isinstance(parameters, Mapping) else {},
        backend=Backend(str(backend.value)) if isinstance(backend, Scalar) else None,
        count=int(str(count.value)) if isinstance(count, Scalar) else 1,
        hostname_format=(
            str(hostname.value)
            if isinstance(hostname, Scalar)
            else f"%stackname%-{str(name.value).lower()}-%index%"  # as in TripleO
        ),
        node=name,
    )
