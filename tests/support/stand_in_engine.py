"""A program that stands for podman in a folder: its images, volumes and registry are in engine.json.

The registry may want a login, the text of `.docker/config.json` in the home folder. An image may have no
signature, which matters if a policy is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

State = dict[str, Any]


@contextlib.contextmanager
def state_in(path: Path) -> Iterator[State]:
    """What the engine has: images (id → names), registry (name → id), volumes (name → label), used, renames
    (the name of all that is loaded, if it is not the right one), driver."""
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        state: State = json.load(file)
        yield state
        file.seek(0)
        file.truncate()
        json.dump(state, file)


def images(state: State, _: Sequence[str]) -> Iterator[str]:
    for image, names in state["images"].items():
        for name in names or ["<none>:<none>"]:
            repository, _, digest = name.partition("@")
            repository, _, tag = (f"{repository}:<none>" if digest else repository).rpartition(":")
            yield f"sha256:{image} {repository} {tag} {digest or '<none>'}"


def image(state: State, words: Sequence[str]) -> Iterator[str]:
    yield known(state, words[-1])


def pull(state: State, words: Sequence[str]) -> Iterator[str]:
    if state.get("login") and state["login"] != in_home(".docker/config.json"):
        raise LookupError(f"Error: reading manifest of {words[-1]}: unauthorized: authentication required")
    if state.get("unsigned") == words[-1] and in_home(".config/containers/policy.json"):
        raise LookupError("Error: Source image rejected: A signature was required, but no signature exists")
    if words[-1] not in state["registry"]:
        raise LookupError(f"Error: {words[-1]}: connection refused")
    pulled = state["registry"][words[-1]]
    state["images"].setdefault(pulled, [])
    yield from tag(state, (pulled, words[-1]))


def in_home(name: str) -> str:
    path = Path(os.environ["HOME"]) / name
    return path.read_text() if path.exists() else ""


def load(state: State, words: Sequence[str]) -> Iterator[str]:
    with tarfile.open(words[-1]) as archive:
        index = json.load(archive.extractfile("index.json"))  # type: ignore[arg-type]
    for row in index["manifests"]:
        image = row["digest"].removeprefix("sha256:")
        state["images"].setdefault(image, [])
        yield from tag(
            state, (image, state["renames"] or row["annotations"]["org.opencontainers.image.ref.name"])
        )


def info(state: State, _: Sequence[str]) -> Iterator[str]:
    yield state["driver"]


def tag(state: State, words: Sequence[str]) -> Iterator[str]:
    tagged, name = words[-2:]
    for names in state["images"].values():
        names[:] = [other for other in names if other != name]
    state["images"][tagged].append(name)
    yield tagged


def rmi(state: State, words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if not word.startswith("-"):
            image = known(state, word)
            names = state["images"][image]
            if image in state["used"] and names in ([], [word]):
                raise LookupError(f"Error: image used by 0123456789ab: {image} is in use by a container")
            names[:] = [name for name in names if name != word]
            if not names:
                del state["images"][image]
            yield image


def volume(state: State, words: Sequence[str]) -> Iterator[str]:
    volumes = state["volumes"]
    if words[0] == "create":
        label = words[2] if words[1] == "--label" else ""
        volumes.setdefault(words[-1], label)
    if words[0] == "ls":
        wanted = [word.removeprefix("label=") for word in words if word.startswith("label=")]
        yield from (name for name, label in volumes.items() if all(map(label.startswith, wanted)))
    if words[0] == "rm":
        if words[-1] in state["used"]:
            raise LookupError(f"Error: volume {words[-1]} is being used by a container")
        del volumes[words[-1]]


def known(state: State, name: str) -> str:
    """The id of an image, by its id or a name."""
    for image, names in state["images"].items():
        if name == image or name in names:
            return str(image)
    raise LookupError(f"Error: {name}: image not known")


VERBS = {
    "image": image,
    "images": images,
    "info": info,
    "load": load,
    "pull": pull,
    "rmi": rmi,
    "tag": tag,
    "volume": volume,
}


def main(path: Path, words: Sequence[str]) -> int:
    if words[0] == "inspect":
        print("[]")
    if words[0] not in VERBS:
        return 0
    with state_in(path) as state:
        try:
            for line in VERBS[words[0]](state, words[1:]):
                print(line)
        except LookupError as error:
            print(error.args[0], file=sys.stderr)
            return 125
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
