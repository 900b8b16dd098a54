"""docs/push.md shows a status as it is printed."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from compiler.cli.status_output import screen
from compiler.deploy.errors import DeployError
from compiler.deploy.status import HostStatus
from tests.support.statuses import FAILING, NOW, down, unit

PUSH = Path(__file__).parents[2] / "docs" / "push.md"
STATUS = re.compile(r"(?<=^\$ heatsink status\n).*?(?=^```$)", re.M | re.S)
HOSTS = (
    HostStatus(
        host="node1",
        at=NOW,
        generation=12,
        name="20260501T102233-4f3a2b1c",
        units=(
            unit("mariadb", restarts=1),
            unit("mariadb_bootstrap", state="done", health="", since=NOW - 7 * 3600),
            down("nginx", "active (running)", FAILING, health="unhealthy"),
        ),
    ),
    HostStatus(
        host="node2",
        at=NOW,
        generation=11,
        name="20260430T081501-90d1c7aa",
        behind=True,
        changed=("/etc/a", "/etc/b"),
        units=(unit("memcached", since=NOW - 3 * 86400),),
    ),
    HostStatus(host="node3", error=DeployError("node3", "no route"), has_answered=False),
)


def test_a_status_looks_as_on_the_page(request: pytest.FixtureRequest) -> None:
    page = PUSH.read_text(encoding="utf-8")
    printed = "".join(f"{click.unstyle(line)}\n" for line in screen(HOSTS))
    if request.config.getoption("--update-golden"):
        PUSH.write_text(STATUS.sub(lambda _: printed, page), encoding="utf-8")
    else:
        assert STATUS.findall(page) == [printed]
