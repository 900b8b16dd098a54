"""Groups of commands: suggestions for unknown names, and help that imports no command."""

from __future__ import annotations

import click
import pytest

from compiler.cli import cli, main


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        ("push", " Did you mean 'push-artifacts'?"),
        ("deploy", " Did you mean 'push-artifacts'?"),
        ("pull", " Did you mean 'push-artifacts'?"),
        ("logs", " Use 'journalctl --unit heatsink-NAME.service' on the host, over ssh."),
        ("stop", " Use 'systemctl stop heatsink-NAME.service' on the host, over ssh."),
        ("exec", " Use 'podman exec -it NAME COMMAND' on the host, over ssh."),
        ("genpwd", " Did you mean 'secrets generate'?"),
        ("genconfig", " Did you mean 'compile'?"),
        ("help", " Did you mean '--help'?"),
        ("satus", " Did you mean 'status'?"),
        ("images biuld", " Did you mean 'build'?"),
        ("lab quux", ""),
    ],
)
def test_unknown_command_names_the_closest_one(
    arguments: str, suggestion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    unknown = arguments.split()[-1]
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"Error: No such command '{unknown}'.{suggestion}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("compile site.yaml", "Got unexpected extra argument (site.yaml). Did you mean '-e site.yaml'?"),
        ("compile web a.yml", "Got unexpected extra arguments (web a.yml). Did you mean '-e a.yml'?"),
        ("compile web", "Got unexpected extra argument (web)"),
        ("status site.yaml", "Got unexpected extra argument (site.yaml)"),
    ],
)
def test_an_environment_is_the_value_of_an_option(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"Error: {message}\n")


def test_help_describes_each_command_as_the_command_does() -> None:
    context = click.Context(cli)
    formatter = click.HelpFormatter(width=1000)
    cli.format_commands(context, formatter)
    shown = dict(line.split(maxsplit=1) for line in formatter.getvalue().splitlines()[1:])
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    assert shown == {name: (command.help or "").split("\n")[0] for name, command in commands.items()}
