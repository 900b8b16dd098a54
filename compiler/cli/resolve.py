"""`heatsink resolve`: the outputs of a template."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from compiler import files
from compiler.cli.command import Command, json_option
from compiler.cli.kept_strings import KeptStrings
from compiler.cli.merge import merge_option
from compiler.cli.options import environment_options, secrets_option
from compiler.cli.output import Cell, note, show_table, show_warnings
from compiler.diagnostics import HeatsinkError, Report, counted
from compiler.files.secrets import SecretsFile
from compiler.heat import evaluation
from compiler.heat.missing import MissingParameter, missing_parameters
from compiler.hot.evaluation import StackIdentity
from compiler.model.inputs import Merge
from compiler.node import Plain, plain

_FILE = click.Path(path_type=Path)


@click.command("resolve", cls=Command)
@click.argument("template", type=_FILE)
@environment_options
@click.option(
    "-P", "parameters", multiple=True, metavar="NAME=VALUE", help="Value of a parameter; repeatable."
)
@click.option(
    "--properties", type=_FILE, metavar="FILE",
    help="JSON file of the properties that a parent would pass; undeclared ones are ignored.",
)  # fmt: skip
@click.option("--output", metavar="NAME", help="Print this output alone; only what it needs is evaluated.")
@merge_option
@secrets_option("File that keeps the strings of OS::Heat::RandomString; missing ones are generated.")
@click.option(
    "--stack-name",
    metavar="NAME",
    default=StackIdentity().name,
    show_default=True,
    help="Value of OS::stack_name.",
)
@click.option("--strict", is_flag=True, help="Treat resource types that need a cloud as errors.")
@click.option(
    "--missing",
    is_flag=True,
    help="List the parameters that need a value instead; exit code 1 if there are any.",
)
@json_option("With --missing, print JSON; errors too, to stdout.")
def resolve(
    template: Path, environments: tuple[Path, ...], parameters: tuple[str, ...], properties: Path | None,
    output: str | None, merge: str, file: SecretsFile, stack_name: str,
    strict: bool, missing: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print the outputs of a HOT template as JSON, as Heat evaluates them.

    Needs no Heat and no cloud. Resource types that need a cloud are stubs: their attributes are null.
    """
    request = evaluation.EvaluationRequest(
        template=template,
        environments=environments,
        parameters=dict(map(_parameter, parameters)),
        properties=None if properties is None else _properties(properties),
        merge=Merge(merge),
        identity=StackIdentity(name=stack_name),
        validates=output is None,
    )
    if missing:
        _list_missing(request, Report(strict=strict), output, as_json=as_json)
    else:
        _print_outputs(request, output, file, strict=strict)


def _print_outputs(
    request: evaluation.EvaluationRequest, output: str | None, file: SecretsFile, *, strict: bool
) -> None:
    with _gc_paused():
        outputs, report, strings = _evaluated(request, output, file, strict=strict)
        if not strings.keep():  # another command wrote some of them first: evaluate with those
            outputs, report, strings = _evaluated(request, output, file, strict=strict)
            strings.keep()
    show_warnings(report)
    click.echo(json.dumps(outputs, indent=1))


def _list_missing(
    request: evaluation.EvaluationRequest, report: Report, output: str | None, *, as_json: bool
) -> None:
    with _gc_paused():
        parameters = missing_parameters(request, report, output)
    show_warnings(report)
    if as_json:
        click.echo(json.dumps([parameter.plain for parameter in parameters], indent=1))
    elif parameters:
        show_table(("parameter", "type", "declared at", "description"), map(_row, parameters))
    note(f"{counted(len(parameters), 'parameter')} without a value")
    report.check()
    sys.exit(1 if parameters else 0)


def _row(parameter: MissingParameter) -> list[Cell]:
    first, *others = parameter.places
    kind = f"{parameter.type}, hidden" if parameter.hidden else parameter.type
    place = f"{first.place} and {len(others)} more" if others else first.place
    cells = (parameter.name, kind, place, parameter.description.partition("\n")[0])
    return [Cell(text) for text in cells]


def _evaluated(
    request: evaluation.EvaluationRequest, output: str | None, file: SecretsFile, *, strict: bool
) -> tuple[Plain, Report, KeptStrings]:
    """All outputs or the one of that name, with the strings that they needed."""
    report, strings = Report(strict=strict), KeptStrings(file)
    root = evaluation.evaluate(request, report, random_strings=strings)
    outputs = evaluation.outputs(root, report) if output is None else evaluation.output(root, output, report)
    return outputs, report, strings


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Pause the garbage collector: almost everything survives, and collecting takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # never collect what exists by now
        gc.enable()


def _parameter(argument: str) -> tuple[str, Plain]:
    """`NAME=VALUE`, as for Heat's client: the value is text, which the parameter's type interprets."""
    name, sign, value = argument.partition("=")
    if not sign or not name:
        raise HeatsinkError(f"`-P {argument}` is not valid", hint="use `-P NAME=VALUE`")
    return name, value


def _properties(path: Path) -> dict[str, Plain]:
    root = files.mapping(path, "properties")
    properties = plain(root)
    assert isinstance(properties, dict)
    return properties
