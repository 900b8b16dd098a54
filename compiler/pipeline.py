"""The stages in order: load, merge, resolve, lower, emit, bundle. Reading this is reading the design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compiler import files
from compiler.diagnostics import Report
from compiler.model.container import Backend
from compiler.model.fleet import Fleet
from compiler.model.host import EmittedHost, LoweredHost
from compiler.model.inputs import Environment, Inputs, Merge
from compiler.model.service import HostData
from compiler.stages.bundle import tree
from compiler.stages.bundle.compiled import CompiledBundle, bundle
from compiler.stages.emit.host import emit
from compiler.stages.emit.hosts_block import hosts_block
from compiler.stages.load.inputs import Request, load
from compiler.stages.lower.host import lower
from compiler.stages.merge import differences, merge
from compiler.stages.resolve import resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to compile a request."""

    merge: Merge = Merge.SERVER
    backend: Backend | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What every stage makes of a request.

    Each iterator draws on the one before it, host by host: use one of them, and `report.check()` when it is
    exhausted. Hosts with mistakes are left out; the mistakes are in the report.
    """

    inputs: Inputs
    environment: Environment
    resolved: Iterator[HostData]
    lowered: Iterator[LoweredHost]
    emitted: Iterator[EmittedHost]
    bundles: Iterator[CompiledBundle]


def stages(request: Request, options: Options, report: Report, on_read: files.OnRead) -> Stages:
    """The stages of a request. Raises CompileError for input files that cannot be read or merged."""
    inputs = load(request, on_read)
    for difference in differences(inputs.environments):
        report.warn(difference.message(options.merge))
    environment = merge(inputs.environments, options.merge)
    resolved = resolve(inputs, environment, files.Opening(on_read), options.backend, report)
    lowered = lower(resolved, inputs.digests, report)
    emitted = emit(lowered, hosts_block((host.address, host.name) for host in inputs.hosts), report)
    return Stages(
        inputs=inputs,
        environment=environment,
        resolved=resolved,
        lowered=lowered,
        emitted=emitted,
        bundles=bundle(emitted),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What compiling made, in memory: nothing is written yet."""

    bundles: tuple[CompiledBundle, ...]
    everywhere: bool  # every host of the fleet was compiled, so hosts not among them have left

    @property
    def fleet(self) -> Fleet:
        """The hosts that were compiled."""
        return Fleet(hosts=tuple(bundle.host for bundle in self.bundles))


def compile_fleet(request: Request, options: Options, report: Report, on_read: files.OnRead) -> Compilation:
    """Input files to bundles. Raises CompileError with every mistake found; warnings go to the report."""
    made = stages(request, options, report, on_read)
    bundles = tuple(made.bundles)
    report.check()
    return Compilation(bundles=bundles, everywhere=len(made.inputs.chosen) == len(made.inputs.hosts))


def write(compilation: Compilation, out: Path) -> tree.Changes:
    """Make the build folder hold the compilation, touching no more than differs."""
    return tree.write(out, compilation.bundles, *_around(compilation, out))


def changes(compilation: Compilation, out: Path) -> tree.Changes:
    """What `write` would do."""
    return tree.changes(out, compilation.bundles, *_around(compilation, out))


def _around(compilation: Compilation, out: Path) -> tuple[bytes, tuple[str, ...]]:
    """fleet.json, and the hosts that left. A partial compile keeps what is there of other hosts."""
    before = tree.old_fleet(out)
    if compilation.everywhere:
        names = {host.name for host in compilation.fleet.hosts}
        return tree.fleet_json(compilation.fleet, {}), tuple(sorted(before.keys() - names))
    return tree.fleet_json(compilation.fleet, before), ()
