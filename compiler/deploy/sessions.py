"""Sessions with many hosts at once: the same action on each; those that fail are left out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from itertools import islice
from types import TracebackType
from typing import TypeVar

from compiler.deploy.errors import DeployError
from compiler.deploy.session import OnProgress, Session
from compiler.deploy.transport import PULSE, Transport

T = TypeVar("T")

PATIENCE = 20.0  # seconds that half of the hosts wait for the others while nothing is changed


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
        return self._results(futures)

    def ask(self, question: Callable[[Session], T]) -> dict[str, T]:
        """`map` for all that is wanted of each host: its connection is closed as soon as it has answered."""

        def once(session: Session) -> T:
            try:
                return question(session)
            finally:
                session.close()

        return self.map(once)

    def map_without_slow(self, act: Callable[[Session], T], patience: float = PATIENCE) -> dict[str, T]:
        """`map`, but the slow are left out: those that take `patience` seconds longer than half of the hosts
        have taken twice. One host alone may take its time."""
        began = time.monotonic()
        futures = {host: self._pool.submit(act, session) for host, session in self.by_host.items()}
        for _ in islice(as_completed(futures.values()), max(1, len(futures) // 2)):
            continue
        wait(futures.values(), time.monotonic() - began + patience)
        slow = [host for host, future in futures.items() if not future.done()]
        for host in slow:
            self.by_host[host].close()  # which ends what its thread waits for
        results = self._results(futures)
        for host in slow:
            self.by_host.pop(host, None)
            self.errors[host] = _too_slow(host)
        return {host: result for host, result in results.items() if host not in slow}

    def release(self, word: str | int) -> None:
        """Release all hosts into the next phase: all of them work, however few are read at a time."""
        self.map(lambda session: session.send({"go": word}))

    def close(self, hosts: Iterable[str]) -> None:
        """Close the sessions with some hosts."""
        for host in hosts:
            self.by_host.pop(host).close()

    def _results(self, futures: Mapping[str, Future[T]]) -> dict[str, T]:
        results = {host: self._result(host, future) for host, future in futures.items()}
        return {host: result[0] for host, result in results.items() if result}

    def _result(self, host: str, future: Future[T]) -> tuple[T] | None:
        try:
            return (future.result(),)
        except DeployError as error:
            self.errors[host] = error
            self.close((host,))
            return None

    def _pulse(self) -> None:
        """Ping every host that works from time to time, each in its own thread: one may be stuck."""
        pings: dict[str, threading.Thread] = {}
        while not self._ended.wait(PULSE):
            for host, session in list(self.by_host.items()):
                if session.is_running and (host not in pings or not pings[host].is_alive()):
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


def _too_slow(host: str) -> DeployError:
    message = "is much slower than the other hosts, which do not wait for it: nothing was changed on it"
    return DeployError(host, message, f"push to it alone, with `--host {host}`: it may take its time then")
