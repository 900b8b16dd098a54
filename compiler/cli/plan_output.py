"""What a plan looks like: for people, and as the JSON that is also the file of a plan."""

from __future__ import annotations

import json
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import click

from compiler import __version__
from compiler.cli.output import problems_as_json
from compiler.cli.plan_colours import coloured_plan
from compiler.diagnostics import counted

if TYPE_CHECKING:
    from compiler.deploy.events import Item, PlannedUnit
    from compiler.deploy.outcome import DryRun
    from compiler.deploy.places import Places

WIDTH = 80
EXIT_CHANGES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """What would change on one host, with what only the operator's machine knows of it."""

    dry_run: DryRun
    secrets: tuple[str, ...] = ()  # names of those that would be made
    differences: Mapping[str, str] = field(default_factory=dict)  # path → unified diff
    sizes: Mapping[str, int | None] = field(default_factory=dict)  # image → bytes, if they are known
    places: Places = field(default_factory=dict)


def show(plans: Sequence[HostPlan], document: Mapping[str, object], *, as_json: bool) -> None:
    """Print plans."""
    if as_json:
        click.echo(json.dumps(document, indent=1))
        return
    for line in coloured_plan(plan_lines(plans)):
        click.echo(line)
    click.echo(f"\n{totals([plan.dry_run for plan in plans])}")


def exit_with_changes(dry_runs: Iterable[DryRun]) -> None:
    """End the command with the exit code of a plan that changes something, if it does."""
    if not all(dry_run.is_unchanged for dry_run in dry_runs):
        sys.exit(EXIT_CHANGES)


def as_document(plans: Sequence[HostPlan], bundle: str, *, verify: bool = False) -> dict[str, object]:
    """Plans as JSON, without values of secrets; `verify`: whether every host has compared its files."""
    return {
        "format": 1,
        "heatsink": __version__,
        "bundle": bundle,
        "verify": verify,
        "secrets": sorted({name for plan in plans for name in plan.secrets}),
        "totals": _totals_as_json(_counts(plan.dry_run for plan in plans)),
        "hosts": [_as_json(plan) for plan in plans],
    }


def _totals_as_json(counts: Mapping[str, int]) -> dict[str, object]:
    return {
        "hosts": counts["hosts"],
        "files": {what: counts[f"file {what}"] for what in ("written", "removed")},
        "units": {done: counts[f"unit {action}"] for action, done in _DONE.items()},
    }


def _as_json(plan: HostPlan) -> dict[str, object]:
    from compiler.deploy.plan_file import state

    dry_run, summary = plan.dry_run, plan.dry_run.plan
    return {
        "host": dry_run.host,
        "state": state(dry_run),
        "generation": dry_run.generation or None,
        "files": [
            {
                "path": path,
                "change": change,
                "secret": path in summary.private,
                "diff": plan.differences.get(path),
            }
            for change, path in _files(dry_run)
        ],
        "written": summary.writes,
        "removed": summary.removals,
        "stopped": summary.stops,
        "started": summary.starts,
        "units": [_unit_as_json(plan, unit) for unit in summary.units],
        "untouched": summary.untouched,
        "images": [{"image": image, "size": plan.sizes.get(image)} for image in summary.pulls],
        "volumes": summary.volumes,
        "secrets": plan.secrets,
        "irreversible": [item._asdict() for item in summary.irreversible],
        "consents": [item._asdict() for item in summary.consents],
        "warnings": dry_run.warnings,
        "errors": problems_as_json(dry_run.error.problems if dry_run.error else ()),
    }


def _unit_as_json(plan: HostPlan, unit: PlannedUnit) -> dict[str, object]:
    causes = [
        {**cause._asdict(), "places": plan.places.get((unit.unit, cause.name), ())} for cause in unit.causes
    ]
    return {**unit._asdict(), "causes": causes}


def _files(dry_run: DryRun) -> Iterator[tuple[str, str]]:
    plan = dry_run.plan
    for path in plan.writes:
        yield ("add" if path in plan.added else "change"), path
    yield from (("remove", path) for path in plan.removals)


