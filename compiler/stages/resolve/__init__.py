"""The third stage: the services of every host, with their parameters, become role_data.

roles       the services of each role                  settings    settings and parameters of a host
service     role_data of a service, shared by hosts    facts       what hosts know about one another
role_data   its schema, checked once for equal parts   undeclared  parameters that no template declares

fleet, outputs      how each host evaluates templates; the outputs of a fleet
credentials         which secrets are key pairs and certificates
unknown_services    services that no registry has
written             parameters wherever an operator sets them
tripleo_parameters  what to use instead of TripleO's own
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from functools import partial

from compiler.diagnostics import Report
from compiler.hot.evaluation import Evaluation
from compiler.model.container import Backend
from compiler.model.inputs import Environment, Host, Inputs, Opener
from compiler.model.service import HostData, Part
from compiler.stages.resolve.fleet import FleetContext, fleet_context, fleet_evaluation
from compiler.stages.resolve.settings import settings
from compiler.stages.resolve.undeclared import report_undeclared
from compiler.stages.resolve.unknown_services import report_unknown_targets
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
    evaluation = fleet_evaluation(inputs, environment, opener, report)
    yield from _hosts(inputs, environment, evaluation, backend, report)
    evaluation.loader.conceal(written(inputs))


def _hosts(
    inputs: Inputs, environment: Environment, evaluation: Evaluation, backend: Backend | None, report: Report
) -> Iterator[HostData]:
    fleet = fleet_context(inputs, environment, evaluation, report)
    if fleet is None:
        return
    contributions = _contributions(fleet, report)
    for host in inputs.hosts:
        if host.name in inputs.chosen:
            yield from report.attempt(partial(_host, fleet, contributions, host, backend, report))
    if not report.errors:
        report_undeclared(inputs, environment, evaluation, report)


def _contributions(fleet: FleetContext, report: Report) -> dict[str, tuple[Part, ...]]:
    """By service: what others set for its hosts, whichever hosts these are on. It is as on their first host.

    Mistakes go to the report.
    """
    parts: dict[str, list[Part]] = {}
    for service, context in fleet.on_first_hosts():
        with report.collecting():
            for part in service.contributions(context.stack(service), context.variants, report):
                parts.setdefault(part.path[1], []).append(part)
    contributions = {target: tuple(of) for target, of in parts.items()}
    report_unknown_targets(contributions, fleet.services, report)
    return contributions


def _host(
    fleet: FleetContext,
    contributions: AbstractMapping[str, tuple[Part, ...]],
    host: Host,
    backend: Backend | None,
    report: Report,
) -> HostData:
    """One host. Raises CompileError with the mistakes of all its services."""
    role, context = fleet.roles[host.role], fleet.on(host)
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
