"""The targets that containers belong to: heatsink.target, its steps, and one for each family."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from compiler.host.layout import UNITS
from compiler.model.artifact import Artifacts, File, Link, Unit, UnitKind
from compiler.model.container import Container
from compiler.stages.emit import service_unit, unit
from compiler.stages.emit.unit import Entry, Section, UnitFile

STEPS = range(1, 6)  # of every host


def targets(containers: Sequence[Container]) -> Artifacts:
    """All targets of a host with these containers. There is a step 0 only where a container is in it.

    Each step requires and follows the one before, and heatsink.target follows the last: a boot takes the same
    order as a push.
    """
    families = _families(containers)
    early = [_early_target(containers)] if any(container.step == 0 for container in containers) else []
    files = [
        _all(service_unit.step_target(STEPS[-1])),
        *early,
        *(_step_target(step, follows=step > STEPS[0] or bool(early)) for step in STEPS),
        *(_family_target(family, names) for family, names in families.items()),
    ]
    enabled = [("multi-user.target", service_unit.TARGET)]
    enabled += [(service_unit.TARGET, service_unit.family_target(family)) for family in families]
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


def _families(containers: Iterable[Container]) -> dict[str, list[str]]:
    """The units of each family."""
    families: dict[str, list[str]] = {}
    for container in containers:
        if family := service_unit.family(container):
            families.setdefault(family, []).append(container.started_unit)
    return dict(sorted(families.items()))


def _all(last: str) -> File:
    """heatsink.target. It wants its steps and does not require them: a unit that a step requires restarts
    the step when it restarts, and would so restart everything that is part of heatsink.target."""
    entries = (("Wants", last), ("After", last))
    return _target(
        service_unit.TARGET, "all that heatsink runs", entries, (("WantedBy", "multi-user.target"),)
    )


def _early_target(containers: Iterable[Container]) -> File:
    """Step 0. The units of step 1 are the same on hosts without one, so it is this that names them."""
    later = (container.started_unit for container in containers if container.step == STEPS[0])
    return _target(service_unit.step_target(0), "step 0", (*unit.several("Before", sorted(later)), *_PART))


def _step_target(step: int, *, follows: bool) -> File:
    before = (service_unit.step_target(step - 1),) if follows else ()
    entries = (*unit.several("Requires", before), *unit.several("After", before), *_PART)
    return _target(service_unit.step_target(step), f"step {step}", entries)


def _family_target(family: str, units: Iterable[str]) -> File:
    wants = unit.several("Wants", sorted(units))
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
