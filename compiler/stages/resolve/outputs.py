"""The outputs of a fleet: what services' templates have beside `role_data`, on the first host of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from compiler.diagnostics import HeatsinkError, Report, closest
from compiler.hot.stack import Stack
from compiler.model.inputs import Environment, Inputs, Opener
from compiler.model.output import FleetOutput
from compiler.node import Mapping, plain
from compiler.stages.resolve.fleet import FleetContext, fleet_context, fleet_evaluation
from compiler.stages.resolve.service import OUTPUT
from compiler.stages.resolve.written import written


class _Declaration(NamedTuple):
    name: str
    stack: Stack


def fleet_outputs(
    inputs: Inputs, environment: Environment, opener: Opener, report: Report, name: str | None = None
) -> tuple[FleetOutput, ...]:
    """The outputs of the services of the chosen hosts, by name; with `name` that one alone is evaluated.

    One whose condition is false does not exist. Two services may have an output of one name with one value.
    Raises HeatsinkError with every mistake, or if there is no output of the name.
    """
    evaluation = fleet_evaluation(inputs, environment, opener, report)
    fleet = fleet_context(inputs, environment, evaluation, report)
    declared = () if fleet is None else tuple(_declared(fleet, inputs.chosen, report))
    wanted = [each for each in declared if name in (None, each.name)]
    outputs = [output for each in wanted for output in report.attempt(partial(_output, each))]
    evaluation.loader.conceal(written(inputs))
    _refuse_different(outputs, report)
    report.check()
    if name is not None and not outputs:
        raise _unknown(name, {each.name for each in declared})
    by_name = {output.name: output for output in outputs}
    return tuple(by_name[each] for each in sorted(by_name))


def _declared(fleet: FleetContext, chosen: frozenset[str], report: Report) -> Iterator[_Declaration]:
    for service, context in fleet.on_first_hosts():
        if chosen.isdisjoint(host.name for host in fleet.hosts_by_service[service.name]):
            continue
        stack = context.stack(service)
        for name in (name for name in service.template.outputs if name != OUTPUT):
            with report.collecting():
                if stack.has_value(name):
                    yield _Declaration(name, stack)


def _output(declaration: _Declaration) -> FleetOutput:
    name, template = declaration.name, declaration.stack.template
    section, entry = template.root.entries["outputs"], template.outputs[name]
    assert isinstance(section, Mapping)
    description = entry.entries.get("description")
    return FleetOutput(
        name=name,
        description="" if description is None else str(plain(description)).strip(),
        value=declaration.stack.output(name, template.root),
        place=section.key_span(name),
    )


def _refuse_different(outputs: Iterable[FleetOutput], report: Report) -> None:
    first: dict[str, FleetOutput] = {}
    for output in outputs:
        other = first.setdefault(output.name, output)
        if repr(plain(output.value)) != repr(plain(other.value)):
            report.error(
                f"two services have an output `{output.name}` with different values",
                output.place,
                f"rename one of them; the other is at {other.place.place}",
            )


def _unknown(name: str, names: set[str]) -> HeatsinkError:
    known = f"the outputs are {', '.join(sorted(names))}" if names else "no service of the fleet has outputs"
    return HeatsinkError(f"the fleet has no output `{name}`", hint=closest(name, names) or known)
