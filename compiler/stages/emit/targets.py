"""The targets that containers belong to: heatsink.target, its five steps, and one for each family."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping

from compiler.host.layout import UNITS
from compiler.model.artifact import Artifacts, File, Link, Unit, UnitKind
from compiler.model.container import unit_name
from compiler.stages.emit import service_unit, unit
from compiler.stages.emit.unit import Entry, Section, UnitFile

STEPS = (1, 2, 3, 4, 5)


def targets(families: AbstractMapping[str, tuple[str, ...]]) -> Artifacts:
    """All targets of a host; `families` are the containers of each family.

    Each step requires and follows the one before, and heatsink.target follows the last: a boot takes the same
    order as a push.
    """
    files = [
        _all(service_unit.step_target(STEPS[-1])),
        *map(_step_target, STEPS),
        *(_family_target(family, containers) for family, containers in sorted(families.items())),
    ]
    enabled = [("multi-user.target", service_unit.TARGET)]
    enabled += [(service_unit.TARGET, service_unit.family_target(family)) for family in sorted(families)]
    return Artifacts(
        files=tuple(files),
        links=tuple(Link(path=f"{UNITS}/{by}.wants/{name}", target=f"../{name}") for by, name in enabled),
        units=tuple(
            Unit(
                name=file.path.rpartition("/")[2],
                kind=UnitKind.TARGET,
                step=_step(file.path),
                files=(file.path,),
            )
            for file in files
        ),
    )


def _all(last: str) -> File:
    """heatsink.target. It wants its steps and does not require them: a unit that a step requires restarts
    the step when it restarts, and would so restart everything that is part of heatsink.target."""
    entries = (("Wants", last), ("After", last))
    return _target(
        service_unit.TARGET, "all that heatsink runs", entries, (("WantedBy", "multi-user.target"),)
    )


def _step_target(step: int) -> File:
    before = (service_unit.step_target(step - 1),) if step > 1 else ()
    entries = (*unit.several("Requires", before), *unit.several("After", before), *_PART)
    return _target(service_unit.step_target(step), f"step {step}", entries)


def _family_target(family: str, containers: tuple[str, ...]) -> File:
    wants = unit.several("Wants", map(unit_name, sorted(containers)))
    return _target(service_unit.family_target(family), f"the {family} family", (*wants, *_PART))


# A step that stays up would let a later start of heatsink.target start all steps at once. Before= is
# explicit because PartOf= in a target implies After= otherwise, which would be a cycle
# (https://github.com/systemd/systemd/issues/13847).
_PART = (("PartOf", service_unit.TARGET), ("Before", service_unit.TARGET))


def _target(name: str, description: str, entries: tuple[Entry, ...], install: tuple[Entry, ...] = ()) -> File:
    described = (("Description", f"heatsink: {description}"), *entries)
    unit_file = UnitFile((Section("Unit", described), Section("Install", install)))
    return File(path=f"{UNITS}/{name}", content=unit_file.text())


def _step(path: str) -> int:
    return next((step for step in STEPS if path.endswith(service_unit.step_target(step))), 0)
