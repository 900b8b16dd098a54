"""Images that the pusher sends, loaded by the engine under the references that units have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .engine import id_of, pull
from .layout import LAYERS
from .machine import Machine, require
from .registries import pull_settings
from .space import check_space
from .store import Generation
from .wire import Pusher, RefusedError, counted

_NO_DIGESTS = (
    "docker does not keep the digests of images that are loaded into its own store",
    "load the images into a registry with `heatsink images load`, or let docker use containerd's store",
)


class Archive(NamedTuple):
    """An image that is sent: the reference that it gets, and the bytes of its archive."""

    image: str
    size: int


def bring(
    machine: Machine,
    pusher: Pusher,
    wanted: Generation,
    references: Sequence[str],
    archives: Sequence[Archive],
    limit: float,
) -> None:
    """Load the images that are sent, and pull the others for a generation; each in so many seconds."""
    if archives:
        _check_engine(machine, wanted.engine)
        pusher.send("progress", text=f"loading {counted(len(archives), 'image')}")
    for archive in archives:
        _load(machine, pusher, wanted.engine, archive, limit)
    sent = {archive.image for archive in archives}
    if missing := [reference for reference in references if reference not in sent]:
        with pull_settings(machine, wanted) as environment:
            pull(machine, pusher, wanted.engine, missing, limit, environment)


def _load(machine: Machine, pusher: Pusher, engine: str, archive: Archive, limit: float) -> None:
    """Receive an archive into a file, which may be larger than memory, and have the engine load it."""
    place = f"{LAYERS}/archive"
    check_space(machine, {place: archive.size})
    path = machine.path(place)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with path.open("wb") as file:
            for piece in pusher.pieces(archive.size):
                file.write(piece)
        command = (engine, "load", "--quiet", "--input", str(path))
        done = machine.run(command, limit=limit, TMPDIR=str(path.parent))
    finally:
        path.unlink(missing_ok=True)
    require(done, f"image `{archive.image}` cannot be loaded")
    if not id_of(machine, engine, archive.image):
        raise RefusedError(f"`{engine}` has loaded `{archive.image}` under another name")


def _check_engine(machine: Machine, engine: str) -> None:
    """Refuse a docker that names images by its own digests: units could not find what it has loaded.

    https://docs.docker.com/engine/storage/containerd/
    """
    if engine == "docker":
        done = machine.run((engine, "info", "--format", "{{.DriverStatus}}"))
        if "io.containerd.snapshotter" not in done.stdout:
            raise RefusedError(*_NO_DIGESTS)
