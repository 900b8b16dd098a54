"""Podman or docker: images and containers."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .activity import TimeLimitError
from .disk import remove_tree
from .layout import LAYERS, QUADLETS
from .machine import Machine, require
from .manifest import ENGINES
from .store import Generation
from .wire import Pusher, RefusedError, counted

if TYPE_CHECKING:
    from .command import RunningCommand

QUADLET_SINCE = (4, 6)  # the podman that Quadlet files are written for
BUILT_HERE = "localhost/"  # what podman puts before the name of an image that it builds
PULLS = 4  # images pulled at a time
REMEDIES = (  # what engines say, and what to do about it
    (
        "unauthorized|denied|authentication required|no basic auth",
        "check the user and the password that the bundle has for the registry",
    ),
    (
        "source image rejected",  # https://man.archlinux.org/man/containers-policy.json.5
        "sign it by a key that the bundle trusts (`heatsink images sign`), and serve the signature",
    ),
    ("", "`heatsink images push` provides images"),
)
SHOWN = 60  # characters of an answer that is not understood


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


class Present(NamedTuple):
    """The images that an engine has."""

    tags: Mapping[str, str]  # `repository:tag` → id
    digests: Mapping[str, str]  # `repository@digest` → id
    ids: frozenset[str]

    @property
    def known(self) -> dict[str, str]:
        """Reference → id, where a registry has no other image: by a digest, or built on the host."""
        built = {tag: image for tag, image in self.tags.items() if tag.startswith(BUILT_HERE)}
        return {**self.digests, **built}

    def tags_of(self, image: str) -> frozenset[str]:
        """The names of an image by its id, without those with a digest."""
        return frozenset(tag for tag, tagged in self.tags.items() if tagged == image)


def present_images(machine: Machine, engine: str) -> Present:
    """The images that an engine has, from one call. Raises RefusedError if it does not answer."""
    columns = "{{.ID}} {{.Repository}} {{.Tag}} {{.Digest}}"
    done = machine.run((engine, "images", "--digests", "--no-trunc", "--format", columns))
    require(done, f"`{engine}` does not tell its images")
    rows = [line.split() for line in done.stdout.splitlines() if len(line.split()) == 4]
    return Present(
        tags={f"{name}:{tag}": bare(image) for image, name, tag, _ in rows if tag != "<none>"},
        digests={f"{name}@{digest}": bare(image) for image, name, _, digest in rows if digest != "<none>"},
        ids=frozenset(bare(row[0]) for row in rows),
    )


def id_of(machine: Machine, engine: str, reference: str) -> str:
    """The id of an image on the host; "" if it has none of this name."""
    done = machine.run((engine, "image", "inspect", "--format", "{{.Id}}", reference))
    return bare(done.stdout.strip()) if done.returncode == 0 else ""


def bare(image: str) -> str:
    """An id as both engines understand it; some of their commands write the algorithm in front."""
    return image.rpartition(":")[2]


def pull(
    machine: Machine,
    pusher: Pusher,
    engine: str,
    images: Sequence[str],
    limit: float,
    environment: Mapping[str, str],
) -> None:
    """Pull images, PULLS at a time, before anything on the host changes; each in so many seconds."""
    pusher.send("progress", text=f"pulling {counted(len(images), 'image')}")
    layers = machine.path(LAYERS)
    layers.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A podman that is killed leaves what it has of an image, gigabytes at worst.
    settings = {**environment, "TMPDIR": str(layers)}
    problems = [problem for problem in _pulls(machine, pusher, engine, images, limit, settings) if problem]
    with contextlib.suppress(OSError):  # of a podman that is still dying; the next push deletes it
        remove_tree(layers)
    if problems:
        raise RefusedError("\n  ".join(problems), f"nothing on the host was changed; {_remedy(problems)}")


def _remedy(problems: Sequence[str]) -> str:
    said = "\n".join(problems)
    return next(remedy for pattern, remedy in REMEDIES if re.search(pattern, said, re.IGNORECASE))


def _pulls(
    machine: Machine,
    pusher: Pusher,
    engine: str,
    images: Sequence[str],
    limit: float,
    settings: Mapping[str, str],
) -> Iterator[str | None]:
    """Pull images; for each the error, or None. After one that takes too long no other is begun."""
    waiting = list(images)
    running: dict[str, RunningCommand] = {}
    try:
        while waiting or running:
            while waiting and len(running) < PULLS:
                image = waiting.pop(0)
                running[image] = machine.start((engine, "pull", "--quiet", image), limit=limit, **settings)
            pusher.wait_until(lambda: any(map(_is_over, running.values())), f"pulling {', '.join(running)}")
            for image in [image for image, command in running.items() if _is_over(command)]:
                command = running.pop(image)
                waiting = waiting if command.result else []
                yield _pull_problem(machine, engine, image, command)
    finally:
        for command in running.values():
            command.kill()


def _is_over(pull: RunningCommand) -> bool:
    """Whether a pull has ended, or was ended by its time limit."""
    try:
        return pull.has_ended()
    except TimeLimitError:
        return True


def _pull_problem(machine: Machine, engine: str, image: str, pull: RunningCommand) -> str | None:
    if pull.result is None:
        return f"image `{image}` cannot be pulled: not done after {pull.limit:g} s"
    if pull.result.returncode == 0 or id_of(machine, engine, image):
        return None
    lines = pull.result.stderr.strip().splitlines() or [f"exit status {pull.result.returncode}"]
    return f"image `{image}` cannot be pulled: {lines[-1].strip()}"


def inspected(
    machine: Machine, engine: str, names: Sequence[str], *, limit: float | None = None
) -> list[dict[str, Any]]:
    """The engine's description of containers; those that do not exist are left out.

    Raises RefusedError if the engine fails, or answers something else.
    """
    if not names:
        return []
    done = machine.run((engine, "inspect", "--type", "container", *names), limit=limit)
    # Both engines fail if a container does not exist, and still describe the others.
    if not re.search("no such container", done.stderr, re.IGNORECASE):
        require(done, f"`{engine} inspect` failed")
    try:
        containers = json.loads(done.stdout or "[]")
        if isinstance(containers, list) and all(map(_is_described, containers)):
            return containers
    except (ValueError, TypeError, KeyError):
        pass
    raise not_understood(engine, done.stdout)


def delete_containers(machine: Machine, engine: str, names: Sequence[str]) -> None:
    """Have an engine delete containers as soon as it runs, which may be later in this boot."""
    daemon = ("--property=Wants=docker.service", "--property=After=docker.service")
    options = ("--quiet", "--collect", "--no-block", *(daemon if engine == "docker" else ()))
    machine.run(("systemd-run", *options, engine, "rm", "--force", "--volumes", *names))


def _is_described(container: Any) -> bool:
    return isinstance(container["Name"], str) and isinstance(container["Config"], dict)


def not_understood(engine: str, answer: str) -> RefusedError:
    """The error of an engine that does not describe containers as podman and docker do."""
    lines = answer.split("\n")
    return RefusedError(
        f"`{engine} inspect` answers what is not understood: `{lines[0][:SHOWN]}`",
        hint="run it on the host to see what is wrong with it",
    )
