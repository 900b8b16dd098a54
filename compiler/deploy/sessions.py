"""Many hosts at once: the same act on each, and those that fail fall out while the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

from compiler.deploy.errors import DeployError
from compiler.deploy.protocol import OnProgress, Session
from compiler.deploy.transport import Transport

T = TypeVar("T")


class Sessions:
    """The hosts that are still with us. What is done to all is a phase, and its end is the barrier."""

    def __init__(
        self, transports: Mapping[str, Transport], *, parallel: int, on_progress: OnProgress
    ) -> None:
        self.by_host = {host: Session(host, transport, on_progress) for host, transport in transports.items()}
        self.errors: dict[str, DeployError] = {}
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="host")

    def map(self, act: Callable[[Session], T]) -> dict[str, T]:
        """Host → what `act` returned, when it has returned for all. At most `parallel` run at once."""
        futures = {host: self._pool.submit(act, session) for host, session in self.by_host.items()}
        results = {host: self._result(host, future) for host, future in futures.items()}
        return {host: result[0] for host, result in results.items() if result}

    def release(self, word: str | int) -> None:
        """Give all the word to go on: they all work, however few are listened to at a time."""

        self.map(lambda session: session.send({"go": word}))

    def close(self, hosts: Iterable[str]) -> None:
        """Be done with some hosts."""
        for host in hosts:
            self.by_host.pop(host).close()

    def _result(self, host: str, future: Future[T]) -> tuple[T] | None:
        try:
            return (future.result(),)
        except DeployError as error:
            self.errors[host] = error
            self.close((host,))
            return None

    def __enter__(self) -> Sessions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=True)
        self.close(tuple(self.by_host))
