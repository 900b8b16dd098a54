"""`heatsink push-artifacts`: from a build folder to running units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from compiler.cli.changing import Changing, changing_options
from compiler.cli.command import PlanCommand, WrongPlanError, json_option
from compiler.cli.consent import ask_before_push, note_respelled, yes_option
from compiler.cli.log import keep_log
from compiler.cli.options import lookaside_option, secrets_option
from compiler.cli.output import note
from compiler.cli.plan_output import HostPlan, as_document, exit_with_changes, show
from compiler.cli.secret_values import SecretsNeeded, new_secrets_option
from compiler.cli.selection import Selection, selecting, show_errors, show_left, show_outcomes
from compiler.cli.signature_policy import check_signatures

if TYPE_CHECKING:
    from compiler.deploy.activation import PushOptions
    from compiler.deploy.archives import ImageArchives
    from compiler.deploy.bundle import BundleFolder
    from compiler.deploy.outcome import DryRun, Outcome
    from compiler.deploy.plan_file import PlanFile
    from compiler.files.secrets import SecretsFile
    from compiler.model.fleet import Fleet, FleetHost

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

take_over_option = click.option(
    "--take-over", "taken_over", metavar="PROJECT", default="",
    help="Push to hosts that belong to this other project; they belong to yours then.",
)  # fmt: skip
verify_option = click.option(
    "--verify", is_flag=True,
    help="Compare every file, also on hosts that have this bundle: what was changed there is put back.",
)  # fmt: skip


@click.command("push-artifacts", cls=PlanCommand)
@selecting
@secrets_option("Secrets file; missing values are generated, unless a host has them.")
@new_secrets_option()
@changing_options
@take_over_option
@verify_option
@click.option("--dry-run", "dry", is_flag=True, help="Show what would change, as `heatsink plan` does.")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Carry out this plan of `heatsink plan -o`, unless a host has moved since.",
)  # fmt: skip
@click.option(
    "--service", "services", multiple=True, metavar="NAME",
    help="Change only this service, repeatable; refused if a job of another one is due.",
)  # fmt: skip
@click.option(
    "--images", "images_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="File of `heatsink images save`: images that a host lacks are sent, not pulled.",
)  # fmt: skip
@lookaside_option
@yes_option
@json_option("Print the result for each host as JSON.")
def push_artifacts(
    selection: Selection,
    changing: Changing,
    file: SecretsFile,
    new_secrets: tuple[str, ...],
    taken_over: str,
    verify: bool,
    dry: bool,
    plan_file: Path | None,
    services: tuple[str, ...],
    images_file: Path | None,
    lookaside: Path,
    yes: bool,
    as_json: bool,
) -> None:
    """Copy the bundle to the hosts and activate it.

    Only files that a host lacks are sent, and only units that changed or are not up are started, step by
    step on all hosts together. A host that fails is left out while the others finish; pushing again resumes
    where it stopped. A push that removes a service asks first.
    """
    if services and (dry or plan_file or taken_over):
        raise WrongPlanError("`--service` limits a push, not a plan or a takeover: they are for all services")
    planned = _planned(selection, plan_file) if plan_file else None
    images = _images(images_file)
    inputs = PushInputs.read(_hosts_of(planned, selection), file, new_secrets)
    check_signatures(inputs.bundles.values(), images, lookaside)
    if dry:
        show_plan(inputs, taken_over=taken_over, verify=verify, as_json=as_json)
        return
    if planned:
        planned.check_secrets(inputs.made)
        verify = planned.verify
    options = changing.options(selection.build, inputs.fleet, taken_over=taken_over)
    options = replace(options, made=tuple(inputs.made), services=services, verify=verify)
    keep_log(options, inputs.hosts)
    if not as_json:
        show_left(inputs.fleet)
    show_outcomes(_pushed(inputs, options, planned, images, yes=yes), as_json=as_json)


def _pushed(
    inputs: PushInputs,
    options: PushOptions,
    planned: PlanFile | None,
    images: ImageArchives,
    *,
    yes: bool,
) -> Sequence[Outcome]:
    """Push, once all hosts have said what would change and the operator agrees to that."""
    from compiler.deploy.push import push

    def consent(dry_runs: Sequence[DryRun]) -> None:
        if planned:
            planned.check_hosts(dry_runs)
        note_respelled(dry_runs)
        ask_before_push(dry_runs, yes=yes)
        inputs.save_secrets(dry_runs)

    with inputs.selection.sessions(inputs.hosts) as sessions:
        return push(sessions, inputs.bundles, inputs.secrets, options, consent, images)


def _images(path: Path | None) -> ImageArchives:
    if path is None:
        from compiler.deploy.archives import NoArchives

        return NoArchives()
    from compiler.images.layout_file import read_layout

    return read_layout(path)


def _planned(selection: Selection, path: Path) -> PlanFile:
    """The plan in a file, for the build that it was made for."""
    from compiler.deploy.plan_file import bundle_digest, read_plan

    if selection.patterns or selection.roles:
        raise click.UsageError("`--plan` carries out the whole plan: `--host` and `--role` belong to `plan`")
    planned = read_plan(path)
    planned.check_bundle(bundle_digest(selection.build))
    return planned


def _hosts_of(planned: PlanFile | None, selection: Selection) -> Selection:
    return replace(selection, patterns=tuple(planned.hosts)) if planned else selection


@dataclass(frozen=True, slots=True, kw_only=True)
class PushInputs:
    """What a push takes from the operator's folder: bundles, and values for all secrets that they need."""

    selection: Selection
    fleet: Fleet
    hosts: tuple[FleetHost, ...]
    bundles: dict[str, BundleFolder]
    secrets: dict[str, str]
    made: dict[str, str]  # those of them that are new
    needed: SecretsNeeded

    @classmethod
    def read(cls, selection: Selection, file: SecretsFile, new_secrets: Sequence[str]) -> PushInputs:
        """Read them, and generate the values of secrets that have none."""
        fleet, hosts = selection.read()
        needed = SecretsNeeded(selection=selection, fleet=fleet, file=file, forced=new_secrets)
        bundles = needed.bundles(hosts)
        secrets, made = needed.values(bundles.values())
        return cls(
            selection=selection,
            fleet=fleet,
            hosts=hosts,
            bundles=bundles,
            secrets=secrets,
            made=made,
            needed=needed,
        )

    def save_secrets(self, dry_runs: Sequence[DryRun]) -> None:
        """Add values that are new to the secrets file, if there is a host that gets them."""
        if not all(dry_run.error for dry_run in dry_runs):
            self.needed.keep(self.made)

    def host_plans(self, dry_runs: Sequence[DryRun]) -> list[HostPlan]:
        """Dry runs with what only the operator's folder knows."""
        from compiler.deploy.differences import differences
        from compiler.deploy.places import places
        from compiler.images.sizes import sizes

        images = sizes(image for dry_run in dry_runs for image in dry_run.plan.pulls)
        return [
            HostPlan(
                dry_run=dry_run,
                secrets=tuple(sorted({*self.bundles[dry_run.host].secrets} & self.made.keys())),
                differences=differences(self.bundles[dry_run.host], dry_run.plan),
                sizes=images,
                places=places(self.bundles[dry_run.host], dry_run.plan),
            )
            for dry_run in dry_runs
        ]


def show_plan(
    inputs: PushInputs,
    *,
    taken_over: str,
    verify: bool,
    as_json: bool,
    diff: bool = False,
    output: Path | None = None,
) -> None:
    """Print what a push would change, and end with the exit code that says whether it is anything."""
    from compiler.deploy.activation import PushOptions
    from compiler.deploy.plan_file import bundle_digest, write_plan
    from compiler.deploy.push import dry_run

    options = PushOptions(
        steps=inputs.fleet.steps,
        timeout=0,
        project=inputs.fleet.project,
        taken_over=taken_over,
        made=tuple(inputs.made),
        verify=verify,
        diff=diff,
    )
    if not as_json:
        show_left(inputs.fleet)
    with inputs.selection.sessions(inputs.hosts) as sessions:
        dry_runs = dry_run(sessions, inputs.bundles, inputs.secrets, options)
    plans = inputs.host_plans(dry_runs)
    document = as_document(plans, bundle_digest(inputs.selection.build), verify=verify)
    show(plans, document, as_json=as_json)
    show_errors([dry_run.error for dry_run in dry_runs])
    if output:
        write_plan(output, document)
        note(f"saved in {output}: `heatsink push-artifacts --plan {output}` carries it out")
    exit_with_changes(dry_runs)
