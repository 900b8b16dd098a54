"""The images that heatsink has pulled, and those that generations need: recorded, kept, and deleted.

The record says which images are heatsink's to delete, and what each reference of a kept generation stood for
when it was started: a tag may mean another image later. An image that was on the host before a pull is not
recorded, and never deleted. Before a pull the record says what is about to be pulled and what is there, so
that whoever finds it knows what a killed program has pulled.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .engine import Present, id_of, present_images
from .layout import IMAGES
from .loading import Sent, bring
from .machine import Machine
from .sealed import DamagedError, unsealed, write_sealed
from .store import Generation, generation, generations
from .wire import Pusher, RefusedError

DELETE_LIMIT = 600.0  # seconds that an engine may take to delete images
TRIES = 5  # after which an image that cannot be deleted is left to the operator


class PulledImage(NamedTuple):
    """An image that heatsink has pulled."""

    engine: str
    id: str
    references: Sequence[str]
    tries: int = 0  # to delete it, that failed


class Pulling(NamedTuple):
    """References that are about to be pulled, and the ids of the images that were there before."""

    engine: str
    references: Sequence[str]
    before: Sequence[str]


class ImageRecord:
    """What this host has to know of its images."""

    def __init__(self) -> None:
        self.pulled: list[PulledImage] = []
        # number of a generation → reference → id of the image that it was started with, "" if not known
        self.generations: dict[str, dict[str, str]] = {}
        self.pulling: Pulling | None = None
        self.tags_of = 0  # the generation whose images the tags mean; 0: not known

    @classmethod
    def on(cls, machine: Machine) -> ImageRecord:
        """The record on this host. One that is damaged is begun anew: what was pulled so far then stays."""
        try:
            return cls._parse(unsealed(machine.path(IMAGES).read_bytes()))
        except (FileNotFoundError, DamagedError, TypeError, KeyError):
            return cls()

    @classmethod
    def _parse(cls, entry: Mapping[str, Any]) -> ImageRecord:
        record = cls()
        record.pulled = [PulledImage(**row) for row in entry["pulled"]]
        record.generations = entry["generations"]
        record.pulling = Pulling(**entry["pulling"]) if entry["pulling"] else None
        record.tags_of = entry["tags_of"]
        return record

    @property
    def entry(self) -> dict[str, object]:
        """How it is written."""
        pulled = [row._asdict() for row in self.pulled]
        return {**vars(self), "pulled": pulled, "pulling": self.pulling and self.pulling._asdict()}

    def save(self, machine: Machine) -> None:
        """Write the record to disk."""
        write_sealed(machine.path(IMAGES), self.entry)

    def of(self, number: int) -> Mapping[str, str]:
        """What the references of a generation stood for when it was started."""
        return self.generations.get(str(number), {})

    def add(self, engine: str, reference: str, image: str) -> None:
        """An image was pulled by this reference."""
        for index, row in enumerate(self.pulled):
            if (row.engine, row.id) == (engine, image):
                self.pulled[index] = row._replace(references=sorted({*row.references, reference}))
                return
        self.pulled.append(PulledImage(engine, image, [reference]))


def kept_images(machine: Machine, wanted: Generation) -> Mapping[str, str]:
    """What the references of a generation stood for when it was last started; nothing of a new one."""
    return ImageRecord.on(machine).of(wanted.number)


def obtain(
    machine: Machine,
    pusher: Pusher,
    wanted: Generation,
    references: Sequence[str],
    sent: Sent,
    limit: float,
    *,
    before: Iterable[str],
) -> dict[str, str]:
    """Load images that are sent, and pull the others, each in so many seconds; reference → id.

    Those with the ids in `before` are there.
    """
    record = ImageRecord.on(machine)
    _finish_pulls(machine, record)
    record.pulling = Pulling(wanted.engine, references, sorted(before))
    if not all(map(_has_digest, references)):
        record.tags_of = 0
    record.save(machine)
    try:
        bring(machine, pusher, wanted, references, sent, limit)
    finally:
        ids = _finish_pulls(machine, record)
        record.save(machine)
    return ids


def _has_digest(reference: str) -> bool:
    return "@" in reference


def _finish_pulls(machine: Machine, record: ImageRecord) -> dict[str, str]:
    """Take into the record what was pulled, perhaps by a program that was killed; reference → id.

    Raises RefusedError if the engine does not answer: the record stays as it is.
    """
    if (pulling := record.pulling) is None:
        return {}
    present_images(machine, pulling.engine)
    ids = {reference: id_of(machine, pulling.engine, reference) for reference in pulling.references}
    ours = {row.id for row in record.pulled if row.engine == pulling.engine}
    for reference, image in ids.items():
        if image and (image in ours or image not in pulling.before):
            record.add(pulling.engine, reference, image)
    record.pulling = None
    return ids


def record_generation(machine: Machine, wanted: Generation, ids: Mapping[str, str], installed: int) -> None:
    """Record what a generation that is about to be started has as images: those by `ids`, and for units that
    stay as they are what the installed generation has."""
    references = wanted.manifest.images
    if not references:
        return
    record = ImageRecord.on(machine)
    known = {**record.of(installed), **record.of(wanted.number), **ids}
    entry = {reference: known.get(reference, "") for reference in references}
    is_new = str(wanted.number) not in record.generations
    if record.of(wanted.number) != entry:
        record.generations[str(wanted.number)] = entry
        record.tags_of = wanted.number if is_new else record.tags_of
        record.save(machine)


def restore_tags(machine: Machine, wanted: Generation) -> None:
    """Let the tags of a kept generation mean what they meant when it was started, for images still there.

    An engine that does not answer, as docker early in a boot, leaves them as they are.
    """
    record = ImageRecord.on(machine)
    ids = record.of(wanted.number)
    tags = {name: image for name, image in ids.items() if image and not _has_digest(name)}
    if not tags or record.tags_of == wanted.number:
        return
    with contextlib.suppress(RefusedError):
        present = present_images(machine, wanted.engine)
        for tag, image in tags.items():
            if image in present.ids and image != present.tags.get(tag):
                machine.run((wanted.engine, "tag", image, tag))
        record.tags_of = wanted.number
        record.save(machine)


def collect_images(machine: Machine, pusher: Pusher) -> None:
    """Delete the images that heatsink has pulled and no kept generation needs.

    One that cannot be deleted is tried again by the next changes, and in the end left to the operator.
    """
    record = ImageRecord.on(machine)
    before = record.entry
    kept = generations(machine)
    record.generations = {number: ids for number, ids in record.generations.items() if int(number) in kept}
    with contextlib.suppress(RefusedError):  # of an engine that does not answer
        _finish_pulls(machine, record)
        _delete(machine, pusher, record, _garbage(record, _needed(machine, record, kept)), tries=TRIES)
    if record.entry != before:
        record.save(machine)


def delete_images(machine: Machine, pusher: Pusher) -> None:
    """Delete all images that heatsink has pulled; those that are still used stay, with a warning.

    Raises RefusedError if an engine does not answer.
    """
    record = ImageRecord.on(machine)
    _finish_pulls(machine, record)
    _delete(machine, pusher, record, list(record.pulled), tries=1)


def _needed(machine: Machine, record: ImageRecord, kept: Iterable[int]) -> set[str]:
    """The ids of the images that generations need, and the references of which nobody knows the id."""
    needed: set[str] = set()
    for number in kept:
        ids = record.of(number) or _unknown(machine, number)
        needed.update(image or reference for reference, image in ids.items())
    return needed


def _unknown(machine: Machine, number: int) -> dict[str, str]:
    """The references of a generation that was installed without a record of its images."""
    with contextlib.suppress(RefusedError):
        return dict.fromkeys(generation(machine, number).manifest.images, "")
    return {}


def _garbage(record: ImageRecord, needed: set[str]) -> list[PulledImage]:
    return [row for row in record.pulled if not needed & {row.id, *row.references}]


def _delete(
    machine: Machine, pusher: Pusher, record: ImageRecord, garbage: Sequence[PulledImage], *, tries: int
) -> None:
    """Delete images, and strike them off the record: those that are gone, that have got a name from others
    else, or that could not be deleted so many times."""
    for engine in sorted({row.engine for row in garbage}):
        rows = [row for row in garbage if row.engine == engine]
        reasons = _deleted(machine, engine, rows) if machine.has(engine) else {}
        for row in rows:
            tried = row._replace(tries=row.tries + 1)
            if row.id in reasons and tried.tries < tries:
                record.pulled[record.pulled.index(row)] = tried
                continue
            if row.id in reasons:
                pusher.send("warning", text=f"image `{row.references[0]}` stays: {reasons[row.id]}")
            record.pulled.remove(row)


def _deleted(machine: Machine, engine: str, rows: Sequence[PulledImage]) -> dict[str, str]:
    """Delete images by the names that heatsink has pulled them by; the id of each that stays → why.

    Never with force, so the engine refuses what a container uses; a name of somebody else's keeps an image.
    """
    present = present_images(machine, engine)
    targets = {row.id: _targets(row, present) for row in rows if row.id in present.ids}
    names = [name for targeted in targets.values() for name in targeted]
    if not names:
        return {}
    done = machine.run((engine, "rmi", "--no-prune", *names), limit=DELETE_LIMIT)
    left = present_images(machine, engine)
    return {
        image: _reason(done.stderr, image, targeted)
        for image, targeted in targets.items()
        if image in left.ids and targeted and not _is_shared(image, rows, left)
    }


def _targets(row: PulledImage, present: Present) -> list[str]:
    """By what an image is deleted: its names that are heatsink's, else its id."""
    familiar = {_familiar(reference): reference for reference in row.references}
    tags = [tag for tag in present.tags_of(row.id) if _familiar(tag) in familiar]
    digests = [name for name in row.references if present.digests.get(name) == row.id]
    if named := sorted({*tags, *digests}):
        return named
    return [] if present.tags_of(row.id) else [row.id]


def _is_shared(image: str, rows: Iterable[PulledImage], present: Present) -> bool:
    """Whether an image has a name that heatsink has not pulled it by."""
    ours = {_familiar(name) for row in rows if row.id == image for name in row.references}
    return any(_familiar(tag) not in ours for tag in present.tags_of(image))


def _familiar(reference: str) -> str:
    """A reference as docker lists it: `docker.io/library/nginx` is `nginx:latest`."""
    name = reference.removeprefix("docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _reason(errors: str, image: str, names: Iterable[str]) -> str:
    """The line of an engine's errors that is about an image."""
    lines = errors.strip().splitlines() or ["the engine does not say why"]
    about = [line for line in lines if image[:12] in line or any(name in line for name in names)]
    return (about or lines)[-1].removeprefix("Error: ").strip()
