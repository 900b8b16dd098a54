"""The timer of a container with a schedule. It is what a step starts; the unit of the container waits for it.

Why each line is there:
- OnCalendar= with Persistent=: a run that was due while the host was off follows at the next boot.
- OnActiveSec= is the first run, OnUnitActiveSec= all that follow (systemd.timer(5)).
- AccuracySec= is a minute by default, which may be longer than an interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from compiler.host.layout import UNITS
from compiler.model.artifact import Artifacts, Link, UnitKind
from compiler.model.container import Container, Schedule
from compiler.stages.emit import service_unit, unit
from compiler.stages.emit.service_unit import step_target
from compiler.stages.emit.unit import Entry, Section, UnitFile


def timer(container: Container, schedule: Schedule, started: Artifacts) -> Artifacts:
    """The timer that starts the unit of a container. It restarts with every change of what it starts, which
    makes the change part of a push: its images are pulled, and a plan says why."""
    name, target = container.started_unit, step_target(container.step)
    path = f"{UNITS}/{name}"
    unit_file = UnitFile(
        (
            Section("Unit", tuple(_unit_section(container))),
            Section("Timer", tuple(_timer_section(schedule))),
            Section("Install", (("WantedBy", target),)),
        )
    )
    record = started.units[0]
    return Artifacts(
        files=(service_unit.file(container, path, unit_file),),
        links=(Link(path=f"{UNITS}/{target}.wants/{name}", target=f"../{name}"),),
        units=(
            replace(
                record,
                name=name,
                kind=UnitKind.SERVICE,
                container="",
                alias=None,
                files=(path, *record.files),
            ),
        ),
    )


def _unit_section(container: Container) -> Iterator[Entry]:
    yield from service_unit.origin(container)
    if container.step > 1:
        yield ("After", step_target(container.step - 1))


def _timer_section(schedule: Schedule) -> Iterator[Entry]:
    if schedule.interval is not None:
        yield ("OnActiveSec", str(schedule.interval))
        yield ("OnUnitActiveSec", str(schedule.interval))
        yield ("AccuracySec", "1s")
    for event in schedule.calendar:
        yield ("OnCalendar", unit.plain(event))
    if schedule.calendar:
        yield ("Persistent", "yes")
    if schedule.random_delay:
        yield ("RandomizedDelaySec", str(schedule.random_delay))
