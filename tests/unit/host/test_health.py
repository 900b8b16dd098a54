"""What an engine knows of a container's health, and checks that are run between its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.host.health import Checks, Health, healths_of
from compiler.host.machine import Machine
from compiler.host.manifest import Unit
from tests.support.processes import ends

UNIT = Unit(name="heatsink-web.service", kind="service", step=1, hash="", container="web", health=True)
# What `docker inspect` and `podman inspect` report, as far as it is read.
CHECK = (
    '"Healthcheck": {"Test": ["CMD", "true"], "Timeout": 2000000000, "Retries": 4, "StartPeriod": 5000000000}'
)
REPORT = '{"Status": "unhealthy", "FailingStreak": 2, "Log": [{"ExitCode": 1, "Output": "a\\nb\\n\\n"}]}'


@pytest.fixture
def engine(tmp_path: Path) -> Callable[[str], str]:
    def installed(script: str) -> str:
        path = tmp_path / "engine"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return installed


@pytest.mark.parametrize("key", ["Health", "Healthcheck"])
def test_the_report_of_an_engine_is_read(engine: Callable[[str], str], key: str) -> None:
    inspected = f'[{{"Name": "/web", "State": {{"{key}": {REPORT}}}, "Config": {{{CHECK}}}}}]'
    program = engine(f"cat <<'END'\n{inspected}\nEND")
    assert healths_of(Machine(), program, (UNIT,)) == {
        "web": Health(
            status="unhealthy",
            streak=2,
            retries=4,
            output="b",
            command=("true",),
            timeout=2.0,
            start_period=5.0,
        )
    }


def test_a_container_without_a_check_has_no_health(engine: Callable[[str], str]) -> None:
    program = engine("""echo '[{"Name": "web", "State": {"Health": null}, "Config": {}}]'""")
    assert healths_of(Machine(), program, (UNIT,)) == {"web": Health(retries=3)}


@pytest.mark.parametrize(("health", "output", "words"), [
    (Health(), "", "its health check has not succeeded yet"),
    (Health(), "refused", "health check failing: refused"),
    (Health(streak=1, retries=3), "", "health check failing (1 of 3)"),
    (Health(streak=9, retries=3), "", "health check failing (9 times)"),
    (Health(streak=1, retries=3, output="404"), "refused", "health check failing (1 of 3): 404"),
])  # fmt: skip
def test_a_failing_check_is_described(health: Health, output: str, words: str) -> None:
    assert health.words(output) == words


def test_a_check_is_run_in_the_container(engine: Callable[[str], str]) -> None:
    checks = Checks(Machine(), engine('[ "$*" = "exec --env HEATSINK_CHECK=web web my check" ]'))
    assert passes(checks, Health(command=("my", "check")))


def test_the_last_line_of_a_check_that_fails_is_kept(engine: Callable[[str], str]) -> None:
    checks = Checks(Machine(), engine("echo first; echo last; exit 1"))
    assert not passes(checks, Health(command=("check",)))
    assert checks.outputs == {"web": "last"}


def test_a_check_that_hangs_is_ended_together_with_what_it_left_in_the_container(
    engine: Callable[[str], str], tmp_path: Path
) -> None:
    container = f"web{os.getpid()}"
    # As with real engines, what runs in the container is no child of the program that asked for it.
    program = engine(f'env "$3" setsid sleep 100 >/dev/null 2>&1 & echo $! >{tmp_path}/pid; sleep 100')
    checks = Checks(Machine(), program)
    assert not passes(checks, Health(command=("check",), timeout=0.5), container)
    assert checks.outputs == {container: "no result within 0.5 s"}
    assert ends((tmp_path / "pid").read_text().strip())


def passes(checks: Checks, health: Health, container: str = "web") -> bool:
    """Whether a check passes, once it has ended in any way."""
    deadline = time.monotonic() + 10
    while not (passed := checks.has_passed(container, health)):
        if container in checks.outputs or time.monotonic() > deadline:
            break
    return passed
