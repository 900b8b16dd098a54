"""What the hosts of a fleet have in common, and how each evaluates the templates of its services."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from functools import partial

from compiler.diagnostics import Report
from compiler.hot.evaluation import Evaluation
from compiler.hot.loader import TemplateLoader
from compiler.hot.memo import Memo
from compiler.hot.resources import root_stack
from compiler.hot.stack import Stack
from compiler.model import secret
from compiler.model.inputs import Environment, Host, Inputs, Opener, Role
from compiler.model.random_string import STANDARD, StringRecipe
from compiler.node import Node, from_plain, mapping_of
from compiler.stages.resolve.credentials import credentials
from compiler.stages.resolve.facts import fleet_facts, self_fact
from compiler.stages.resolve.roles import RoleServices, role_services
from compiler.stages.resolve.service import Service
from compiler.stages.resolve.settings import overlay_parameters, role_parameters
from compiler.stages.resolve.unknown_services import KnownServices, on_unknown_service


def fleet_evaluation(inputs: Inputs, environment: Environment, opener: Opener, report: Report) -> Evaluation:
    """The settings of all evaluations of a fleet's templates."""
    return Evaluation(
        loader=TemplateLoader(opener),
        registry=environment.resource_registry,
        secrets=inputs.secrets,
        credentials=frozenset(name for part in credentials(environment) for name in part.secrets),
        random_strings=partial(_generated, report),
    )


def _generated(report: Report, name: str, recipe: StringRecipe) -> str:
    """The reference to a random string, a secret like any other: it is generated and kept when pushing."""
    if recipe != STANDARD:
        report.warn(
            f"`{name}` is generated as letters and digits, regardless of its properties",
            hint="to use another value, set it in secrets.yaml",
        )
    return secret.reference(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostContext:
    """How one host evaluates the templates of its services."""

    parameters: dict[str, Node]
    evaluation: Evaluation
    variants: dict[str, Node]  # its values of the parameters that differ between hosts
    memo: Memo = field(default_factory=Memo)
    _stacks: dict[str, Stack] = field(default_factory=dict)

    def stack(self, service: Service) -> Stack:
        """The stack of a service, which keeps what was evaluated."""
        if service.name not in self._stacks:
            self._stacks[service.name] = root_stack(self.evaluation, service.template, memo=self.memo)
        return self._stacks[service.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetContext:
    """What the hosts of a fleet have in common."""

    environment: Environment
    evaluation: Evaluation
    roles: AbstractMapping[str, RoleServices]
    hosts_by_service: AbstractMapping[str, tuple[Host, ...]]
    facts: AbstractMapping[str, Node]
    services: KnownServices
    _first: dict[str, HostContext] = field(default_factory=dict)  # of first hosts, which are asked twice

    def on_first_hosts(self) -> Iterator[tuple[Service, HostContext]]:
        """Each service, by name, and how its first host evaluates it."""
        for name, (first, *_) in self.hosts_by_service.items():
            if first.name not in self._first:
                self._first[first.name] = self._made(first)
            yield self.roles[first.role].service(name), self._first[first.name]

    def on(self, host: Host) -> HostContext:
        """How a host evaluates templates; of a first host, what was evaluated is handed over."""
        return self._first.pop(host.name, None) or self._made(host)

    def _made(self, host: Host) -> HostContext:
        role = self.roles[host.role]
        parameters = overlay_parameters(role.parameters, host.parameters)
        facts = {
            **self.facts,
            "Self": self_fact(host),
            "RoleName": from_plain(host.role, "<role>"),
            "RoleParameters": _role_parameters(self.environment, role.role, host),
        }
        variants = {name: facts.get(name) or parameters.get(name) for name in role.variants}
        return HostContext(
            parameters=parameters,
            evaluation=replace(self.evaluation, facts=facts, defaults=parameters, variants=role.variants),
            variants={name: node for name, node in variants.items() if node is not None},
        )


def fleet_context(
    inputs: Inputs, environment: Environment, evaluation: Evaluation, report: Report
) -> FleetContext | None:
    """What its hosts have in common. Mistakes in a role's list of services go to the report: None then."""
    roles = tuple(role_services(inputs, environment, evaluation, report))
    if report.errors:
        return None
    by_name = {role.role.name: role for role in roles}
    hosts_by_service: dict[str, list[Host]] = {}
    for host in inputs.hosts:
        for service in by_name[host.role].services:
            hosts_by_service.setdefault(service.name, []).append(host)
    sorted_hosts = {name: tuple(hosts) for name, hosts in sorted(hosts_by_service.items())}
    services = KnownServices(evaluation, frozenset(each.name for role in roles for each in role.services))
    return FleetContext(
        environment=environment,
        evaluation=replace(evaluation, on_missing_path=on_unknown_service(services, report)),
        roles=by_name,
        hosts_by_service=sorted_hosts,
        facts=fleet_facts(sorted_hosts),
        services=services,
    )


def _role_parameters(environment: Environment, role: Role, host: Host) -> Node:
    entries = overlay_parameters(role.parameters, role_parameters(environment, role))
    return mapping_of(overlay_parameters(entries, host.parameters), role.node)
