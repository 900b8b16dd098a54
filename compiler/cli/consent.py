"""Asks before a change that an operator may not expect."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from compiler.cli.output import note
from compiler.cli.plan_colours import coloured_plan
from compiler.cli.plan_output import HostPlan, consent_lines, plan_lines, totals
from compiler.cli.progress import progress_paused
from compiler.diagnostics import HeatsinkError

if TYPE_CHECKING:
    from compiler.deploy.outcome import DryRun

yes_option = click.option("-y", "--yes", is_flag=True, help="Agree, without a question.")


def note_respelled(dry_runs: Sequence[DryRun]) -> None:
    """Name the units that restart although they mean the same as before."""
    for dry_run in dry_runs:
        names = [unit.unit for unit in dry_run.plan.units if unit.why == "respelled"]
        if names:
            note(f"{dry_run.host}: only written in other words, but restarted: {', '.join(names)}")


def ask_before_push(dry_runs: Sequence[DryRun], *, yes: bool) -> None:
    """Ask about what needs consent, if anything does. Raises HeatsinkError without it."""
    lines = [line for dry_run in dry_runs for line in consent_lines(dry_run)]
    if lines:
        _ask((*lines, totals(dry_runs)), "the push needs consent", yes=yes)


def ask_before(what: str, dry_runs: Sequence[DryRun], *, yes: bool, word: str = "") -> None:
    """Show the plan of a rollback or a removal, and ask. Raises HeatsinkError without consent.

    If volumes are destroyed, they are listed and the operator has to enter the word.
    """
    plans = [HostPlan(dry_run=dry_run) for dry_run in dry_runs if not dry_run.error]
    lines = coloured_plan(plan_lines(plans))
    if any(not plan.dry_run.is_unchanged for plan in plans):
        destroyed = list(_destroyed_lines(dry_runs))
        _ask(
            (*lines, "", totals(dry_runs), *destroyed),
            f"{what} needs consent",
            yes=yes,
            word=word if destroyed else "",
        )


def _destroyed_lines(dry_runs: Sequence[DryRun]) -> Iterator[str]:
    """The volumes that are destroyed, by host."""
    if any(dry_run.plan.destroyed for dry_run in dry_runs):
        yield "\nThese volumes are destroyed, and what is in them is lost for good:"
    for dry_run in dry_runs:
        yield from (f"  {dry_run.host}: {name}" for name in dry_run.plan.destroyed)


def _ask(lines: Sequence[str], need: str, *, yes: bool, word: str = "") -> None:
    """Show what would change, and go on if the operator agrees, or has agreed with `--yes`.

    With a word that has to be entered, y is not enough.
    """
    with progress_paused():
        for line in lines:
            note(line)
        if yes:
            return
        if not sys.stdin.isatty():
            raise HeatsinkError(f"{need}, and there is no terminal to ask on", hint="agree with `--yes`")
        if not (_is_entered(word) if word else click.confirm("Continue?", err=True)):
            raise HeatsinkError("no host was changed")


def _is_entered(word: str) -> bool:
    answer: str = click.prompt(f"Enter `{word}` to destroy them", default="", show_default=False, err=True)
    return answer.strip() == word
