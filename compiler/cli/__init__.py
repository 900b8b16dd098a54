"""The command line. Only this package prints and sets exit codes: data to stdout, all else to stderr.

groups                   groups of commands, each command imported when it is used
command, examples        what all commands have: general options, groups in their help, examples
output                   notes, warnings, errors and tables, for terminals and for programs
completion               what the shell completes
options, merge           options that several commands take; `--merge` of those that evaluate environments
fleet_options            which hosts are compiled, and from which files
init                     a new project; the files of its example are in project/
compile, secrets         a fleet's bundles; values of hidden parameters
fleet_outputs            what services tell operators: addresses, credentials
plan, push               what a push would change, and the push
bundle                   a push in a file
status, rollback         what happens to bundles on hosts
history, diff            what was done on hosts; what lies between two generations
remove                   hosts, or a whole fleet, that are not served any more
status_output            what a status looks like
plan_output, consent     what a plan looks like; questions before a change
plan_colours             its colours
progress, log            what hosts do at the moment; what they did, in a file
selection                what these share: choosing hosts, and showing what they do
changing                 options of everything that changes hosts
secret_values            the values for a push, and what is asked before others are generated
listed_secrets           what is shown of secrets
images, lab              container images; test nodes
image_options            which images there are, and what they are called
image_selection          which of them are selected: by what a fleet deploys, or by profiles
image_engine             which engine has them
image_list, image_diff   what a list of images looks like, and what would be built
image_graph              what a graph of images looks like
image_lock               pins images of registries
image_pins               the package versions of images in the lock
image_file               files of images, from registries and into them
image_signing            their signatures, and who is trusted
signature_policy         whether a push may send or have pulled what hosts do not verify
image_build              how they are built, and the result for programs
image_progress           what builds do at the moment, and what has failed
resolve, lint            the outputs of a template; mistakes that Heat ignores
kept_strings             random strings of `resolve` that stay the same from run to run
conformance, render      cases with the results of Heat; a TripleO tree
schema                   the JSON Schemas of input files
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from compiler import __version__
from compiler.cli.command import general_options
from compiler.cli.groups import LazyCommandGroup
from compiler.cli.log import ARGUMENTS, LogClosed
from compiler.cli.output import has_colours, show_bug, show_error
from compiler.diagnostics import HeatsinkError, reason

_DEEPEST = 20_000  # frames: nested templates, with nested expressions in each


_COMMANDS = {
    "init": "init:init",
    "compile": "compile:compile_",
    "output": "fleet_outputs:output",
    "plan": "plan:plan",
    "push-artifacts": "push:push_artifacts",
    "bundle": "bundle:bundle",
    "status": "status:status",
    "history": "history:history",
    "diff": "diff:diff",
    "rollback": "rollback:rollback",
    "remove": "remove:remove",
    "destroy": "remove:destroy",
    "secrets": "secrets:secrets",
    "images": "images:images",
    "resolve": "resolve:resolve",
    "conformance": "conformance:conformance",
    "lint": "lint:lint",
    "render": "render:render",
    "schema": "schema:schema",
    "lab": "lab:lab",
}


class Program(LazyCommandGroup):
    """All commands. An operator's mistake in any of them ends with a message and exit code 1."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(general_options())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        ctx.color = None if has_colours() else False
        with LogClosed():
            try:
                return super().invoke(ctx)
            except HeatsinkError as error:
                show_error(error)
                ctx.exit(1)
            except OSError as error:
                if error.errno not in _WRONG_NAMES or error.filename is None:
                    raise
                show_error(HeatsinkError(f"`{error.filename}` is not a valid path: {reason(error)}"))
                ctx.exit(1)


_WRONG_NAMES = (errno.ENAMETOOLONG, errno.ELOOP)  # even asking whether such a file exists fails


@click.group(
    cls=Program,
    package=__name__,
    targets=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="heatsink")
def cli() -> None:
    """Compile Heat/TripleO-style templates into systemd units, and push them to hosts."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, by default that of the process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEEPEST)
    sys.excepthook = show_bug
    try:
        cli(arguments, prog_name="heatsink")
    except BrokenPipeError:  # the reader of our output has exited; Python would complain about it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    finally:
        sys.setrecursionlimit(before)
