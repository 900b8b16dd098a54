"""The options that say which hosts are compiled, and from which files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from compiler.cli.completion import complete_hosts, complete_roles
from compiler.cli.merge import merge_option
from compiler.cli.options import environment_options, identity_option
from compiler.cli.output import detail
from compiler.files import OnRead
from compiler.model.container import Backend

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)
FLEET_OPTIONS: Sequence[Callable[[Any], Any]] = (
    click.option(
        "--role", "roles", multiple=True, shell_complete=complete_roles,
        help="Only hosts of this role; repeatable.  [default: all]",
    ),
    click.option(
        "--host", "hosts", multiple=True, metavar="PATTERN", shell_complete=complete_hosts,
        help="Only hosts that match, such as `web-*` or `node[1-3,7]`; repeatable.",
    ),
    environment_options,
    click.option(
        "-r", "--roles-file", type=_FILE, metavar="ROLES_FILE",
        help="Roles file, instead of the folders `roles/`.",
    ),
    click.option("--hosts", "hosts_file", type=_FILE, help="Hosts file.  [default: hosts.yaml]"),
    click.option(
        "--templates", type=_FILE,
        help="Folder of templates that override the built-in ones.  [default: templates]",
    ),
    click.option(
        "--secrets", "secrets_file", type=_FILE,
        help="File of secret values.  [default: secrets.yaml, or secrets.yaml.age]",
    ),
    identity_option,
    click.option(
        "--backend", type=click.Choice([backend.value for backend in Backend]),
        help="Override the backend set by roles and hosts.",
    ),
    merge_option,
)  # fmt: skip


def fleet_options(command: _Decorated) -> _Decorated:
    """Give a command the options of a compile, named as the fields of `Request`, `backend` and `merge`."""
    for option in reversed(FLEET_OPTIONS):
        command = option(command)
    return command


def reading_shown() -> OnRead:
    """What prints the name of each file that is read, once, for those who ask for more."""
    seen: set[Path] = set()

    def on_read(what: str, path: Path) -> None:
        if path not in seen:
            seen.add(path)
            detail(f"{what}: {path.absolute()}")

    return on_read
