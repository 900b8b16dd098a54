"""A service on a host after resolving: its role_data, in parts that hosts share where they can."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass

from compiler.model.container import Backend
from compiler.model.credential import SECRET_KINDS
from compiler.model.inputs import Host
from compiler.node import Node
from compiler.source import Span

OVERRIDES = "ConfigOverrides"
CONTRIBUTIONS = "service_config_settings"  # of role_data: settings of a service for the hosts of another
ALIAS_PREFIX = "ContainerUnitAliasPrefix"
_OWN = "ContainerBackend ContainerImagePrefix ContainerImageTag HostNetworks HostPaths"
OF_ROLE = ("Parameters", "Services")  # after a role's name: its own parameters, and its list of services
BY_SERVICE = ("ServiceHosts", "ServiceNodeIps", "BootstrapHosts")  # parameters with a value for each service
FACTS = frozenset(("Self", "RoleName", "RoleParameters", *BY_SERVICE))  # that the compiler supplies
OWN_PARAMETERS = frozenset(
    (*_OWN.split(), ALIAS_PREFIX, OVERRIDES, SECRET_KINDS)
)  # that the compiler itself reads


def names_file(key: str) -> bool:
    """Whether a key of a contribution is a path of `config_data`: TripleO's hieradata have no `/`."""
    return "/" in key


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One part of a service's role_data, evaluated: a container, a config file, or a whole smaller key.

    Parts are compared by identity: hosts with the same part share the object, so that every later stage does
    its work for it once.
    """

    service: str
    path: tuple[str, ...]  # its keys from role_data down, such as ("docker_config", "step_1", "memcached")
    node: Node
    place: Span  # where its last key is written
    places: tuple[tuple[str, Span], ...]  # the parameters it uses, and where each is set
    secrets: frozenset[str] = frozenset()  # that it may refer to
    shared: bool  # other hosts may have it too, so results made from it are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """The compiler's own parameters for one host."""

    backend: Backend
    image_prefix: str
    image_tag: str
    overrides: Node | None  # ConfigOverrides
    host_paths: tuple[str, ...]
    host_networks: tuple[str, ...] = ()  # that exist on the host, besides the engine's own
    alias_prefix: str = ""  # of units: `tripleo_` gives `tripleo_keystone.service`; "" gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class HostData:
    """One host with the role_data of its services, to be lowered, checked and written."""

    host: Host
    settings: HostSettings
    services: tuple[tuple[str, tuple[Part, ...]], ...]  # by service name, in the role's order
    bootstraps: frozenset[str]  # services whose first host this is
    fleet_services: frozenset[str]  # the names of all services of all roles, whether a host was chosen or not
    contributions: AbstractMapping[str, tuple[Part, ...]]  # by service: what others set for it, in the fleet
