"""Images that the pusher sends, loaded by the engine under the references that units have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .disk import remove_tree
from .engine import id_of, pull
from .layout import LAYERS
from .machine import Machine, require
from .registries import pull_settings
from .space import check_space
from .store import Generation
from .wire import PIECE, Pusher, RefusedError, counted

_NO_DIGESTS = (
    "docker does not keep the digests of images that are loaded into its own store",
    "load the images into a registry with `heatsink images load`, or let docker use containerd's store",
)


class Sent(NamedTuple):
    """What the pusher sends: the sizes of parts, and for each image the numbers of those it consists of.

    Images share most of their layers, so each part travels once.
    """

    parts: Sequence[int]
    images: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Sent:
        """What a request announces; nothing of an older pusher's."""
        images = {row["image"]: row["parts"] for row in request.get("archives", ())}
        return cls(request.get("parts", ()), images)


def bring(
    machine: Machine,
    pusher: Pusher,
    wanted: Generation,
    references: Sequence[str],
    sent: Sent,
    limit: float,
) -> None:
    """Load the images that are sent, and pull the others for a generation; each in so many seconds."""
    if sent.images:
        _check_engine(machine, wanted.engine)
        pusher.send("progress", text=f"loading {counted(len(sent.images), 'image')}")
        try:
            _receive(machine, pusher, sent)
            for image, numbers in sent.images.items():
                _load(machine, wanted.engine, image, numbers, limit)
        finally:
            remove_tree(machine.path(LAYERS))
    if missing := [reference for reference in references if reference not in sent.images]:
        with pull_settings(machine, wanted) as environment:
            pull(machine, pusher, wanted.engine, missing, limit, environment)


def _receive(machine: Machine, pusher: Pusher, sent: Sent) -> None:
    """Write the parts to files: they may be larger than memory. There is room for an image of all of them."""
    check_space(machine, {_part(number): 2 * size for number, size in enumerate(sent.parts)})
    machine.path(LAYERS).mkdir(parents=True, exist_ok=True, mode=0o700)
    for number, size in enumerate(sent.parts):
        with machine.path(_part(number)).open("wb") as file:
            for piece in pusher.pieces(size):
                file.write(piece)


def _load(machine: Machine, engine: str, image: str, numbers: Sequence[int], limit: float) -> None:
    """Have the engine load an image from its parts."""
    archive = machine.path(f"{LAYERS}/archive")
    with archive.open("wb") as file:
        for number in numbers:
            with machine.path(_part(number)).open("rb") as part:
                while piece := part.read(PIECE):
                    file.write(piece)
    command = (engine, "load", "--quiet", "--input", str(archive))
    done = machine.run(command, limit=limit, TMPDIR=str(archive.parent))
    require(done, f"image `{image}` cannot be loaded")
    if not id_of(machine, engine, image):
        raise RefusedError(f"`{engine}` has loaded `{image}` under another name")


def _part(number: int) -> str:
    return f"{LAYERS}/part-{number}"


def _check_engine(machine: Machine, engine: str) -> None:
    """Refuse a docker that names images by its own digests: units could not find what it has loaded.

    https://docs.docker.com/engine/storage/containerd/
    """
    if engine == "docker":
        done = machine.run((engine, "info", "--format", "{{.DriverStatus}}"))
        if "io.containerd.snapshotter" not in done.stdout:
            raise RefusedError(*_NO_DIGESTS)
