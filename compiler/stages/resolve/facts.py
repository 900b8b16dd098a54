"""What the hosts of a fleet know about one another, as values for templates."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping

from compiler.model.inputs import Host
from compiler.node import Node, Plain, from_plain

_ORIGIN = "<fleet>"
FIELDS = ("name", "address", "networks", "index", "role")  # of a host


def self_fact(host: Host) -> Node:
    """`Self`: the host as its own templates see it."""
    return from_plain(_shape(host), _ORIGIN)


def fleet_facts(hosts_of: AbstractMapping[str, tuple[Host, ...]]) -> dict[str, Node]:
    """`ServiceHosts`, `ServiceNodeIps` and `BootstrapHosts`, from the hosts of each service."""
    shapes = {id(host): _shape(host) for hosts in hosts_of.values() for host in hosts}
    by_service: dict[str, Plain] = {
        name: [shapes[id(host)] for host in hosts] for name, hosts in hosts_of.items()
    }
    addresses: dict[str, Plain] = {name: [host.address for host in hosts] for name, hosts in hosts_of.items()}
    first: dict[str, Plain] = {name: shapes[id(hosts[0])] for name, hosts in hosts_of.items() if hosts}
    return {
        "ServiceHosts": from_plain(by_service, _ORIGIN),
        "ServiceNodeIps": from_plain(addresses, _ORIGIN),
        "BootstrapHosts": from_plain(first, _ORIGIN),
    }


def _shape(host: Host) -> dict[str, Plain]:
    return {
        "name": host.name,
        "address": host.address,
        "networks": dict(host.networks),
        "index": host.index,
        "role": host.role,
    }
