"""What the engine has to do for a change, besides running containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .engine import Present, present_images
from .machine import Machine
from .store import Generation
from .volumes import absent_volumes, made_volumes

NO_IMAGES = Present({}, {}, frozenset())


class Needs(NamedTuple):
    """The images that are pulled, and the volumes that are made or destroyed."""

    images: Sequence[str]
    volumes: Sequence[str]
    destroyed: Sequence[str] = ()
    present: Present = NO_IMAGES  # looked at if there are images to start with


def needs_of(
    machine: Machine,
    wanted: Generation,
    images: Sequence[str],
    ids: Mapping[str, str],
    *,
    destroys: bool,
) -> Needs:
    """What a generation needs whose units start with these images.

    What its references stood for when it was last started, `ids`, is not pulled again, nor what was built on
    the host. Other tags always are: they may have moved.
    """
    present = present_images(machine, wanted.engine) if images else NO_IMAGES
    absent = [name for name in images if name not in present.known and ids.get(name) not in present.ids]
    volumes = {volume.name for volume in made_volumes(machine, wanted.engine)} if destroys else ()
    return Needs(absent, absent_volumes(machine, wanted), sorted(volumes), present)
