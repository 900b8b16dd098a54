"""What resolving makes of a service on a host: its role_data, in parts that hosts share where they can."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.model.container import Backend
from compiler.model.stack import Host
from compiler.node import Node
from compiler.source import Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One part of a service's role_data, evaluated: a container, a config file, or a whole smaller key.

    Parts are compared by identity: hosts for which a part came out the same hold the same object, so that
    every later stage does its work for it once.
    """

    service: str
    path: tuple[str, ...]  # its keys from role_data down, such as ("docker_config", "step_1", "memcached")
    node: Node
    place: Span  # where its last key is written
    places: tuple[tuple[str, Span], ...]  # the parameters it came from, and where each got its value
    hidden: bool  # a hidden parameter's value stands in it in plain sight
    shared: bool  # other hosts may hold it too, so what is made of it is worth keeping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the compiler's own parameters say for one host."""

    backend: Backend
    image_prefix: str
    image_tag: str
    overrides: Node | None  # ConfigOverrides
    host_paths: tuple[str, ...]
    alias_prefix: str = ""  # of units: `tripleo_` gives `tripleo_keystone.service`; "" gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class HostData:
    """One host with everything its services say; what is left is to lower, check and spell it."""

    host: Host
    settings: Settings
    services: tuple[tuple[str, tuple[Part, ...]], ...]  # by service name, in the role's order
    bootstraps: frozenset[str]  # services whose first host this is
    fleet_services: frozenset[str]  # the names of all services of all roles, whether a host was chosen or not
