"""What a host reports of itself: when a unit is up, and what of the host is not as it was pushed."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import time
from pathlib import Path

import pytest

from compiler.deploy.events import UnitStatus
from compiler.host.health import Health
from compiler.host.layout import LOCK
from compiler.host.manifest import Unit
from compiler.host.status import Finding, examine
from compiler.host.units import UnitState
from tests.support.bundles import run_once, service
from tests.support.host_folder import OPTIONS, HostFolder, host_folder

WEB = Unit(name="heatsink-web.service", kind="service", step=1, hash="", container="web", health=True)
PLAIN = WEB._replace(health=False)
ONCE = Unit(name="heatsink-once.service", kind="run-once", step=1, hash="", container="once")
CONFIRMED = 1000.0  # seconds since 1970
HEALTHY = Health(status="healthy")
STARTING = Health(status="starting", retries=2, interval=30, timeout=10, start_period=20)  # 100 s of grace
FAILED_ONCE = STARTING._replace(streak=1, output="refused")
UNHEALTHY = Health(status="unhealthy", streak=3, retries=3, output="404")


BEFORE, AFTER = (990, 10), (1010, 10)  # the push was confirmed: when it was activated, seconds it is up
NOT_YET = "its health check has not succeeded yet"
RESTARTED, OFTEN = "restarted 1 time by systemd", "restarted 5 times by systemd"
FAILING = "health check failing (1 of 2): refused"


@pytest.mark.parametrize(("unit", "seen", "health", "expected"), [
    (WEB, AFTER, HEALTHY, Finding("healthy")),
    (WEB, BEFORE, UNHEALTHY, Finding("unhealthy", "health check failing (3 of 3): 404")),
    (WEB, BEFORE, STARTING, Finding("healthy")),  # the push has seen its check succeed
    (WEB, AFTER, STARTING, Finding("starting", NOT_YET)),
    (WEB, BEFORE, FAILED_ONCE, Finding("healthy")),  # before the push has seen it succeed
    (WEB, AFTER, FAILED_ONCE, Finding("starting", FAILING)),
    (WEB, (900, 99), STARTING, Finding("healthy")),
    (WEB, (900, 101), STARTING, Finding("starting", NOT_YET)),  # the engine should have an answer
    (WEB, BEFORE, Health(), Finding("unknown", "its health is not known")),
    (WEB, BEFORE, Health(status="unknown"), Finding("unknown", "its health is not known")),
    (PLAIN, BEFORE, Health(status="unknown"), Finding()),
    (PLAIN, BEFORE, Health(), Finding()),
    (PLAIN, BEFORE, None, Finding("", "its container does not exist", "no container")),
    (ONCE, AFTER, None, Finding()),
    (PLAIN, (1010, 50, 1), Health(), Finding("", f"{RESTARTED}, up for 50 s")),
    (WEB, (1010, 50, 1), HEALTHY, Finding("healthy", f"{RESTARTED}, up for 50 s")),
    (PLAIN, (1010, 61, 1), Health(), Finding()),
    (PLAIN, (1010, 290, 5), Health(), Finding("", f"{OFTEN}, up for 290 s")),
    (PLAIN, (1010, 301, 99), Health(), Finding()),
    (PLAIN, (990, 10, 2), Health(), Finding()),  # before the push was confirmed
])  # fmt: skip
def test_a_unit_that_is_active_is_examined(
    unit: Unit, seen: tuple[int, ...], health: Health | None, expected: Finding
) -> None:
    assert examine(unit, state(*seen), health, CONFIRMED) == expected


def state(since: int, up_for: float, restarts: int = 0) -> UnitState:
    return UnitState(
        active="active",
        sub="running",
        result="success",
        restarts=restarts,
        since=since,
        activated=time.monotonic() - up_for,
    )


@pytest.fixture
def host(tmp_path: Path) -> HostFolder:
    return host_folder(tmp_path)


def reporting(**health: object) -> str:
    """A stand-in for podman that describes the container of `shop`."""
    check = {"Test": ["CMD-SHELL", "true"], "Retries": 3}
    container = {"Name": "shop", "State": {"Health": health}, "Config": {"Healthcheck": check}}
    return f"[ $1 != inspect ] || printf %s '{json.dumps([container])}'"


def shop(host: HostFolder) -> UnitStatus:
    (unit,) = host.status().units
    return unit


def test_a_host_is_up_after_a_push_though_the_engine_has_run_no_check_yet(host: HostFolder) -> None:
    started = int(time.monotonic() * 1e6)
    host.shows("shop", ActiveEnterTimestampMonotonic=started, ActiveEnterTimestamp=f"@{int(time.time())}")
    host.installs("podman", reporting(Status="starting", Log=None))
    host.writes(service("shop", container="shop"))
    host.push()
    assert host.status().state == "up"


@pytest.mark.parametrize(("podman", "problem"), [
    ("echo Segmentation fault", "answers what is not understood: `Segmentation fault`"),
    ("echo '{}'", "answers what is not understood: `{}`"),
    ("echo '[1]'", "answers what is not understood: `[1]`"),
    ('echo \'[{"Name": "shop"}]\'', 'answers what is not understood: `[{"Name": "shop"}]`'),
    (reporting(Log=7), 'answers what is not understood: `[{"Name": "shop", "State": {"Health": {"Log": 7}}'),
    ("echo no space left >&2; exit 125", "failed: no space left"),
])  # fmt: skip
def test_an_engine_that_answers_nonsense_leaves_the_health_unknown(
    host: HostFolder, podman: str, problem: str
) -> None:
    host.installs("podman", reporting(Status="healthy"))
    host.writes(service("shop", container="shop"), service("two"))
    host.push()
    host.installs("podman", podman)
    found = host.status()
    assert found.problems[0].startswith(f"`podman inspect` {problem}")
    assert (found.state, [unit.health for unit in found.units]) == ("down", ["unknown", ""])
    assert [unit.up for unit in found.units] == [False, True]


def test_a_container_that_does_not_exist_is_named(host: HostFolder) -> None:
    host.installs("podman", reporting(Status="healthy"))
    host.writes(service("shop", container="shop"))
    host.push()
    host.installs("podman", "echo '[]'; echo 'Error: no such container shop' >&2; exit 125")
    assert (shop(host).state, shop(host).up) == ("no container", False)


def test_a_unit_that_is_down_has_its_result(host: HostFolder) -> None:
    host.writes(service("shop"))
    host.push()
    host.shows("shop", ActiveState="activating", SubState="auto-restart", Result="exit-code", NRestarts=3)
    unit = shop(host)
    assert (unit.state, unit.up) == ("activating (auto-restart)", False)
    assert unit.why == "restarted 3 times by systemd, result exit-code"


def test_files_and_links_that_were_changed_by_hand_are_named(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("two"), service("three", config="c"))
    host.push()
    config, link = "/var/lib/config-data/one/one.conf", "/etc/systemd/system/heatsink-step1.target.wants"
    host.path(config).write_text("b")
    host.path("/var/lib/config-data/three/three.conf").chmod(0o777)
    host.path(f"{link}/heatsink-two.service").unlink()
    found = host.status()
    assert found.changed == (
        config,
        "/var/lib/config-data/three/three.conf",
        f"{link}/heatsink-two.service",
    )
    assert (found.state, found.flaws) == ("down", ("3 files changed by hand",))


def test_a_generation_that_is_damaged_is_named(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    kept = host.path("/var/lib/heatsink/generations/1/root/var/lib/config-data/one/one.conf")
    kept.unlink()
    found = host.status()
    assert found.state == "down"
    assert found.problems == (
        "generation 1 on this host is damaged: `/var/lib/config-data/one/one.conf` is not what was pushed",
    )


def test_what_was_built_and_not_pushed_is_behind(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.writes(service("one", config="new"))
    assert (host.status().state, host.status().flaws) == ("down", ("behind the build",))


def test_secrets_that_were_not_pushed_are_behind(host: HostFolder) -> None:
    host.writes(service("one", config="@{heatsink:secret:Pw}", sensitive=True))
    host.push(Pw="old")
    assert host.status(Pw="old").state == "up"
    assert host.status(Pw="new").flaws == ("behind the build",)
    assert host.status().state == "up"


def test_a_generation_that_did_not_come_up_is_incomplete(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.shows("two", ActiveState="failed", Result="exit-code")
    host.writes(service("one"), service("two"))
    host.push(options=dataclasses.replace(OPTIONS, keep_failed=True))
    assert host.status().flaws == ("incomplete",)


def test_a_push_under_way_does_not_keep_a_status_waiting_and_is_named(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.writes(service("one", config="b"))
    seen = []
    host.push_while("step 1: starting 1 unit", lambda: seen.append(host.status()))
    (flaw,) = seen[0].flaws
    assert flaw.startswith("push by ")
    assert flaw.endswith(" not confirmed")


def test_a_status_changes_nothing(host: HostFolder) -> None:
    host.writes(service("one", config="a"), run_once("once"))
    host.push()
    other = host.path("/usr/local/lib/heatsink/host")  # of another version
    other.write_text("# abc\n")
    with host.path(LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the program of the push empties it as it ends
    before = tree(host.path("/"))
    assert host.status().state == "up"
    assert tree(host.path("/")) == before


def test_a_status_leaves_nothing_on_a_host_that_nothing_was_pushed_to(host: HostFolder) -> None:
    host.writes(service("one"))
    before = tree(host.path("/"))
    assert host.status().state == "empty"
    assert tree(host.path("/")) == before


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All that is in a folder: path → when it was changed, and its content."""
    paths = [folder, *folder.rglob("*")]
    return {str(path): (path.lstat().st_mtime_ns, content(path)) for path in paths}


def content(path: Path) -> bytes:
    if path.is_symlink():
        return bytes(path.readlink())
    return path.read_bytes() if path.is_file() else b""
