"""What a plan looks like for people: hosts together on which the same happens, and colours."""

from __future__ import annotations

import click
import pytest

from compiler.cli.plan_colours import coloured_plan
from compiler.cli.plan_output import HostPlan, plan_lines, totals
from compiler.deploy.errors import DeployError
from compiler.deploy.events import Item, PlannedUnit, PlanSummary
from compiler.deploy.outcome import DryRun

RESTART = PlannedUnit(
    unit="heatsink-web.service", step=1, action="restart", why="changed",
    causes=(Item(what="file", name="/etc/web.conf"),),
)  # fmt: skip
PLAN = PlanSummary(writes=("/etc/web.conf",), starts=(RESTART.unit,), units=(RESTART,))


def dry_runs() -> list[DryRun]:
    """Two hosts on which the same happens, two on which nothing does, and one that cannot be asked."""
    return [
        DryRun(host="web1", plan=PLAN),
        DryRun(host="db1", generation=3),
        DryRun(host="web2", plan=PLAN),
        DryRun(host="db2", generation=4),
        DryRun(host="gone", error=DeployError("gone", "no answer")),
    ]


def test_hosts_on_which_the_same_happens_are_shown_together() -> None:
    lines = list(plan_lines(HostPlan(dry_run=dry_run) for dry_run in dry_runs()))
    assert lines == [
        "web1, web2:",
        "  files:",
        "    change    /etc/web.conf",
        "  step 1:",
        "    restart   heatsink-web.service: changed",
        "              file /etc/web.conf",
        "db1, db2: unchanged",
    ]


def test_the_totals_count_hosts_that_could_not_be_asked() -> None:
    assert totals(dry_runs()) == (
        "Plan: 2 files written, 2 units restarted on 2 hosts; 1 host without a plan"
    )
    assert totals(dry_runs()[-1:]) == "Plan: nothing to do; 1 host without a plan"


@pytest.mark.parametrize(
    ("line", "styled"),
    [
        ("    restart   heatsink-web.service: changed", "restart"),
        ("    run once  heatsink-job.service: new", "run once"),
        ("    stop      heatsink-web.service: removed", "stop"),
        ("    remove    /etc/web.conf", "remove"),
        ("      -port = 80", "      -port = 80"),
        ("  needs consent:", "  needs consent:"),
        ("              file /etc/web.conf", ""),
        ("                from web.yaml:3", "                from web.yaml:3"),
        ("    start, restart", ""),
        ("web1:", ""),
    ],
)
def test_a_colour_shows_what_happens_and_changes_no_text(line: str, styled: str) -> None:
    (shown,) = coloured_plan([line])
    assert click.unstyle(shown) == line
    assert (f"m{styled}\x1b[0m" in shown) == bool(styled)
