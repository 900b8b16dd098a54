"""The engines that build images, by one table: podman's and docker's SDK behind one protocol.

protocol        what an engine does   podman, docker  the engines
podman_service  podman's own service, as long as the command runs
address         where an engine listens: here, on loopback, or on another machine over ssh
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from compiler.images.engines.address import reachable
from compiler.images.engines.protocol import BuildEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """A kind of engine: its class, what runs it without a URL, and its socket on other machines."""

    connected: str
    started: str
    socket: str


_PACKAGE = "compiler.images.engines"
ENGINES: Mapping[str, EngineKind] = {
    "podman": EngineKind(
        connected=f"{_PACKAGE}.podman:PodmanEngine",
        started=f"{_PACKAGE}.podman_service:own_engine",
        socket="/run/podman/podman.sock",
    ),
    "docker": EngineKind(
        connected=f"{_PACKAGE}.docker:DockerEngine",
        started=f"{_PACKAGE}.docker:local_engine",
        socket="/var/run/docker.sock",
    ),
}
"""An engine's SDK takes half a second to import, so that only that of the chosen one is."""


@contextmanager
def running_engine(name: str = "podman", url: str | None = None) -> Iterator[BuildEngine]:
    """The engine of that name: at a URL, or the machine's own one. Raises HeatsinkError if none answers."""
    kind = ENGINES[name]
    if url is None:
        start: Callable[[], AbstractContextManager[BuildEngine]] = _loaded(kind.started)
        with start() as engine:
            yield engine
    else:
        connect: Callable[[str], BuildEngine] = _loaded(kind.connected)
        with reachable(url, kind.socket) as address:
            engine = connect(address)
            engine.check()
            yield engine


def _loaded(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
