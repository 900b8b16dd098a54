"""The services of each role: which they are, and the parameters of its hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from compiler.diagnostics import CompileError, Report
from compiler.hot.evaluation import Evaluation
from compiler.hot.registry import find_registration
from compiler.hot.resources import root_stack
from compiler.hot.template import Template
from compiler.model.inputs import NOTHING, Environment, Inputs, Role, TemplateFile
from compiler.node import Mapping, Node, expect_string
from compiler.stages.resolve.service import OUTPUT, Service, refuse_secret
from compiler.stages.resolve.settings import for_role, services


@dataclass(frozen=True, slots=True)
class RoleServices:
    """One role with its services, in its order."""

    role: Role
    parameters: dict[str, Node]  # of all its hosts, without those of a single host
    variants: frozenset[str]  # names of the parameters that differ between its hosts
    services: tuple[Service, ...]

    def service(self, name: str) -> Service:
        """The service of a name."""
        return next(service for service in self.services if service.name == name)


def role_services(
    inputs: Inputs, environment: Environment, evaluation: Evaluation, report: Report
) -> Iterator[RoleServices]:
    """Every role. Mistakes go to the report, and their roles or services are skipped."""
    for role in inputs.roles.values():
        with report.collecting():
            parameters = for_role(environment, role)
            varying = {name for host in inputs.hosts if host.role == role.name for name in host.parameters}
            yield RoleServices(
                role,
                parameters,
                frozenset({"Self", *varying, *(["RoleParameters"] if varying else [])}),
                _services(environment, role, replace(evaluation, defaults=parameters), report),
            )


def _services(
    environment: Environment, role: Role, evaluation: Evaluation, report: Report
) -> tuple[Service, ...]:
    enabled: list[Service] = []
    for alias in services(environment, role):
        with report.collecting():
            service = _service(alias, evaluation)
            if service is not None:
                _refuse_double(service, enabled)
                enabled.append(service)
    return tuple(enabled)


def _service(alias: Node, evaluation: Evaluation) -> Service | None:
    """The service of an alias in the registry; None if it is disabled there."""
    name = expect_string(alias, "a service")
    registration = find_registration(evaluation.registry, name, (), alias, what="service")
    target = registration.target
    if target == NOTHING:
        return None
    if not isinstance(target, TemplateFile):
        raise CompileError(f"service `{name}` is a `{target}`, not a template", alias.span)
    template = evaluation.loader.template(target.tree, target.path, registration.node)
    return Service(service_name(template, evaluation), template, alias)


def service_name(template: Template, evaluation: Evaluation) -> str:
    """The name that a service template gives its service."""
    stack = root_stack(evaluation, template)
    _require_output(template)
    role_data, _ = stack.scope.shallow(stack.output_node(OUTPUT, template.root))
    if not isinstance(role_data, Mapping) or "service_name" not in role_data.entries:
        raise CompileError("`role_data` has no `service_name`", role_data.span, "add `service_name: …`")
    name = stack.scope.value(role_data.entries["service_name"])
    refuse_secret(name, "`service_name`", role_data.entries["service_name"])
    return expect_string(name, "`service_name`")


def _require_output(template: Template) -> None:
    """Raise CompileError if there is no `role_data`, at the output that may be meant."""
    outputs = template.root.entries.get("outputs")
    meant = get_close_matches(OUTPUT, template.outputs, n=1)
    if OUTPUT not in template.outputs and meant and isinstance(outputs, Mapping):
        raise CompileError(
            f"`{template.file}` has no output `{OUTPUT}`",
            outputs.key_span(meant[0]),
            f"rename `{meant[0]}` to `{OUTPUT}`",
        )


def _refuse_double(service: Service, others: Iterable[Service]) -> None:
    for other in others:
        if service.name == other.name:
            raise CompileError(
                f"two services of one role are named `{service.name}`",
                service.alias.span,
                f"the other is at {other.alias.span.place}",
            )
