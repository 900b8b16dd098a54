"""Calendar events are those that systemd takes."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from compiler.stages.lower.calendar_event import is_calendar_event

EVENTS = """
daily|WEEKLY|daily UTC|Mon|mon-fri 10:00|Mon..Fri,Sun 10:00|Monday 3:00|Sat 04:00:00|10:00 Europe/Paris
*:*:*|*:0/15|2..5:00|*:0:59.5|1,2,3:4,5|*-*-*|*-*-01 04:30|*-1..3-* 00:00|*-*~07/1|2026-02-03 1:00|1-1
Mon,Tue *-*-* 00:00|*:0..10/20
"""
OTHERS = """
|12|7d|soon|UTC|monda|25:00|*:60|*:0:60|*-*-0|*-13-1|*-*-32|*-*~29|*/5:00|0/99:00|*:30/30|5..2:00|Fri..Mon
1:00 1:00|-1:00|*-*-*T10:00|*|1.5:00|*:0/0|Mon.. 10:00|2026-5|1..3..5:0|daily Mon 3:00
"""


def each(text: str) -> list[str]:
    return text.strip().replace("\n", "|").split("|")


@pytest.mark.parametrize("event", each(EVENTS))
def test_an_event_of_systemd_is_one(event: str) -> None:
    assert is_calendar_event(event)


@pytest.mark.parametrize("event", each(OTHERS))
def test_anything_else_is_none(event: str) -> None:
    assert not is_calendar_event(event)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_agrees() -> None:
    events = dict.fromkeys(each(EVENTS), True) | dict.fromkeys(each(OTHERS), False)
    taken = {
        event: subprocess.run(
            ("systemd-analyze", "calendar", "--", event), capture_output=True, check=False
        ).returncode
        == 0
        for event in events
    }
    assert taken == events
