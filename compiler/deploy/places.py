"""Where what a unit restarts for is written: lines of templates and environments, as the build names them."""

from __future__ import annotations

from compiler.deploy.bundle import BundleFolder
from compiler.deploy.events import Item, PlanSummary

Places = dict[tuple[str, str], tuple[str, ...]]
"""Unit and the name of what differs for it → `web.yaml:12`, `site.yaml:3 WebPort`."""


def places(bundle: BundleFolder, plan: PlanSummary) -> Places:
    """The places of everything for which the plan restarts a unit, as far as the build has them."""
    own = {unit.name: unit.files[0] for unit in bundle.manifest.units if unit.files}
    entries = {
        (unit.unit, cause.name): bundle.places.get(_file(cause, own.get(unit.unit, "")), ())
        for unit in plan.units
        for cause in unit.causes
    }
    return {key: lines for key, lines in entries.items() if lines}


def _file(cause: Item, own: str) -> str:
    """The file that has what differs: of an image it is the unit's own; the value of a secret is in none."""
    return {"secret": "", "image": own}.get(cause.what, cause.name)
