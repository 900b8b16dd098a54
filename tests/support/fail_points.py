"""What a killed host program leaves on a folder that stands for a host: before any one of its effects.

An effect is what Python itself reports as one: a file opened for writing, a rename, a link, a deleted file, a
new folder, a command. The program has one thread and waits for its commands, so a copy of the folder that is
taken just before an effect is what a kill there would leave: one run shows them all.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from compiler.host.__main__ import main
from tests.support.host_folder import HostFolder
from tests.support.states import State, state_of

EFFECTS = frozenset(
    {
        *("os.rename", "os.remove", "os.link", "os.symlink", "os.rmdir", "os.mkdir", "os.chmod", "os.chown"),
        *("os.truncate", "subprocess.Popen"),
    }
)
STARTED = 1_700_000_000.0  # a fixed time, so that two runs write the same

T = TypeVar("T")
OnEffect = Callable[[int, str], None]  # is called with the number of an effect and what it is


@dataclass(frozen=True)
class Moment:
    """The state of a host just before an effect, or at the end."""

    name: str
    state: State
    is_killed: bool = True

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Run:
    """A run of the host program: its exit status, and the moments of it that leave different hosts."""

    status: int
    moments: Sequence[Moment]


def moments_of(host: HostFolder, arguments: Sequence[str], requests: bytes, every: int) -> Run:
    """Run the host program, and copy the folder before each effect of a number that `every` divides."""
    moments: list[Moment] = []
    file = host.folder.with_suffix(".moments")

    def copy(number: int, effect: str) -> None:
        if number % every == 0:
            moments.append(Moment(f"killed before effect {number}, {effect}", state_of(host.folder)))

    def end(status: int) -> None:
        moments.append(Moment("not killed", state_of(host.folder), is_killed=False))
        file.write_bytes(pickle.dumps(moments))

    status = _forked(host, arguments, requests, copy, end)
    assert os.WIFEXITED(status), "the host program was killed"
    return Run(os.WEXITSTATUS(status), _distinct(pickle.loads(file.read_bytes())))


def _distinct(moments: Sequence[Moment]) -> list[Moment]:
    """Without those that leave what the one before leaves: the effect between them only looked."""
    pairs = zip(moments, [None, *moments], strict=False)
    return [moment for moment, before in pairs if before is None or moment.state != before.state]


def effects_of(host: HostFolder, arguments: Sequence[str], requests: bytes) -> int:
    """Run the host program to its end; the number of its effects."""
    file, count = host.folder.with_suffix(".effects"), 0

    def note(number: int, effect: str) -> None:
        nonlocal count
        count = number

    _forked(host, arguments, requests, note, lambda status: file.write_text(str(count)))
    return int(file.read_text())


def killed_before(
    host: HostFolder,
    arguments: Sequence[str],
    requests: bytes,
    number: int,
    at_last: Callable[[], object] = lambda: None,
) -> bool:
    """Run the host program, and kill it before one of its effects; False if it has fewer and went to its end.

    `at_last` is called by its process when that ends in either way.
    """

    def kill(effect_number: int, effect: str) -> None:
        if effect_number == number:
            at_last()
            os.kill(os.getpid(), signal.SIGKILL)

    return os.WIFSIGNALED(_forked(host, arguments, requests, kill, lambda status: at_last()))


def run(host: HostFolder, arguments: Sequence[str], requests: bytes = b"") -> int:
    """Run the host program to its end; its exit status."""
    status = _forked(host, arguments, requests, lambda number, effect: None, lambda status: None)
    return os.waitstatus_to_exitcode(status)


def said(host: HostFolder) -> str:
    """What the host program said in its last run."""
    return host.folder.with_suffix(".events").read_text()


def _forked(
    host: HostFolder,
    arguments: Sequence[str],
    requests: bytes,
    on_effect: OnEffect,
    at_end: Callable[[int], object],
) -> int:
    """Run the host program in a process of its own; its wait status."""

    def to_its_end() -> int:
        _become_host_program(host, arguments, requests)
        _watch_effects(on_effect)
        status = main()
        at_end(status)
        return status

    if (process := os.fork()) == 0:
        _end_as(to_its_end)
    return os.waitpid(process, 0)[1]


def _end_as(act: Callable[[], int], failures: int = 1) -> None:
    """End this process with a status, 99 after an exception, whose text is written to a descriptor."""
    status = 99
    try:
        status = act()
    finally:
        if status == 99:
            os.write(failures, traceback.format_exc().encode())
        os._exit(status)


def _become_host_program(host: HostFolder, arguments: Sequence[str], requests: bytes) -> None:
    _measure_nothing()
    os.setsid()
    os.environ.update(HEATSINK_ROOT=f"{host.folder}/root", PATH=f"{host.folder}/bin:{os.environ['PATH']}")
    requested = host.folder.with_suffix(".requests")
    requested.write_bytes(requests)
    os.dup2(os.open(requested, os.O_RDONLY), 0)
    os.dup2(os.open(host.folder.with_suffix(".events"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    sys.argv = ["host", *arguments]
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, 0.002))  # nothing here takes longer
    time.time = lambda: STARTED


def _measure_nothing() -> None:
    """Stop measuring coverage, which other tests reach and which would take longer than the rest."""
    sys.settrace(None)
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


def _watch_effects(on_effect: OnEffect) -> None:
    number, is_watching = 0, True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal number, is_watching
        if is_watching and is_effect(event, arguments):
            number, is_watching = number + 1, False  # what the watcher does is no effect
            on_effect(number, f"{event} {arguments[0]}")
            is_watching = True

    sys.addaudithook(hook)


def is_effect(event: str, arguments: Sequence[object]) -> bool:
    """Whether an audit event of Python is an effect on the host."""
    if event == "open":
        path, _, flags = arguments
        return path != os.devnull and isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
    return event in EFFECTS


def for_each(cases: Sequence[T], check: Callable[[T], None]) -> None:
    """Check all cases, in as many processes as there are cores. Each ends with its first failure."""
    cores = os.cpu_count() or 1
    workers = [_worker(cases[index::cores], check) for index in range(cores)]
    failures = [_read(pipe) for _, pipe in workers]
    statuses = [os.waitpid(process, 0)[1] for process, _ in workers]
    assert not any(statuses), "\n".join(failures)


def _worker(cases: Sequence[T], check: Callable[[T], None]) -> tuple[int, int]:
    """A process that checks some cases, and a pipe from which its failure can be read."""
    reading, writing = os.pipe()
    if process := os.fork():
        os.close(writing)
        return process, reading
    _measure_nothing()
    _end_as(lambda: _check_all(cases, check), writing)
    raise AssertionError("it has ended")


def _check_all(cases: Sequence[T], check: Callable[[T], None]) -> int:
    for case in cases:
        try:
            check(case)
        except BaseException as error:
            error.add_note(str(case))
            raise
    return 0


def _read(pipe: int) -> str:
    with os.fdopen(pipe) as file:
        return file.read()
