"""What all commands that change hosts share: how they do it."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.options import grouped

if TYPE_CHECKING:
    from compiler.deploy.activation import PushOptions
    from compiler.model.fleet import Fleet

_Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """The options of a change."""

    timeout: float
    pull_timeout: float
    settle: float
    confirm_timeout: float
    no_confirm: bool
    keep: bool
    keep_generations: int

    def options(self, build: Path, fleet: Fleet, *, taken_over: str = "") -> PushOptions:
        """The same for a push of this build."""
        from compiler.deploy.activation import PushOptions

        return PushOptions(
            steps=fleet.steps,
            timeout=self.timeout,
            pull_within=self.pull_timeout,
            settle=self.settle,
            confirm=not self.no_confirm,
            confirm_within=self.confirm_timeout,
            keep_failed=self.keep,
            keep_newest=self.keep_generations,
            name=_name(build),
            source=_commit(build),
            project=fleet.project,
            taken_over=taken_over,
        )


def changing_options(command: _Command) -> _Command:
    """Give a command the options of Changing, as its parameter `changing`."""
    seconds = click.FloatRange(min=0)
    options = (
        click.option("--timeout", type=click.FloatRange(min=1), default=900, show_default=True,
                     metavar="SECONDS", help="How long the units of one step may take to come up."),
        click.option("--pull-timeout", type=click.FloatRange(min=1), default=3600, show_default=True,
                     metavar="SECONDS", help="How long the pull of an image may take."),
        click.option("--settle", type=seconds, default=5, show_default=True, metavar="SECONDS",
                     help="How long units must stay up after the last start."),
        click.option("--confirm-timeout", type=click.FloatRange(min=10), default=60, show_default=True,
                     metavar="SECONDS",
                     help="After how long a host that hears nothing from here undoes the change."),
        click.option("--no-confirm", is_flag=True,
                     help="Do not require that a new connection is possible after the change."),
        click.option("--keep", is_flag=True,
                     help="Leave a host on which a unit does not come up as it is, to look at it."),
        click.option("--keep-generations", type=click.IntRange(min=2), default=5, show_default=True,
                     metavar="N", help="Number of generations that hosts keep."),
    )  # fmt: skip

    return grouped(command, "changing", Changing, options)


def _name(build: Path) -> str:
    """A name for what is pushed now, the same on all hosts: the time (UTC), and a digest of the bundles."""
    digest = hashlib.sha256((build / "fleet.json").read_bytes()).hexdigest()
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{digest[:8]}"


def _commit(build: Path) -> str:
    """The commit of the folder that was compiled, with `+` if files differ from it; "" without git."""
    command = ("git", "-C", str(build.absolute().parent), "describe", "--always", "--exclude=*", "--dirty=+")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
