"""Pushing: compare, send what is missing, and start one step after the other on all hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from compiler.deploy.activation import PushOptions, activate
from compiler.deploy.archives import ImageArchives
from compiler.deploy.bundle import BundleFolder
from compiler.deploy.events import Missing, PlanSummary
from compiler.deploy.outcome import Consent, DryRun, Outcome, dry_runs
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions
from compiler.host.manifest import digest

Result = TypeVar("Result", DryRun, Outcome)


def push(
    sessions: Sessions,
    bundles: Mapping[str, BundleFolder],
    secrets: Mapping[str, str],
    options: PushOptions,
    consent: Consent = lambda _: None,
    archives: ImageArchives | None = None,
) -> tuple[Outcome, ...]:
    """Bring hosts to the state in their bundles. `secrets` has a value for every name that a bundle needs.

    Images that hosts lack are sent from `archives`, if they are there.
    """
    unchanged = _stage(sessions, bundles, secrets, options)

    def agree(plans: Mapping[str, PlanSummary]) -> None:
        consent(_in_order(dry_runs(sessions, plans, unchanged), bundles))

    outcomes = [Outcome(host=host, generation=generation) for host, generation in unchanged.items()]
    return _in_order([*outcomes, *activate(sessions, options, agree, archives)], bundles)


def dry_run(
    sessions: Sessions,
    bundles: Mapping[str, BundleFolder],
    secrets: Mapping[str, str],
    options: PushOptions,
) -> tuple[DryRun, ...]:
    """What `push` would change; nothing on the hosts is changed."""
    unchanged = _stage(sessions, bundles, secrets, options, dry=True)
    plans = sessions.ask(lambda session: session.expect(PlanSummary))
    return _in_order(dry_runs(sessions, plans, unchanged), bundles)


def _stage(
    sessions: Sessions,
    bundles: Mapping[str, BundleFolder],
    secrets: Mapping[str, str],
    options: PushOptions,
    *,
    dry: bool = False,
) -> dict[str, int]:
    """Give hosts their bundles. Those that are up to date are left out: host → their generation."""
    request = {**options.request, "dry": dry}

    def current(session: Session) -> int:
        """The host's generation if it is the wanted one and up, else 0. It is dismissed at once then: with
        1,000 hosts, connections that stay open cost as much CPU time as all else."""
        bundle = bundles[session.host]
        greeting = session.greet()
        wanted = digest(greeting.salt, bundle.host.manifest, _needed(bundle, secrets))
        is_current = greeting.up and greeting.digest != "-" and greeting.digest == wanted
        if not is_current or options.verify:
            return 0
        session.dismiss()
        return greeting.generation

    def stage(session: Session) -> None:
        bundle = bundles[session.host]
        session.request("push", {**request, "secrets": _needed(bundle, secrets)}, bundle.content)
        blobs = session.expect(Missing).blobs
        if len(set(blobs)) < len(blobs) or not bundle.hashes.issuperset(blobs):
            raise session.misunderstood("it misses files that are not in the bundle")
        if blobs:
            session.send({}, bundle.blobs(blobs))

    unchanged = {host: generation for host, generation in sessions.map(current).items() if generation}
    sessions.close(unchanged)
    sessions.map_without_slow(stage)
    return unchanged


def _needed(bundle: BundleFolder, secrets: Mapping[str, str]) -> dict[str, str]:
    return {name: secrets[name] for name in bundle.secrets}


def _in_order(results: Iterable[Result], bundles: Mapping[str, BundleFolder]) -> tuple[Result, ...]:
    by_host = {result.host: result for result in results}
    return tuple(by_host[host] for host in bundles)
