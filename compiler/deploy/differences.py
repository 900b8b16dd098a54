"""What a plan changes in files, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from compiler.deploy.bundle import BundleFolder
from compiler.deploy.events import PlanSummary
from compiler.deploy.printable import printable_lines
from compiler.deploy.reading import LONGEST_TEXT


def differences(bundle: BundleFolder, plan: PlanSummary) -> dict[str, str]:
    """Path → a unified diff, of the changed files that may be shown: small texts without secrets.

    It is empty where nothing visible differs: only mode, owner, white space or control characters.
    """
    shown = {file.path for file in bundle.manifest.files if not file.sensitive and file.size <= LONGEST_TEXT}
    return {
        path: "".join(_diff(path, old, bundle.text(path)))
        for path, old in sorted(plan.texts.items())
        if path in plan.writes and path in shown and path not in plan.private
    }


def _diff(path: str, old: str, new: str) -> Iterator[str]:
    """The lines of a diff; `old` is the text as a host sent it, without control characters."""
    lines = printable_lines(new, LONGEST_TEXT).splitlines()
    for line in difflib.unified_diff(old.splitlines(), lines, f"{path} now", f"{path} wanted", lineterm=""):
        yield f"{line}\n"
