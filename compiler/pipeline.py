"""The stages in order: load, merge, resolve, lower, emit, bundle. Reading this is reading the design."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from compiler import files, schemas
from compiler.diagnostics import Report
from compiler.model.container import Backend
from compiler.model.fleet import Fleet, FleetHost
from compiler.model.host import LoweredHost
from compiler.model.stack import Host, Merge
from compiler.stages.bundle import tree
from compiler.stages.bundle.manifest import Manifests
from compiler.stages.emit.host import Emitter
from compiler.stages.emit.hosts_block import hosts_block
from compiler.stages.load.inputs import Request, inputs
from compiler.stages.lower.host import Lowering
from compiler.stages.merge import differences, merge
from compiler.stages.resolve.services import Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to compile, beside what."""

    merge: Merge = Merge.SERVER
    backend: Backend | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What compiling made, in memory: nothing is written yet."""

    bundles: tuple[tree.HostBundle, ...]
    fleet: Fleet
    everywhere: bool  # every host of the fleet was compiled, so hosts not among them have left


def compile_fleet(request: Request, options: Options, report: Report, told: files.Told) -> Compilation:
    """Input files to bundles. Raises CompileError with every mistake found; warnings go to the report."""
    read = inputs(request, told)
    environment = merge(read.environments, options.merge)
    for each in differences(read.environments):
        report.warn(each.told(options.merge))
    resolver = Resolver(read, environment, files.Opening(told), schemas.check, options.backend, report)
    lowering = Lowering(read.digests, report)
    emitter = Emitter(hosts_block((host.address, host.name) for host in read.hosts))
    manifests = Manifests()

    bundles, members = [], []
    for data in resolver.hosts():
        with report.collecting():
            lowered = lowering.host(data)
            artifacts = emitter.host(lowered)
            manifest = manifests.manifest(lowered.name, lowered.role, lowered.backend, artifacts)
            bundles.append(tree.HostBundle(name=lowered.name, files=artifacts.files, manifest=manifest))
            members.append(_member(data.host, lowered, manifest))
    lowering.check_overrides(resolver.service_names())
    lowering.check_images()
    resolver.check_parameters()
    return Compilation(
        bundles=tuple(bundles),
        fleet=Fleet(hosts=tuple(members)),
        everywhere=len(read.chosen) == len(read.hosts),
    )


def _member(host: Host, lowered: LoweredHost, manifest: bytes) -> FleetHost:
    return FleetHost(
        name=lowered.name,
        role=lowered.role,
        backend=lowered.backend,
        connection=host.connection,
        manifest=hashlib.sha256(manifest).hexdigest(),
    )


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
