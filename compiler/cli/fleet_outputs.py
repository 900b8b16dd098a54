"""`heatsink output`: what the services of a fleet tell operators."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import click

from compiler import pipeline
from compiler.cli.command import Command, json_option
from compiler.cli.completion import beginning
from compiler.cli.fleet_options import fleet_options, reading_shown
from compiler.cli.output import Cell, note, show_table, show_warnings
from compiler.diagnostics import HeatsinkError, Problem, Report
from compiler.files.secrets import SecretsFile, usual_path
from compiler.model.inputs import Merge
from compiler.model.output import MASK, FleetOutput
from compiler.node import Plain
from compiler.stages.emit.config import yaml
from compiler.stages.load.inputs import Request

_WIDEST = 60  # characters of a value in the table


def _complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    with suppress(HeatsinkError):
        return beginning(incomplete, (each.name for each in _stages(context.params, Report()).outputs()))
    return []


@click.command("output", cls=Command)
@click.argument("name", required=False, shell_complete=_complete)
@fleet_options
@click.option("--show-secrets", is_flag=True, help="Show the values of secrets too, from the secrets file.")
@json_option("Print JSON; errors too, to stdout.")
def output(name: str | None, show_secrets: bool, as_json: bool, **parameters: Any) -> None:
    """Print the outputs of the fleet, or the value of one.

    Services declare outputs in their templates, beside `role_data`. They are evaluated from the same files as
    by `heatsink compile`; no host is asked. Text is printed as it is, any other value as YAML.
    """
    report = Report()
    stages = _stages(parameters, report)
    outputs = stages.outputs(name)
    show_warnings(report)
    secrets = _Secrets(
        SecretsFile(parameters["secrets_file"] or usual_path(), parameters["identities"]),
        frozenset(credential.public for credential in stages.credentials),
        are_shown=show_secrets,
    )
    secrets.check(outputs)
    values = {each.name: secrets.value(each) for each in outputs}
    if name is not None:
        _print(values[name], as_json=as_json)
        if MASK in _json(values[name]):
            note("to print secrets, use `--show-secrets`")
    elif as_json:
        rows: list[Plain] = [
            {"name": each.name, "description": each.description, "value": values[each.name]}
            for each in outputs
        ]
        click.echo(_json(rows))
    else:
        show_table(("name", "description", "value"), (_row(each, values[each.name]) for each in outputs))


def _stages(parameters: Mapping[str, Any], report: Report) -> pipeline.Stages:
    """The stages of the request that the options of a fleet make."""
    fields = {
        field.name: parameters[field.name]
        for field in dataclasses.fields(Request)
        if field.name in parameters
    }
    request = Request(**{**fields, "environments": tuple(map(str, parameters["environments"]))})
    options = pipeline.Options(merge=Merge(parameters["merge"]))
    return pipeline.stages(request, options, report, reading_shown())


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Which secrets are shown, and their values."""

    file: SecretsFile
    public: frozenset[str]  # certificates and public keys, which are in the file too and no secret
    are_shown: bool = field(kw_only=True)

    def check(self, outputs: Iterable[FleetOutput]) -> None:
        """Raise HeatsinkError with every secret to show that has no value."""
        needed = {name: output for output in outputs for name in output.secrets if self.are_shown}
        known = self.file.values() if needed else {}
        if missing := sorted(needed.keys() - known.keys()):
            raise HeatsinkError.of(
                Problem(
                    f"output `{needed[name].name}`: `{name}` has no value in `{self.file.path}`",
                    hint="the first push generates it; `heatsink secrets fetch` brings back what hosts have",
                )
                for name in missing
            )

    def value(self, output: FleetOutput) -> Plain:
        """The value of an output as it is shown."""
        values = self.file.values() if output.secrets else {}
        if self.are_shown:
            return output.revealed(values)
        return output.masked({name: values[name] for name in values.keys() & self.public})


def _row(output: FleetOutput, value: Plain) -> list[Cell]:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    lines = text.strip().splitlines() or [""]
    is_cut = len(lines) > 1 or len(lines[0]) > _WIDEST
    return [
        Cell(output.name),
        Cell(output.description.partition("\n")[0]),
        Cell(f"{lines[0][: _WIDEST - 1]}…" if is_cut else lines[0]),
    ]


def _print(value: Plain, *, as_json: bool) -> None:
    text = _json(value) if as_json else value if isinstance(value, str) else yaml(value)
    click.echo(text, nl=not text.endswith("\n"))


def _json(value: Plain) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
