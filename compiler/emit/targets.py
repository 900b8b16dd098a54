"""The frame that containers hang in: heatsink.target, its five steps, and a target for each family."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping

from compiler.emit import common
from compiler.emit.unit import Section, UnitFile
from compiler.model.artifact import Artifacts, File, Link, Unit, UnitKind

STEPS = (1, 2, 3, 4, 5)


def targets(families: AbstractMapping[str, tuple[str, ...]]) -> Artifacts:
    """All targets of a host; `families` are the containers of each family.

    Each step requires and follows the one before, and heatsink.target the last: a boot goes the same way
    as a push, with nobody's help. Only containers say PartOf=heatsink.target: in a target that would also
    order it behind heatsink.target (https://github.com/systemd/systemd/issues/13847), a cycle.
    """
    made = [_target(common.TARGET, "all that heatsink runs", requires=common.step_target(STEPS[-1]))]
    for step in STEPS:
        before = common.step_target(step - 1) if step > 1 else ""
        made.append(_target(common.step_target(step), f"step {step}", requires=before))
    made += [
        _target(
            common.family_target(family),
            f"the {family} family",
            wants=" ".join(map(common.unit_name, sorted(containers))),
        )
        for family, containers in sorted(families.items())
    ]
    enabled = [("multi-user.target", common.TARGET)]
    enabled += [(common.TARGET, common.family_target(family)) for family in sorted(families)]
    return Artifacts(
        files=tuple(made),
        links=tuple(
            Link(path=f"{common.UNITS}/{by}.wants/{name}", target=f"../{name}") for by, name in enabled
        ),
        units=tuple(
            Unit(
                name=file.path.rpartition("/")[2],
                kind=UnitKind.TARGET,
                step=_step(file.path),
                files=(file.path,),
            )
            for file in made
        ),
    )


def _target(name: str, description: str, *, requires: str = "", wants: str = "") -> File:
    entries = [("Description", f"heatsink: {description}")]
    entries += [("Requires", requires), ("After", requires)] if requires else []
    entries += [("Wants", wants)] if wants else []
    install = (("WantedBy", "multi-user.target"),) if name == common.TARGET else ()
    unit_file = UnitFile((Section("Unit", tuple(entries)), Section("Install", install)))
    return File(path=f"{common.UNITS}/{name}", content=unit_file.text())


def _step(path: str) -> int:
    return next((step for step in STEPS if path.endswith(common.step_target(step))), 0)
