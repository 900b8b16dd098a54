"""Sessions with many hosts at once: the same action on each; those that fail are left out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

from compiler.deploy.errors import DeployError
from compiler.deploy.session import OnProgress, Session
from compiler.deploy.transport import PULSE, Transport

T = TypeVar("T")


class Sessions:
    """The sessions with hosts that have not failed. Each action on all of them ends in a barrier."""

    def __init__(
        self, transports: Mapping[str, Transport], *, parallel: int, on_progress: OnProgress
    ) -> None:
        self.by_host = {host: Session(host, transport, on_progress) for host, transport in transports.items()}
        self.errors: dict[str, DeployError] = {}
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="host")
        self._ended = threading.Event()

    def map(self, act: Callable[[Session], T]) -> dict[str, T]:
        """Run `act` on every session, at most `parallel` at a time; host → what it returned."""
        futures = {host: self._pool.submit(act, session) for host, session in self.by_host.items()}
        results = {host: self._result(host, future) for host, future in futures.items()}
        return {host: result[0] for host, result in results.items() if result}

    def release(self, word: str | int) -> None:
        """Release all hosts into the next phase: all of them work, however few are read at a time."""
        self.map(lambda session: session.send({"go": word}))

    def close(self, hosts: Iterable[str]) -> None:
        """Close the sessions with some hosts."""
        for host in hosts:
            self.by_host.pop(host).close()

    def _result(self, host: str, future: Future[T]) -> tuple[T] | None:
        try:
            return (future.result(),)
        except DeployError as error:
            self.errors[host] = error
            self.close((host,))
            return None

    def _pulse(self) -> None:
        """Ping every host from time to time, each in its own thread: one may be stuck."""
        pings: dict[str, threading.Thread] = {}
        while not self._ended.wait(PULSE):
            for host, session in list(self.by_host.items()):
                if host not in pings or not pings[host].is_alive():
                    pings[host] = threading.Thread(target=session.ping, daemon=True)
                    pings[host].start()

    def __enter__(self) -> Sessions:
        threading.Thread(target=self._pulse, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._pool.shutdown(wait=kind is None, cancel_futures=True)
        self.close(tuple(self.by_host))
