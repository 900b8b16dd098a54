"""`heatsink render`: a TripleO tree to the tree that Heat reads."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli.options import show
from compiler.diagnostics import Report
from compiler.tripleo import output
from compiler.tripleo.render import rendering
from compiler.tripleo.tree import listing

_PATH = click.Path(path_type=Path)


@click.command("render")
@click.argument("tree", type=_PATH)
@click.option(
    "-r", "roles", type=_PATH, metavar="ROLES_DATA",
    help="Roles, from here or else from the tree.  [default: roles_data.yaml of the tree]",
)  # fmt: skip
@click.option(
    "-n", "networks", type=_PATH, metavar="NETWORK_DATA",
    help="Networks, from here or else from the tree.  [default: network_data.yaml of the tree]",
)  # fmt: skip
@click.option("-o", "--output", "out", type=_PATH, required=True, help="Where the rendered tree goes.")
def render(tree: Path, roles: Path | None, networks: Path | None, out: Path) -> None:
    """Copy a TripleO tree with its `*.j2.yaml` rendered with roles and networks.

    The result is that of the tree's own tools/process-templates.py. The folder is replaced as a whole, once
    all is rendered; one that holds anything that no rendering of this tree makes is left alone.
    """
    report, source = Report(), listing(tree)
    output.check(out, source)
    rendered = rendering(source, report, roles=roles, networks=networks)
    show(report)
    output.write(rendered, out)
    files = "file" if len(rendered.texts) == 1 else "files"
    click.echo(f"{len(rendered.texts)} {files} rendered, {len(rendered.copied)} copied in {out}/", err=True)
