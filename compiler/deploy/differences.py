"""What a plan changes in files, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from compiler.deploy.bundle import BundleFolder
from compiler.deploy.events import PlanSummary
from compiler.deploy.printable import printable_lines
from compiler.deploy.reading import LONGEST_TEXT


def differences(bundle: BundleFolder, plan: PlanSummary) -> dict[str, str]:
    """Path → a unified diff, of the changed files that may be shown: small texts without secrets.

    It is empty where nothing visible differs: only mode, owner, white space or control characters.
    """
    shown = {file.path for file in bundle.manifest.files if not file.sensitive and file.size <= LONGEST_TEXT}
    paths = shown & plan.texts.keys() & {*plan.writes}
    return text_differences(plan, {path: bundle.text(path) for path in paths}, "now", "wanted")


def text_differences(plan: PlanSummary, wanted: Mapping[str, str], before: str, after: str) -> dict[str, str]:
    """The same between the texts of a plan and others, for which there is a word each."""
    return {
        path: "".join(_diff((plan.texts[path], f"{path} {before}"), (wanted[path], f"{path} {after}")))
        for path in sorted(plan.texts.keys() & wanted.keys() & {*plan.writes} - {*plan.private})
    }


def _diff(old: tuple[str, str], new: tuple[str, str]) -> Iterator[str]:
    """The lines of a diff of two texts with their titles; a host sends texts without control characters."""
    lines = printable_lines(new[0], LONGEST_TEXT).splitlines()
    for line in difflib.unified_diff(old[0].splitlines(), lines, old[1], new[1], lineterm=""):
        yield f"{line}\n"
