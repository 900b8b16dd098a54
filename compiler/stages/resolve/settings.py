"""The parameters that the compiler itself reads, and which parameters apply to which host."""

from __future__ import annotations

import re
from collections.abc import Mapping as AbstractMapping

from compiler import __version__
from compiler.diagnostics import CompileError, closest
from compiler.model.container import UNIT_NAME, Backend
from compiler.model.inputs import Environment, Host, Role
from compiler.model.service import ALIAS_PREFIX, OVERRIDES, HostSettings
from compiler.node import (
    Node,
    Scalar,
    expect_mapping,
    expect_sequence,
    expect_string,
)
from compiler.node.overlay import overlay


def for_role(environment: Environment, role: Role) -> dict[str, Node]:
    """The parameters of a role: its own values override those of all roles."""
    shared = environment.parameter_defaults | environment.parameters
    return overlay_parameters(overlay_parameters(shared, role.parameters), role_parameters(environment, role))


def role_parameters(environment: Environment, role: Role) -> dict[str, Node]:
    """`<Role>Parameters`."""
    name = f"{role.name}Parameters"
    node = set_in(environment, name)
    return {} if node is None else expect_mapping(node, f"`{name}`").entries


def overlay_parameters(below: dict[str, Node], above: AbstractMapping[str, Node]) -> dict[str, Node]:
    """Parameters of one level over those of a wider one; only ConfigOverrides are merged."""
    if not above:
        return below
    result = below | dict(above)
    if OVERRIDES in below and OVERRIDES in above:
        result[OVERRIDES] = overlay(below[OVERRIDES], above[OVERRIDES])
    return result


def services(environment: Environment, role: Role) -> tuple[Node, ...]:
    """The services of a role: `<Role>Services` if an environment sets it, else the role's own list."""
    name = f"{role.name}Services"
    node = set_in(environment, name)
    return role.services if node is None else tuple(expect_sequence(node, f"`{name}`").items)


def set_in(environment: Environment, name: str) -> Node | None:
    """The value of a parameter that an environment sets for all hosts."""
    return environment.parameters.get(name) or environment.parameter_defaults.get(name)


def settings(
    parameters: AbstractMapping[str, Node], role: Role, host: Host, backend: Backend | None
) -> HostSettings:
    """The settings of one host: the command line wins over the host, the role and the environment."""
    overrides = parameters.get(OVERRIDES)
    return HostSettings(
        backend=backend or host.backend or role.backend or _backend(parameters.get("ContainerBackend")),
        image_prefix=_text(parameters, "ContainerImagePrefix", "localhost/heatsink"),
        image_tag=_text(parameters, "ContainerImageTag", __version__),
        overrides=None if overrides is None else expect_mapping(overrides, f"`{OVERRIDES}`"),
        host_paths=tuple(map(_host_path, _list(parameters, "HostPaths"))),
        host_networks=tuple(expect_string(item, "a network") for item in _list(parameters, "HostNetworks")),
        alias_prefix=_alias_prefix(parameters.get(ALIAS_PREFIX)),
    )


def _list(parameters: AbstractMapping[str, Node], name: str) -> tuple[Node, ...]:
    node = parameters.get(name)
    return () if node is None else tuple(expect_sequence(node, f"`{name}`").items)


def _host_path(node: Node) -> str:
    path = expect_string(node, "a path")
    if not path.startswith("/") or "*" in path.removesuffix("/**"):
        raise CompileError(
            f"`{path}` is not a valid item of `HostPaths`",
            node.span,
            "write an absolute path, or one that ends in `/**` for all below it as well",
        )
    return path


def _alias_prefix(node: Node | None) -> str:
    if node is None:
        return ""
    prefix = expect_string(node, f"`{ALIAS_PREFIX}`")
    if not re.fullmatch(UNIT_NAME, f"{prefix}x.service"):
        raise CompileError(
            f"`{prefix}` is not a valid prefix of a unit name",
            node.span,
            "use letters, digits and `:`, `_`, `.`, `-`, such as `tripleo_`",
        )
    return prefix


def _backend(node: Node | None) -> Backend:
    if node is None:
        return Backend.PODMAN
    name = expect_string(node, "`ContainerBackend`")
    if name not in list(Backend):
        hint = closest(name, list(Backend)) or f"use one of {', '.join(Backend)}"
        raise CompileError(f"unknown backend `{name}`", node.span, hint)
    return Backend(name)


def _text(parameters: AbstractMapping[str, Node], name: str, default: str) -> str:
    node = parameters.get(name)
    if isinstance(node, Scalar) and isinstance(node.value, int | float):
        return str(node.value)
    return default if node is None else expect_string(node, f"`{name}`")
