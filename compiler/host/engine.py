"""What is asked of podman or docker: images, volumes, containers' health."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .machine import Machine, require
from .manifest import Unit
from .store import Generation
from .wire import Pusher, Refusal, counted

PACKAGES = {"podman": "podman", "docker": "docker.io"}  # Debian's, of each engine
PULLS = 4  # images pulled at the same time


def check_engine(machine: Machine, wanted: Generation) -> None:
    """Refuse when containers are wanted and nothing is here that runs them."""
    if any(unit.images for unit in wanted.units) and not machine.has(wanted.engine):
        package = PACKAGES[wanted.engine]
        hint = (
            f"install it (Debian: apt-get install {package}), or choose another ContainerBackend for the host"
        )
        raise Refusal(f"`{wanted.engine}` is not installed", hint)


def pull(machine: Machine, pusher: Pusher, wanted: Generation, images: Sequence[str]) -> None:
    """Fetch the images that are not here yet, a few at a time, before anything on the host is touched."""
    missing = _absent(machine, wanted.engine, images) if images else []
    if not missing:
        return
    pusher.send("progress", text=f"pulling {counted(len(missing), 'image')}")
    problems = [problem for problem in _pulls(machine, pusher, wanted.engine, missing) if problem]
    if problems:
        hint = "nothing on the host was changed; `heatsink images push` provides images"
        raise Refusal("\n  ".join(problems), hint)


def _absent(machine: Machine, engine: str, images: Sequence[str]) -> list[str]:
    """The images whose digest is not here. A tag may have moved, so one is always fetched again."""
    listing = machine.run((engine, "images", "--digests", "--format", "{{.Repository}}@{{.Digest}}"))
    present = set(listing.stdout.split())
    return sorted(set(images) - present)


def _pulls(machine: Machine, pusher: Pusher, engine: str, images: Sequence[str]) -> Iterator[str | None]:
    """Fetch images; of each what went wrong, if anything did."""
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
    complaint = done.communicate()[1].strip()
    inspected_image = (
        machine.run((engine, "image", "inspect", "--format", "{{.Id}}", image)) if done.returncode else done
    )
    if inspected_image.returncode == 0:
        return None
    lines = complaint.splitlines() or [f"exit status {done.returncode}"]
    return f"image `{image}` cannot be pulled: {lines[-1].strip()}"


def make_volumes(machine: Machine, wanted: Generation) -> None:
    """Make the named volumes that are missing. Left to the engine, two containers that start at the same
    moment with the same new volume both try to make it, and one fails."""
    if not wanted.manifest.volumes:
        return
    present = machine.run((wanted.engine, "volume", "ls", "--format", "{{.Name}}")).stdout.split()
    for name in sorted(set(wanted.manifest.volumes) - set(present)):
        done = machine.run((wanted.engine, "volume", "create", name))
        require(done, f"volume `{name}` cannot be created")


def healths_of(machine: Machine, engine: str, units: Sequence[Unit]) -> dict[str, str]:
    """Container → what the engine says of its health, asked in one call."""
    names = [unit.container for unit in units]
    by_name = {_name_of(container): container for container in inspected(machine, engine, names)}
    return {name: _health_of(by_name[name]) for name in names if name in by_name}


def inspected(machine: Machine, engine: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """What the engine says of containers; those that are gone are left out."""
    if not names:
        return []
    # Of containers that are gone both engines complain on stderr, and still describe the others.
    done = machine.run((engine, "inspect", "--type", "container", *names))
    containers: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return containers


def _name_of(container: Mapping[str, Any]) -> str:
    return str(container["Name"]).lstrip("/")


def _health_of(container: Mapping[str, Any]) -> str:
    state = container["State"]
    return str((state.get("Health") or state.get("Healthcheck") or {}).get("Status") or "")


def answers(machine: Machine, engine: str, unit: Unit) -> bool:
    """Whether a container's own health check succeeds now: the engine looks only once an interval."""
    containers = inspected(machine, engine, (unit.container,))
    test = ((containers[0].get("Config") or {}).get("Healthcheck") or {}).get("Test") if containers else None
    if not test:
        return False
    command = ("/bin/sh", "-c", test[1]) if test[0] == "CMD-SHELL" else tuple(test[1:])
    return machine.run((engine, "exec", unit.container, *command)).returncode == 0
