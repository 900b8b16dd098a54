"""States of hosts and units, made up."""

from __future__ import annotations

from compiler.deploy.events import UnitStatus

NOW = 1_000_000_000
UNIT = UnitStatus(
    service="web",
    unit="heatsink-web.service",
    container="web",
    step=1,
    up=True,
    state="active (running)",
    since=NOW - 200,
    restarts=0,
    health="healthy",
    why="",
)
FAILING = "health check failing (3 of 3): curl: (22) The requested URL returned error: 404"


def unit(name: str, **changes: object) -> UnitStatus:
    return UNIT._replace(container=name, **changes)  # type: ignore[arg-type]


def down(name: str, state: str, why: str, **changes: object) -> UnitStatus:
    return unit(name, up=False, state=state, why=why, **changes)