def plan_lines(plans: Iterable[HostPlan]) -> Iterator[str]:
    """The lines of plans; hosts on which the same happens share theirs, and those with errors have none."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for plan in plans:
        if not plan.dry_run.error:
            alike.setdefault(tuple(_host_lines(plan)), []).append(plan.dry_run.host)
    for lines, hosts in alike.items():
        yield from textwrap.wrap(f"{', '.join(hosts)}:{'' if lines else ' unchanged'}", WIDTH)
        yield from lines


def _host_lines(plan: HostPlan) -> Iterator[str]:
    """What would change on one host, in the order in which it would happen; nothing if nothing would."""
    summary = plan.dry_run.plan
    if summary.is_empty:
        return
    yield from _image_lines(plan)
    yield from _listed("volumes to make", summary.volumes)
    yield from _listed("secrets to make", plan.secrets)
    yield from _file_lines(plan)
    yield from _unit_lines(plan)
    yield from _listed("not touched", summary.untouched)
    yield from _titled(
        "cannot be undone", (f"{item.name} {_IRREVERSIBLE[item.what]}" for item in summary.irreversible)
    )
    yield from _titled("needs consent", map(_consent, summary.consents))


_IRREVERSIBLE = {
    "runs": "runs: no rollback undoes what it does",
    "forgets": "is forgotten: if it returns, by a rollback too, it runs again",
    "destroys": "is destroyed, with all that is in it",
    "applies": "is applied to the host: a rollback removes the file, not its effect",
}
_CONSENTS = {"removes": "is stopped and removed", "takes": "is the project that loses the host"}


def consent_lines(dry_run: DryRun) -> list[str]:
    """What an operator has to agree to on one host."""
    return [f"{dry_run.host}: {_consent(item)}" for item in dry_run.plan.consents]


def _consent(item: Item) -> str:
    return f"{item.name} {_CONSENTS[item.what]}"


def _image_lines(plan: HostPlan) -> Iterator[str]:
    images = plan.dry_run.plan.pulls
    yield from _titled("images to pull", (f"{image} ({_size(plan.sizes.get(image))})" for image in images))


def _size(size: int | None) -> str:
    return "size unknown" if size is None else f"{max(size / 1e6, 0.1):.1f} MB"


def _file_lines(plan: HostPlan) -> Iterator[str]:
    files = list(_files(plan.dry_run))
    if files:
        yield "  files:"
    for change, path in files:
        has_secrets = ", contains secrets" if path in plan.dry_run.plan.private else ""
        yield f"    {change:9} {path}{has_secrets}"
        yield from (f"      {line}" for line in plan.differences.get(path, "").splitlines())


def _unit_lines(plan: HostPlan) -> Iterator[str]:
    ordered = sorted(plan.dry_run.plan.units, key=lambda unit: -1 if unit.step is None else unit.step)
    for step, group in groupby(ordered, key=lambda unit: unit.step):
        yield "  before files are written:" if step is None else f"  step {step}:"
        for unit in group:
            reason = f"stops with {unit.stops_with}" if unit.stops_with else unit.why
            yield from _wrapped(f"{_ACTIONS[unit.action]:9} {unit.unit}: {reason}", hanging=14)
            yield from _cause_lines(plan, unit)


_ACTIONS = {"stop": "stop", "start": "start", "restart": "restart", "run": "run once"}


def _cause_lines(plan: HostPlan, unit: PlannedUnit) -> Iterator[str]:
    """What differs for a unit, and where that is written: the lines, or as the host knows it the files."""
    known = [plan.places.get((unit.unit, cause.name), ()) for cause in unit.causes]
    for cause, places in zip(unit.causes, known, strict=True):
        yield f"{'':14}{'its unit file' if cause.what == 'unit' else f'{cause.what} {cause.name}'}"
        if places:
            yield from _wrapped(f"from {', '.join(places)}", first=16, hanging=18)
    if not any(known):
        yield from (f"{'':14}from {source}" for source in unit.sources)


def _listed(title: str, names: Sequence[str]) -> Iterator[str]:
    """Names, as many on a line as there is room for."""
    if names:
        yield from _titled(title, (", ".join(names),))


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    wrapped = [part for line in lines for part in _wrapped(line, hanging=6)]
    if wrapped:
        yield f"  {title}:"
        yield from wrapped


def _wrapped(text: str, *, hanging: int, first: int = 4) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def totals(dry_runs: Sequence[DryRun]) -> str:
    """`Plan: 4 files written, 2 units restarted, 1 removed on 2 hosts`."""
    unknown = sum(dry_run.error is not None for dry_run in dry_runs)
    counts = _counts(dry_runs)
    hosts = counted(counts["hosts"], "host")
    files = _parts(counts, "file", ("written", "removed"))
    units = _parts(counts, "unit", ("restart", "start", "run", "stop", "remove"))
    changed = ", ".join([*files, *units]) or "no files or units"  # where only the project changes
    total = f"{changed} on {hosts}" if counts["hosts"] else "nothing to do"
    total += f"; {counted(unknown, 'host')} without a plan" if unknown else ""
    return textwrap.fill(f"Plan: {total}", WIDTH, subsequent_indent=" " * 6)


def _parts(counts: Mapping[str, int], noun: str, actions: Sequence[str]) -> list[str]:
    """`4 files written`, `1 removed`: what there is any of, with the noun in the first one."""
    numbers = [(counts[f"{noun} {action}"], _DONE.get(action, action)) for action in actions]
    present = [(number, done) for number, done in numbers if number]
    return [
        f"{number} {done}" if index else f"{counted(number, noun)} {done}"
        for index, (number, done) in enumerate(present)
    ]


_DONE = {
    "restart": "restarted",
    "start": "started",
    "run": "run once",
    "stop": "stopped",
    "remove": "removed",
}


def _counts(dry_runs: Iterable[DryRun]) -> Counter[str]:
    """What changes, and on how many hosts."""
    counts: Counter[str] = Counter()
    for dry_run in dry_runs:
        plan = dry_run.plan
        counts["hosts"] += not (plan.is_empty or dry_run.error)
        counts["file written"] += len(plan.writes)
        counts["file removed"] += len(plan.removals)
        counts.update(f"unit {'remove' if unit.why == 'removed' else unit.action}" for unit in plan.units)
    return counts
