"""docs/push.md shows a plan, and the message of a unit that does not come up, as they are written."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from compiler.host import jobs
from compiler.model.artifact import Artifacts
from tests.support.bundles import run_once, service
from tests.support.host_folder import SYSTEMCTL, HostFolder, host_folder

PUSH = Path(__file__).parents[2] / "docs" / "push.md"
PAGE = PUSH.read_text(encoding="utf-8")
BLOCK = re.compile(r"^```\n(error: (\S+): `heatsink-(\S+)\.service` .*?)```$", re.M | re.S)
PLAN = re.compile(r"(?<=^\$ heatsink plan --diff\n).*?(?=^```$)", re.M | re.S)
REASONS = re.compile(r"^\| reason .*?\n\n", re.M | re.S)
JOURNALCTL = "#!/bin/sh\necho '{}'\n"


@pytest.fixture
def host(tmp_path: Path) -> HostFolder:
    return host_folder(tmp_path)


def test_a_unit_that_systemd_restarts_too_often_is_reported_as_on_the_page(host: HostFolder) -> None:
    block = BLOCK.search(PAGE)
    assert block is not None
    (line,) = re.findall(r"^  \| (.*)$", block[1], re.M)
    restarts_units(host, line)
    host.writes(service(block[3]))
    error = host.push().error
    assert error is not None
    assert error.render().replace("localhost", block[2]) + "\n" == block[1]


def test_a_plan_looks_as_on_the_page(host: HostFolder, request: pytest.FixtureRequest) -> None:
    host.writes(*parts("8"), service("old"))
    host.push()
    host.systemctl("stop", "shop")
    host.writes(*parts("16"), run_once("migrate", step=2))
    printed = host.says("plan", "--diff", code=2).replace("localhost", "node1")
    if request.config.getoption("--update-golden"):
        PUSH.write_text(PLAN.sub(lambda _: printed, PAGE, count=1), encoding="utf-8")
    else:
        assert PLAN.findall(PAGE) == [printed]


def parts(workers: str) -> tuple[Artifacts, ...]:
    db = service("db", config=f"port = 3306\nworkers = {workers}\n")
    unit, config = db.files
    config = dataclasses.replace(config, places=("templates/db.yaml:31", "site.yaml:4 DbWorkers"))
    db = dataclasses.replace(db, files=(unit, config))
    return db, service("api", step=2, requires="db"), service("shop", step=3), service("cache")


def test_every_reason_is_on_the_page() -> None:
    table = REASONS.search(PAGE)
    assert table is not None
    words = {value for name, value in vars(jobs).items() if name.isupper()} - {jobs.DEPENDENCY}
    assert set(re.findall(r"^\| `([\w ]+)`", table[0], re.M)) == {*words, "stops with"}


def restarts_units(host: HostFolder, line: str) -> None:
    """Every unit that starts is restarted by systemd again and again, and writes this line to the journal."""
    systemctl = SYSTEMCTL.replace("state=active\n", "state=activating\n").replace(
        "NRestarts=0", "NRestarts=5"
    )
    (host.folder / "bin" / "systemctl").write_text(systemctl)
    journalctl = host.folder / "bin" / "journalctl"
    journalctl.write_text(JOURNALCTL.format(json.dumps({"MESSAGE": line})))
    journalctl.chmod(0o755)
