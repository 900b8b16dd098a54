"""Whatever is in a file, a compile ends soon and in little memory, with a result or with the mistake.

The inputs of all golden cases, each with something wrong in one of its files.
"""

from __future__ import annotations

import contextlib
import gc
import io
import resource
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.golden import cases
from tests.support.mutations import mutated
from tests.support.operator import heatsink, operator_folder

CASES = cases("compile")
LONGEST = 5  # seconds of the processor, so that other processes do not count
LARGEST = 300  # MiB that a compile may add
# So many times as many inputs as there are random templates, if there are more than usual. In parts, which
# can be tried side by side.
PARTS = range(10 if examples(300) > 300 else 1)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail the body if it keeps the processor longer.

    The collector of garbage waits meanwhile: it goes through all that the search remembers, which takes
    seconds after some 10,000 inputs.
    """

    def late(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"takes longer than {seconds} s")

    before = signal.signal(signal.SIGPROF, late)
    gc.disable()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        gc.enable()


def peak() -> int:
    """The most memory that this process has used so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def spoiled(folder: Path, case: Path, random: Random) -> Path:
    """The case's folder with a mistake in one file."""
    made = operator_folder(folder, case)
    path = random.choice(sorted(path for path in made.rglob("*") if path.is_file()))
    path.write_bytes(mutated(path.read_bytes(), random))
    return made


@pytest.mark.parametrize("part", PARTS)
@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@given(case=st.sampled_from(CASES), seed=st.integers(0, 2**32))
def test_a_file_with_any_mistake_compiles_or_is_refused(part, case, seed):
    before, said = peak(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        made = spoiled(Path(folder), case, Random(f"{part} {seed}"))
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said), within(LONGEST):
            code = heatsink(made, (case / "command").read_text())
    assert (code in (0, 1, 2), peak() - before < LARGEST) == (True, True)
