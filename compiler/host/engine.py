"""Podman or docker: images, volumes, and the health of containers."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .layout import QUADLETS
from .machine import Machine, require
from .manifest import ENGINES, Unit
from .store import Generation
from .wire import Pusher, RefusedError, counted

QUADLET_SINCE = (4, 6)  # the podman that Quadlet files are written for
PULLS = 4  # images pulled at a time


def check_engine(machine: Machine, wanted: Generation) -> None:
    """Refuse a generation with containers if nothing on the host can run them."""
    if any(unit.images for unit in wanted.units) and not machine.has(wanted.engine):
        package = ENGINES[wanted.engine]
        hint = (
            f"install it (Debian: apt-get install {package}), or choose another ContainerBackend for the host"
        )
        raise RefusedError(f"`{wanted.engine}` is not installed", hint)
    if any(file.path.startswith(f"{QUADLETS}/") for file in wanted.files):
        _check_quadlet(machine)


def _check_quadlet(machine: Machine) -> None:
    """Refuse Quadlet files where podman is too old to make units of them: it would ignore them."""
    version = re.search(r"(\d+)\.(\d+)\S*", machine.run(("podman", "--version")).stdout)
    if version and (int(version[1]), int(version[2])) < QUADLET_SINCE:
        raise RefusedError(
            f"podman {version[0]} is too old for the backend `quadlet`, which needs podman 4.6",
            "write `backend: podman` for the host in the hosts file and compile again, or update podman",
        )


def pull(machine: Machine, pusher: Pusher, wanted: Generation, images: Sequence[str]) -> None:
    """Pull missing images, PULLS at a time, before anything on the host changes."""
    missing = _absent(machine, wanted.engine, images) if images else []
    if not missing:
        return
    pusher.send("progress", text=f"pulling {counted(len(missing), 'image')}")
    problems = [problem for problem in _pulls(machine, pusher, wanted.engine, missing) if problem]
    if problems:
        hint = "nothing on the host was changed; `heatsink images push` provides images"
        raise RefusedError("\n  ".join(problems), hint)


def _absent(machine: Machine, engine: str, images: Sequence[str]) -> list[str]:
    """The images whose digest is not on the host. A tag may have moved, so tags are always pulled."""
    listing = machine.run((engine, "images", "--digests", "--format", "{{.Repository}}@{{.Digest}}"))
    present = set(listing.stdout.split())
    return sorted(set(images) - present)


def _pulls(machine: Machine, pusher: Pusher, engine: str, images: Sequence[str]) -> Iterator[str | None]:
    """Pull images; for each the error, or None."""
    waiting = list(images)
    running: dict[str, subprocess.Popen[str]] = {}
    while waiting or running:
        while waiting and len(running) < PULLS:
            image = waiting.pop(0)
            running[image] = machine.start((engine, "pull", "--quiet", image))
        pusher.wait_until(
            lambda: any(process.poll() is not None for process in running.values()), "pulling images"
        )
        for image in [image for image, process in running.items() if process.poll() is not None]:
            yield _pull_problem(machine, engine, image, running.pop(image))


def _pull_problem(machine: Machine, engine: str, image: str, done: subprocess.Popen[str]) -> str | None:
    errors = done.communicate()[1].strip()
    if done.returncode == 0 or _is_present(machine, engine, image):
        return None
    lines = errors.splitlines() or [f"exit status {done.returncode}"]
    return f"image `{image}` cannot be pulled: {lines[-1].strip()}"


def _is_present(machine: Machine, engine: str, image: str) -> bool:
    return machine.run((engine, "image", "inspect", "--format", "{{.Id}}", image)).returncode == 0


def make_volumes(machine: Machine, wanted: Generation) -> None:
    """Create missing named volumes. If the engine did, two containers that start together with the same new
    volume would both try to create it, and one would fail."""
    if not wanted.manifest.volumes:
        return
    present = machine.run((wanted.engine, "volume", "ls", "--format", "{{.Name}}")).stdout.split()
    for name in sorted(set(wanted.manifest.volumes) - set(present)):
        done = machine.run((wanted.engine, "volume", "create", name))
        require(done, f"volume `{name}` cannot be created")


def healths_of(machine: Machine, engine: str, units: Sequence[Unit]) -> dict[str, str]:
    """Container → its health as the engine reports it, from one call."""
    names = [unit.container for unit in units]
    by_name = {_name_of(container): container for container in inspected(machine, engine, names)}
    return {name: _health_of(by_name[name]) for name in names if name in by_name}


def inspected(machine: Machine, engine: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """The engine's description of containers; those that do not exist are left out."""
    if not names:
        return []
    # Both engines report missing containers on stderr and still describe the others.
    done = machine.run((engine, "inspect", "--type", "container", *names))
    containers: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return containers


def _name_of(container: Mapping[str, Any]) -> str:
    return str(container["Name"]).lstrip("/")


def _health_of(container: Mapping[str, Any]) -> str:
    state = container["State"]
    return str((state.get("Health") or state.get("Healthcheck") or {}).get("Status") or "")


def passes_check(machine: Machine, engine: str, unit: Unit) -> bool:
    """Whether a container's health check succeeds now: the engine runs it only once per interval."""
    containers = inspected(machine, engine, (unit.container,))
    test = ((containers[0].get("Config") or {}).get("Healthcheck") or {}).get("Test") if containers else None
    if not test:
        return False
    command = ("/bin/sh", "-c", test[1]) if test[0] == "CMD-SHELL" else tuple(test[1:])
    return machine.run((engine, "exec", unit.container, *command)).returncode == 0
