"""The stages in order: load, merge, resolve, lower, emit, bundle. Reading this is reading the design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from compiler import files
from compiler.diagnostics import Report
from compiler.model.container import Backend
from compiler.model.credential import Credential
from compiler.model.fleet import Fleet
from compiler.model.host import EmittedHost, LoweredHost
from compiler.model.inputs import Environment, ImagePins, Inputs, Merge, Opener
from compiler.model.output import FleetOutput
from compiler.model.service import OVERRIDES, HostData
from compiler.stages.bundle import tree
from compiler.stages.bundle.compiled import CompiledBundle, bundle
from compiler.stages.emit.host import emit
from compiler.stages.emit.hosts_block import hosts_block
from compiler.stages.load.inputs import Request, load, misnamed_files
from compiler.stages.lower.host import lower
from compiler.stages.merge import differences, merge, overlaid
from compiler.stages.resolve import resolve
from compiler.stages.resolve.credentials import credentials
from compiler.stages.resolve.outputs import fleet_outputs

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to compile a request."""

    merge: Merge = Merge.SERVER
    backend: Backend | None = None
    locked: bool = False
    """Whether an image without a digest is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The stages of a request. Each method runs the stages up to its own, host by host, while it is iterated.

    A host with mistakes is left out, and the report has them; `completed` raises them all.
    """

    inputs: Inputs
    environment: Environment
    credentials: tuple[Credential, ...]
    opener: Opener
    backend: Backend | None
    report: Report

    def resolved(self) -> Iterator[HostData]:
        """Hosts with the role_data of their services."""
        return resolve(self.inputs, self.environment, self.opener, self.backend, self.report)

    def outputs(self, name: str | None = None) -> tuple[FleetOutput, ...]:
        """The outputs of the fleet, or the one of a name. Raises HeatsinkError with every mistake."""
        return fleet_outputs(self.inputs, self.environment, self.opener, self.report, name)

    def lowered(self) -> Iterator[LoweredHost]:
        """Hosts with their containers and files, fully specified."""
        return lower(self.resolved(), self.inputs.pins, self.inputs.images, self.report)

    def emitted(self) -> Iterator[EmittedHost]:
        """Hosts with the text of their units and files."""
        names = hosts_block((host.address, host.name) for host in self.inputs.hosts)
        return emit(self.lowered(), names, self.report)

    def bundles(self) -> Iterator[CompiledBundle]:
        """Hosts with their files and manifest."""
        return bundle(self.emitted(), self.inputs.project)

    def completed(self, hosts: Iterator[T]) -> tuple[T, ...]:
        """All hosts of one of the methods. Raises CompileError with every mistake found on the way."""
        result = tuple(hosts)
        self.report.check()
        return result


def stages(request: Request, options: Options, report: Report, on_read: files.OnRead) -> Stages:
    """The stages of a request. Raises CompileError for input files that cannot be read or merged."""
    inputs = load(request, on_read)
    inputs = replace(inputs, pins=replace(inputs.pins, required=options.locked))
    for path in misnamed_files():
        report.suspect(f"`{path}` is not read", hint=f"rename it to `{path.with_suffix('.yaml')}`")
    environments = overlaid(inputs.environments, OVERRIDES)
    for difference in differences(environments):
        report.warn(difference.message(options.merge))
    environment = merge(environments, options.merge)
    return Stages(
        inputs=inputs,
        environment=environment,
        credentials=credentials(environment),
        opener=files.Opening(on_read),
        backend=options.backend,
        report=report,
    )


def named_images(request: Request, options: Options, report: Report, on_read: files.OnRead) -> list[str]:
    """The references of all images of a request's containers, as they are named: without a lock's digests."""
    made = stages(request, options, report, on_read)
    unpinned = replace(made, inputs=replace(made.inputs, pins=ImagePins()))
    hosts = unpinned.completed(unpinned.lowered())
    return sorted({container.image for host in hosts for container in host.containers if container.image})


def tagged_images(request: Request, options: Options, report: Report, on_read: files.OnRead) -> list[str]:
    """The references of all images of a request's containers, as a lock has them; not those with a digest."""
    return [image for image in named_images(request, options, report, on_read) if "@" not in image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What compiling made, in memory: nothing is written yet."""

    project: str
    bundles: tuple[CompiledBundle, ...]
    credentials: tuple[Credential, ...]
    everywhere: bool  # every host of the fleet was compiled, so hosts not among them have left

    @property
    def fleet(self) -> Fleet:
        """The hosts that were compiled."""
        hosts = tuple(bundle.host for bundle in self.bundles)
        return Fleet(hosts=hosts, project=self.project, credentials=self.credentials)


def compile_fleet(request: Request, options: Options, report: Report, on_read: files.OnRead) -> Compilation:
    """Compile to bundles. Raises CompileError with every mistake found; warnings go to the report."""
    made = stages(request, options, report, on_read)
    bundles = made.completed(made.bundles())
    return Compilation(
        project=made.inputs.project,
        bundles=bundles,
        credentials=made.credentials,
        everywhere=len(made.inputs.chosen) == len(made.inputs.hosts),
    )


def write(compilation: Compilation, out: Path) -> tree.Changes:
    """Make the build folder hold the compilation, touching no more than differs."""
    return tree.write(out, compilation.bundles, *_around(compilation, out))


def changes(compilation: Compilation, out: Path) -> tree.Changes:
    """What `write` would do."""
    return tree.changes(out, compilation.bundles, *_around(compilation, out))


def left(compilation: Compilation, out: Path) -> tree.Entries:
    """The hosts that left the hosts file and are not removed yet: what is installed on them still runs."""
    before = tree.old_fleet(out)
    names = {host.name for host in compilation.fleet.hosts}
    earlier = before.left | (before.hosts if compilation.everywhere else {})
    return {name: earlier[name] for name in sorted(earlier.keys() - names)}


def _around(compilation: Compilation, out: Path) -> tuple[bytes, tuple[str, ...]]:
    """fleet.json, and the hosts whose bundles leave. A partial compile keeps what is there of other hosts."""
    before, having_left = tree.old_fleet(out).hosts, left(compilation, out)
    others = {} if compilation.everywhere else before
    return tree.fleet_json(compilation.fleet, others, having_left), tuple(sorted(before.keys() & having_left))
