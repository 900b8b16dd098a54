"""The third stage: the services of every host, with their parameters, become role_data.

roles       the services of each role                  settings    settings and parameters of a host
service     role_data of a service, shared by hosts    facts       what hosts know about one another
role_data   its schema, checked once for equal parts   undeclared  parameters that no template declares

credentials         which secrets are key pairs and certificates
unknown_services    services that no registry has
written             parameters wherever an operator sets them
tripleo_parameters  what to use instead of TripleO's own
"""

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
from compiler.model.container import Backend
from compiler.model.inputs import Environment, Host, Inputs, Opener, Role
from compiler.model.random_string import STANDARD, StringRecipe
from compiler.model.service import HostData, Part
from compiler.node import Node, from_plain, mapping_of
from compiler.stages.resolve.credentials import credentials
from compiler.stages.resolve.facts import fleet_facts, self_fact
from compiler.stages.resolve.roles import RoleServices, role_services
from compiler.stages.resolve.service import Service
from compiler.stages.resolve.settings import overlay_parameters, role_parameters, settings
from compiler.stages.resolve.undeclared import report_undeclared
from compiler.stages.resolve.unknown_services import (
    KnownServices,
    on_unknown_service,
    report_unknown_targets,
)
from compiler.stages.resolve.written import written

__all__ = ["resolve"]


def resolve(
    inputs: Inputs, environment: Environment, opener: Opener, backend: Backend | None, report: Report
) -> Iterator[HostData]:
    """Every chosen host with the role_data of its services, in the order of the hosts file.

    Mistakes go to the report, and their hosts are skipped; one in a role's list of services skips all hosts.
    At the end, if there is no mistake, parameters that no template declares are reported. No message shows a
    line with a hidden value then.
    """
    evaluation = Evaluation(
        loader=TemplateLoader(opener),
        registry=environment.resource_registry,
        secrets=inputs.secrets,
        credentials=frozenset(name for part in credentials(environment) for name in part.secrets),
        random_strings=partial(_generated, report),
    )
    yield from _hosts(inputs, environment, evaluation, backend, report)
    evaluation.loader.conceal(written(inputs))


def _hosts(
    inputs: Inputs, environment: Environment, evaluation: Evaluation, backend: Backend | None, report: Report
) -> Iterator[HostData]:
    roles = tuple(role_services(inputs, environment, evaluation, report))
    if report.errors:
        return
    fleet = _fleet(inputs, environment, evaluation, roles, report)
    contributions = _contributions(fleet, report)
    for host in inputs.hosts:
        if host.name in inputs.chosen:
            yield from report.attempt(partial(_host, fleet, contributions, host, backend, report))
    if not report.errors:
        report_undeclared(inputs, environment, evaluation, report)


def _generated(report: Report, name: str, recipe: StringRecipe) -> str:
    """The reference to a random string, a secret like any other: it is generated and kept when pushing."""
    if recipe != STANDARD:
        report.warn(
            f"`{name}` is generated as letters and digits, regardless of its properties",
            hint="to use another value, set it in secrets.yaml",
        )
    return secret.reference(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FleetContext:
    """What the hosts of a fleet have in common."""

    environment: Environment
    evaluation: Evaluation
    roles: AbstractMapping[str, RoleServices]
    hosts_by_service: AbstractMapping[str, tuple[Host, ...]]
    facts: AbstractMapping[str, Node]
    services: KnownServices


def _fleet(
    inputs: Inputs,
    environment: Environment,
    evaluation: Evaluation,
    roles: tuple[RoleServices, ...],
    report: Report,
) -> _FleetContext:
    by_name = {role.role.name: role for role in roles}
    hosts_by_service: dict[str, list[Host]] = {}
    for host in inputs.hosts:
        for service in by_name[host.role].services:
            hosts_by_service.setdefault(service.name, []).append(host)
    sorted_hosts = {name: tuple(hosts) for name, hosts in sorted(hosts_by_service.items())}
    used = frozenset(service.name for role in roles for service in role.services)
    services = KnownServices(evaluation, used)
    return _FleetContext(
        environment=environment,
        evaluation=replace(evaluation, on_missing_path=on_unknown_service(services, report)),
        roles=by_name,
        hosts_by_service=sorted_hosts,
        facts=fleet_facts(sorted_hosts),
        services=services,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _HostContext:
    """How one host evaluates the templates of its services."""

    parameters: dict[str, Node]
    evaluation: Evaluation
    variants: dict[str, Node]  # its values of the parameters that differ between hosts
    memo: Memo = field(default_factory=Memo)

    def stack(self, service: Service) -> Stack:
        """The stack of a service."""
        return root_stack(self.evaluation, service.template, memo=self.memo)


def _context(fleet: _FleetContext, host: Host) -> _HostContext:
    role = fleet.roles[host.role]
    parameters = overlay_parameters(role.parameters, host.parameters)
    facts = {
        **fleet.facts,
        "Self": self_fact(host),
        "RoleName": from_plain(host.role, "<role>"),
        "RoleParameters": _role_parameters(fleet.environment, role.role, host),
    }
    evaluation = replace(fleet.evaluation, facts=facts, defaults=parameters, variants=role.variants)
    variants = {name: facts.get(name) or parameters.get(name) for name in role.variants}
    known = {name: node for name, node in variants.items() if node is not None}
    return _HostContext(parameters=parameters, evaluation=evaluation, variants=known)


def _contributions(fleet: _FleetContext, report: Report) -> dict[str, tuple[Part, ...]]:
    """By service: what others set for its hosts, whichever hosts these are on. It is as on their first host.

    Mistakes go to the report.
    """
    contexts: dict[str, _HostContext] = {}
    parts: dict[str, list[Part]] = {}
    for name, (first, *_) in fleet.hosts_by_service.items():
        with report.collecting():
            context = contexts.get(first.name) or contexts.setdefault(first.name, _context(fleet, first))
            service = fleet.roles[first.role].service(name)
            for part in service.contributions(context.stack(service), context.variants, report):
                parts.setdefault(part.path[1], []).append(part)
    contributions = {service: tuple(of) for service, of in parts.items()}
    report_unknown_targets(contributions, fleet.services, report)
    return contributions


def _host(
    fleet: _FleetContext,
    contributions: AbstractMapping[str, tuple[Part, ...]],
    host: Host,
    backend: Backend | None,
    report: Report,
) -> HostData:
    """One host. Raises CompileError with the mistakes of all its services."""
    role, context = fleet.roles[host.role], _context(fleet, host)
    resolved, mistakes = [], Report()
    for service in role.services:
        with mistakes.collecting():
            parts = service.parts(context.stack(service), context.variants, report)
            resolved.append((service.name, parts))
    mistakes.check()
    return HostData(
        host=host,
        settings=settings(context.parameters, role.role, host, backend),
        services=tuple(resolved),
        bootstraps=frozenset(
            name for name, hosts in fleet.hosts_by_service.items() if hosts[0].name == host.name
        ),
        fleet_services=fleet.services.used,
        contributions=contributions,
    )


def _role_parameters(environment: Environment, role: Role, host: Host) -> Node:
    entries = overlay_parameters(role.parameters, role_parameters(environment, role))
    return mapping_of(overlay_parameters(entries, host.parameters), role.node)
