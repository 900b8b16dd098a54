"""The kernel modules that a bundle and its engine need."""

from __future__ import annotations

import os
from collections.abc import Iterator

from .machine import Machine
from .store import Generation

_DRIVER = {"podman": "{{.Store.GraphDriverName}}", "docker": "{{.Driver}}"}  # of an engine's storage


def lacking_modules(machine: Machine, wanted: Generation) -> Iterator[str]:
    """What the kernel certainly lacks of that; where it keeps no list of its modules, nobody knows."""
    release = os.uname().release
    if not machine.path(f"/lib/modules/{release}/modules.dep").is_file() or not machine.has("modprobe"):
        return
    for module in wanted.manifest.kernel_modules:
        if _is_lacking(machine, module):
            yield f"the kernel {release} has no module `{module}`"
    if wanted.units and _is_lacking(machine, "overlay") and _stores_in_overlay(machine, wanted.engine):
        yield f"the kernel {release} has no module `overlay`, in which {wanted.engine} keeps its images"


def _is_lacking(machine: Machine, module: str) -> bool:
    if machine.path(f"/sys/module/{module.replace('-', '_')}").exists():
        return False
    return machine.run(("modprobe", "--dry-run", "--quiet", module)).returncode != 0


def _stores_in_overlay(machine: Machine, engine: str) -> bool:
    return machine.run((engine, "info", "--format", _DRIVER[engine])).stdout.startswith("overlay")
