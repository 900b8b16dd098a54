"""The command line. Only this package prints and sets exit codes: data to stdout, all else to stderr.

groups                   groups of commands, each command imported when it is used
options                  options that several commands take, and the warnings that they show
compile, secrets         a fleet's bundles; values of hidden parameters
push, status, rollback   what happens to bundles on hosts
selection                what these three share: choosing hosts, and showing what they do
images, lab              container images; test nodes
resolve, lint            the outputs of a template; mistakes that Heat ignores
kept_strings             random strings of `resolve` that stay the same from run to run
conformance, render      cases with the results of Heat; a TripleO tree
schema                   the JSON Schemas of input files
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from compiler import __version__
from compiler.cli.groups import LazyCommandGroup
from compiler.diagnostics import HeatsinkError

_DEEPEST = 20_000  # frames: nested templates, with nested expressions in each


_COMMANDS = {
    "compile": "compile:compile_",
    "push-artifacts": "push:push_artifacts",
    "status": "status:status",
    "rollback": "rollback:rollback",
    "secrets": "secrets:secrets",
    "images": "images:images",
    "resolve": "resolve:resolve",
    "conformance": "conformance:conformance",
    "lint": "lint:lint",
    "render": "render:render",
    "schema": "schema:schema",
    "lab": "lab:lab",
}


@click.group(
    cls=LazyCommandGroup,
    package=__name__,
    targets=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="heatsink")
def cli() -> None:
    """Compile Heat/TripleO-style templates into systemd units, and push them to hosts."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, by default that of the process.

    An operator's mistake ends with a message and exit code 1, without a traceback.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEEPEST)
    try:
        cli(arguments, prog_name="heatsink")
    except HeatsinkError as error:
        click.echo(error.render(), err=True)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has exited; Python would complain about it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    finally:
        sys.setrecursionlimit(before)
