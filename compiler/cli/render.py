"""`heatsink render`: from a TripleO tree to the tree that Heat reads."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli.command import Command
from compiler.cli.output import note, show_warnings
from compiler.diagnostics import Report, counted
from compiler.tripleo import output
from compiler.tripleo.render import rendering
from compiler.tripleo.tree import listing

_PATH = click.Path(path_type=Path)


@click.command("render", cls=Command)
@click.argument("tree", type=_PATH)
@click.option(
    "-r", "--roles-file", "roles", type=_PATH, metavar="ROLES_DATA",
    help="Roles file, from the current folder or the tree.  [default: roles_data.yaml of the tree]",
)  # fmt: skip
@click.option(
    "-n", "--networks-file", "networks", type=_PATH, metavar="NETWORK_DATA",
    help="Networks file, from the current folder or the tree.  [default: network_data.yaml of the tree]",
)  # fmt: skip
@click.option("-o", "--output", "out", type=_PATH, required=True, help="Folder for the rendered tree.")
def render(tree: Path, roles: Path | None, networks: Path | None, out: Path) -> None:
    """Copy a TripleO tree with its `*.j2.yaml` templates rendered.

    The result is that of the tree's own tools/process-templates.py. The output folder is replaced as a whole
    once everything is rendered. A folder with files that are not from a rendering of the tree is refused.
    """
    report, source = Report(), listing(tree)
    output.check(out, source)
    rendered = rendering(source, report, roles=roles, networks=networks)
    show_warnings(report)
    output.write(rendered, out)
    files = counted(len(rendered.texts), "file")
    note(f"{files} rendered, {len(rendered.copied)} copied in {out}/")
