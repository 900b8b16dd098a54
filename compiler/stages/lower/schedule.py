"""`schedule` of a container: when it runs, again and again.

schedule: daily                                     a calendar event of systemd.time(7)
schedule: [Mon..Fri 03:00, "Sun 05:30"]             several
schedule: {calendar: weekly, random_delay: 1h}      up to an hour later, which differs between hosts
schedule: {interval: 15m}                           the time between the starts of two runs
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import CompileError
from compiler.model.container import Schedule
from compiler.node import Mapping, Node, Sequence, plain
from compiler.stages.lower.calendar_event import is_calendar_event
from compiler.stages.lower.keys import Keys


def schedule(keys: Keys) -> Schedule | None:
    """The schedule that a container's keys define. Raises CompileError for what is not a time."""
    node = keys.node.entries.get("schedule")
    if node is None or plain(node) is None:
        return None
    if not isinstance(node, Mapping):
        return Schedule(calendar=tuple(_events(node)))
    times = Keys(node)
    if "interval" not in times:
        events = tuple(_events(node.entries["calendar"]))
        return Schedule(calendar=events, random_delay=times.seconds("random_delay", 0))
    interval = times.seconds("interval", 0)
    if interval == 0:
        raise CompileError("`interval` must be at least 1 s", node.entries["interval"].span)
    return Schedule(interval=interval, random_delay=times.seconds("random_delay", 0))


def _events(node: Node) -> Iterator[str]:
    for item in node.items if isinstance(node, Sequence) else [node]:
        event = " ".join(str(plain(item)).split())
        if not is_calendar_event(event):
            hint = "for example `daily`, `Mon..Fri 03:00` or `*-*-01 04:30`, as in systemd.time(7)"
            raise CompileError(f"`{event}` is not a calendar event", item.span, hint)
        yield event
