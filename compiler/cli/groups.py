"""Groups of commands: in the order of their definition, imported when used, with hints for wrong names."""

from __future__ import annotations

import ast
import difflib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from compiler.cli.command import Command

# What users of other tools try first.
HABITS = {
    "apply": "push-artifacts",
    "build": "images build",
    "check": "compile --check",
    "create": "init",
    "deploy": "push-artifacts",
    "genconfig": "compile",
    "generate": "secrets generate",
    "genpwd": "secrets generate",
    "generations": "history",
    "help": "--help",
    "log": "history",
    "new": "init",
    "overcloud": "push-artifacts",
    "prechecks": "plan",
    "ps": "status",
    "pull": "push-artifacts",
    "push": "push-artifacts",
    "reconfigure": "push-artifacts",
    "synth": "compile",
    "undo": "rollback",
    "up": "push-artifacts",
    "upgrade": "push-artifacts",
    "validate": "lint",
    "version": "--version",
}

_UNITS = "heatsink-NAME.service"
# What a host's own programs do.
ON_HOSTS = {
    "exec": "podman exec -it NAME COMMAND",
    "logs": f"journalctl --unit {_UNITS}",
    "restart": f"systemctl restart {_UNITS}",
    "start": f"systemctl start {_UNITS}",
    "stop": f"systemctl stop {_UNITS}",
}


class CommandGroup(click.Group):
    """Commands in the order of their definition, each with the first line of its docstring."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            ctx.fail(
                " ".join((f"No such command '{name}'.", *_instead(name, known, is_top=ctx.parent is None)))
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.summary(name)) for name in self.list_commands(ctx)])

    def summary(self, name: str) -> str:
        """The first line of a command's help."""
        return _first_line(self.commands[name].help)


def _first_line(text: str | None) -> str:
    return (text or "").partition("\n")[0]


def _instead(name: str, known: Sequence[str], *, is_top: bool) -> Iterator[str]:
    """What to use in place of an unknown command, as a sentence; nothing if it is not known either."""
    if is_top and name in ON_HOSTS:
        yield f"Use '{ON_HOSTS[name]}' on the host, over ssh."
    elif suggestion := (HABITS.get(name) if is_top else None) or _closest(name, known):
        yield f"Did you mean '{suggestion}'?"


def _closest(name: str, known: Sequence[str]) -> str | None:
    """`push-artifacts` for `push`, and `status` for `satus`."""
    longer = [command for command in known if command.startswith(name)]
    return next(iter(longer or difflib.get_close_matches(name, known, n=1)), None)


class LazyCommandGroup(CommandGroup):
    """Commands by name, each as `module:function`, whose module is imported when the command is used.

    Libraries are slow to import, and `--help` needs none: it reads the docstrings from the sources.
    """

    def __init__(self, *args: Any, package: str, targets: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package
        self._targets = targets

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._targets:
            return None
        command = pkgutil.resolve_name(f"{self._package}.{self._targets[cmd_name]}")
        assert isinstance(command, click.Command)
        return command

    def summary(self, name: str) -> str:
        module, _, function = self._targets[name].partition(":")
        source = pkgutil.get_data(self._package, f"{module}.py")
        assert source is not None
        definitions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
        return _first_line(next(ast.get_docstring(node) for node in definitions if node.name == function))
