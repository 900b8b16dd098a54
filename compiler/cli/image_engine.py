"""The options that choose the engine of `heatsink images`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.options import grouped

if TYPE_CHECKING:
    from compiler.images.engines.protocol import BuildEngine

_NAMES = ("podman", "docker")  # the engines of compiler.images.engines, which takes long to import


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Which engine has the images, and where it listens."""

    engine: str
    engine_url: str | None

    def running(self) -> AbstractContextManager[BuildEngine]:
        """The engine. Raises HeatsinkError if it does not answer."""
        from compiler.images.engines import running_engine

        return running_engine(self.engine, self.engine_url)


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of EngineOptions, as its parameter `engine`."""
    options = (
        click.option(
            "--engine", type=click.Choice(_NAMES), default=_NAMES[0], show_default=True,
            help="Engine that builds and keeps images.",
        ),
        click.option(
            "--engine-url", metavar="URL",
            help="Where it listens: `unix:///PATH`, `ssh://[USER@]HOST[/PATH]`, or `tcp://` on loopback.  "
            "[default: a podman service of heatsink's own, or this machine's docker]",
        ),
    )  # fmt: skip
    return grouped(command, "engine", EngineOptions, options)
