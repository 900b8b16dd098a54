"""`heatsink compile`: from input files to a bundle."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from compiler import pipeline
from compiler.cli.command import Command, json_option
from compiler.cli.fleet_options import fleet_options, reading_shown
from compiler.cli.output import left_problem, note, problems_as_json, show_warnings
from compiler.diagnostics import Report, counted
from compiler.model.container import Backend
from compiler.model.inputs import Merge
from compiler.stages.bundle.tree import Changes
from compiler.stages.load.inputs import Request

_FILE = click.Path(path_type=Path)


@click.command("compile", cls=Command)
@fleet_options
@click.option("--images-lock", type=_FILE, help="File of image digests.  [default: images.lock.yaml]")
@click.option("--locked", is_flag=True, help="Treat images without a digest as errors.")
@click.option(
    "-o", "--output", type=_FILE, default=Path("build"), show_default=True, help="Folder for the bundle."
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; print what is out of date in the bundle on disk, and exit with 1 if anything is.",
)
@click.option("--strict", is_flag=True, help="Treat likely mistakes, such as unused input, as errors.")
@json_option("Print a JSON summary; errors too, to stdout.")
def compile_(
    output: Path, environments: tuple[Path, ...], backend: Backend | None, merge: Merge,
    check: bool, strict: bool, locked: bool, as_json: bool, **request: Any,
) -> None:  # fmt: skip
    """Compile roles and environments into a bundle for each host.

    Deterministic: the same input files give the same bytes. Nothing is written unless everything compiles,
    and then only files that differ.
    """
    report = Report(strict=strict)
    options = pipeline.Options(
        merge=Merge(merge), backend=Backend(backend) if backend else None, locked=locked
    )
    _suspect_repetitions(environments, report)
    wanted = Request(environments=tuple(map(str, environments)), **request)
    compilation = pipeline.compile_fleet(wanted, options, report, reading_shown())
    report.warnings += map(left_problem, pipeline.left(compilation, output))
    if not as_json:
        show_warnings(report)
    changes = pipeline.changes(compilation, output) if check else pipeline.write(compilation, output)
    if as_json:
        click.echo(json.dumps(_as_json(changes, report), indent=1))
    else:
        for line in _lines(changes) if check else ():
            click.echo(line)
        note(_summary(changes, len(compilation.bundles), output, check=check))
    if check and (changes.written or changes.removed):
        sys.exit(1)


def _suspect_repetitions(environments: tuple[Path, ...], report: Report) -> None:
    for path, times in Counter(environments).items():
        if times > 1:
            report.suspect(
                f"environment file `{path}` is passed {times} times",
                hint="pass it once, after the files that it overrides",
            )


def _lines(changes: Changes) -> Iterator[str]:
    yield from (f"would be written: {path}" for path in changes.written)
    yield from (f"would be removed: {path}" for path in changes.removed)


def _summary(changes: Changes, hosts: int, output: Path, *, check: bool) -> str:
    verb = "would be " if check else ""
    compiled = f"{counted(hosts, 'host')} compiled"
    if not (changes.written or changes.removed):
        return f"{compiled}: {output}/ is up to date ({counted(changes.unchanged, 'file')})"
    return (
        f"{compiled}: {counted(len(changes.written), 'file')} {verb}written, "
        f"{len(changes.removed)} {verb}removed, "
        f"{changes.unchanged} unchanged in {output}/"
    )


def _as_json(changes: Changes, report: Report) -> dict[str, object]:
    return {
        "written": list(changes.written),
        "removed": list(changes.removed),
        "unchanged": changes.unchanged,
        "warnings": problems_as_json(report.warnings),
        "errors": [],
    }
