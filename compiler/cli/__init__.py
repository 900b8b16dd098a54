"""The command line. Only this package prints and picks exit codes: data to stdout, all else to stderr."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

import click

from compiler import __version__
from compiler.diagnostics import HeatsinkError

_DEEPEST = 20_000  # frames: templates within templates, with expressions nested in each


class _Command(NamedTuple):
    module: str
    attribute: str
    help: str  # said here too, so that `heatsink --help` imports none of them


_COMMANDS = {
    "compile": _Command("compile", "compile_", "Compile roles and environments into a bundle for each host."),
    "push-artifacts": _Command("push", "push_artifacts", "Carry the bundle to the hosts and switch it on."),
    "status": _Command("status", "status", "Show what runs on the hosts."),
    "rollback": _Command("rollback", "rollback", "Return hosts to the generation before."),
    "secrets": _Command("secrets", "secrets", "Generate the secrets that a bundle needs."),
    "images": _Command("images", "images", "Build, list, render and push container images."),
    "resolve": _Command("resolve", "resolve", "Print the outputs of a HOT template."),
    "conformance": _Command("conformance", "conformance", "Compare evaluated cases with Heat's own answers."),
    "lint": _Command("lint", "lint", "Find what Heat passes over in silence."),
    "render": _Command("render", "render", "Copy a TripleO tree with its templates rendered."),
    "schema": _Command("schema", "schema", "Print the JSON Schema of an input file."),
    "lab": _Command("lab", "lab", "Boot real nodes on this machine to try a fleet on."),
}


class _LazyGroup(click.Group):
    """Imports a command's module when that command is used: `--help` imports none of the libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"compiler.cli.{entry.module}"), entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="heatsink")
def cli() -> None:
    """Compile Heat/TripleO-style templates into units that systemd runs, and push them to hosts."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, by default the process's own.

    An operator's mistake ends with a message and exit code 1, never a traceback.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEEPEST)
    try:
        cli(arguments, prog_name="heatsink")
    except HeatsinkError as error:
        click.echo(error.render(), err=True)
        sys.exit(1)
    except BrokenPipeError:  # whoever read our output went away; the interpreter must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    finally:
        sys.setrecursionlimit(before)
