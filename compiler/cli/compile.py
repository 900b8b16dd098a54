"""`heatsink compile`: input files to build/."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from compiler import pipeline
from compiler.cli.options import merge_option, show
from compiler.diagnostics import Report
from compiler.files import Told
from compiler.model.container import Backend
from compiler.model.stack import Merge
from compiler.stages.bundle.tree import Changes
from compiler.stages.load.inputs import Request

_FILE = click.Path(path_type=Path)


@click.command("compile")
@click.option(
    "--role", "roles", multiple=True, help="Compile the hosts of this role; repeatable. All by default."
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="PATTERN",
    help="Compile hosts of such names: `web-*`, `node[1-3,7]`; repeatable.",
)
@click.option(
    "-e", "environments", multiple=True, metavar="ENV", help="An environment file; the later ones win."
)
@click.option(
    "-r", "roles_file", type=_FILE, metavar="ROLES_FILE", help="Roles, in place of the folders `roles/`."
)
@click.option("--hosts", "hosts_file", type=_FILE, help="The hosts file.  [default: hosts.yaml]")
@click.option("--templates", type=_FILE, help="Templates over the library's.  [default: templates]")
@click.option("--secrets", "secrets_file", type=_FILE, help="Values of secrets.  [default: secrets.yaml]")
@click.option("--images-lock", type=_FILE, help="Digests of images.  [default: images.lock.yaml]")
@click.option(
    "-o", "--output", type=_FILE, default=Path("build"), show_default=True, help="Where the bundle goes."
)
@click.option(
    "--backend",
    type=click.Choice([backend.value for backend in Backend]),
    help="Overrules what roles and hosts say.",
)
@merge_option
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 if the bundle on disk is not what this makes."
)
@click.option("--strict", is_flag=True, help="Warnings about input that nothing uses are errors.")
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Say from where everything was read.")
def compile_(
    output: Path, backend: Backend | None, merge: Merge,
    check: bool, strict: bool, as_json: bool, verbose: bool, **request: Any,
) -> None:  # fmt: skip
    """Compile roles and environments into a bundle for each host.

    A pure function of its input files: the same input gives the same bytes. Nothing is written unless
    everything compiles, and then only what differs.
    """
    report = Report(strict=strict)
    options = pipeline.Options(merge=Merge(merge), backend=Backend(backend) if backend else None)
    compilation = pipeline.compile_fleet(Request(**request), options, report, _told(verbose=verbose))
    show(report)
    changes = pipeline.changes(compilation, output) if check else pipeline.write(compilation, output)
    if as_json:
        click.echo(json.dumps(_as_json(changes, report), indent=1))
    else:
        click.echo(_summary(changes, len(compilation.bundles), output, check=check), err=True)
    if check and (changes.written or changes.removed):
        sys.exit(1)


def _told(*, verbose: bool) -> Told:
    heard: set[Path] = set()

    def told(what: str, path: Path) -> None:
        if verbose and path not in heard:
            heard.add(path)
            click.echo(f"{what}: {path.absolute()}", err=True)

    return told


def _summary(changes: Changes, hosts: int, output: Path, *, check: bool) -> str:
    verb = "would be " if check else ""
    compiled = f"{hosts} host{'' if hosts == 1 else 's'} compiled"
    if not (changes.written or changes.removed):
        return f"{compiled}: {output}/ is up to date ({changes.unchanged} files)"
    return (
        f"{compiled}: {len(changes.written)} files {verb}written, {len(changes.removed)} {verb}removed, "
        f"{changes.unchanged} unchanged in {output}/"
    )


def _as_json(changes: Changes, report: Report) -> dict[str, object]:
    warnings = [
        {
            "message": warning.message,
            "place": None if warning.span is None else str(warning.span),
            "hint": warning.hint,
        }
        for warning in report.warnings
    ]
    return {
        "written": list(changes.written),
        "removed": list(changes.removed),
        "unchanged": changes.unchanged,
        "warnings": warnings,
    }
