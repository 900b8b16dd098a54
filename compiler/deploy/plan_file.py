"""The file of `heatsink plan -o`, which a push carries out: the plan as JSON, without values of secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.deploy.outcome import DryRun
from compiler.diagnostics import HeatsinkError, Problem, reason
from compiler.files.writing import replace_file

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """What must be the same when the plan is carried out."""

    bundle: str  # digest of the build folder
    secrets: tuple[str, ...]  # names of those that are made
    verify: bool  # whether every host has compared its files
    hosts: Mapping[str, str]  # host → digest of its plan, or the generation that it has already

    def check_bundle(self, digest: str) -> None:
        """Raise HeatsinkError if the build is not that of the plan."""
        if digest != self.bundle:
            raise HeatsinkError("the build has changed since the plan was made", hint=_AGAIN)

    def check_secrets(self, made: Iterable[str]) -> None:
        """Raise HeatsinkError if other secrets would be made than in the plan."""
        if set(made) != set(self.secrets):
            raise HeatsinkError("the secrets file has changed since the plan was made", hint=_AGAIN)

    def check_hosts(self, dry_runs: Iterable[DryRun]) -> None:
        """Raise HeatsinkError if any host has moved since the plan was made, or cannot be asked."""
        if problems := [problem for dry_run in dry_runs for problem in self._problems(dry_run)]:
            raise HeatsinkError.of((*problems, Problem("no host was changed")))

    def _problems(self, dry_run: DryRun) -> Sequence[Problem]:
        if dry_run.error:
            return dry_run.error.problems
        if state(dry_run) == self.hosts[dry_run.host]:
            return ()
        return (Problem(f"{dry_run.host}: something has changed since the plan was made", hint=_AGAIN),)


_AGAIN = "make a new one: `heatsink plan -o FILE`"


def bundle_digest(build: Path) -> str:
    """A digest of everything in a build folder: fleet.json has those of all manifests, these of all files."""
    return hashlib.sha256((build / "fleet.json").read_bytes()).hexdigest()


def state(dry_run: DryRun) -> str:
    """What tells whether a host has moved since a plan was made."""
    return dry_run.plan.digest or f"generation {dry_run.generation}"


def write_plan(path: Path, document: Mapping[str, object]) -> None:
    """Write a plan file. Raises HeatsinkError."""
    try:
        replace_file(path, f"{json.dumps(document, indent=1)}\n".encode(), 0o600)
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be written: {reason(error)}") from None


def read_plan(path: Path) -> PlanFile:
    """Read a plan file. Raises HeatsinkError if it is missing, invalid or too new."""
    try:
        document = json.loads(path.read_bytes())
        if document["format"] > FORMAT:
            raise HeatsinkError(
                f"`{path}` has format {document['format']}, and this heatsink reads formats up to {FORMAT}",
                hint="push with the heatsink that made the plan, or plan again",
            )
        return _plan_file(document)
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise HeatsinkError(f"`{path}` is not a valid plan", hint=_AGAIN) from None


def _plan_file(document: Any) -> PlanFile:
    return PlanFile(
        bundle=str(document["bundle"]),
        secrets=tuple(map(str, document["secrets"])),
        verify=document.get("verify") is True,
        hosts={str(host["host"]): str(host["state"]) for host in document["hosts"]},
    )
