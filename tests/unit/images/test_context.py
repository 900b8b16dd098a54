"""The same tree is the same context and the same hash: elsewhere, elsewhen, by and for someone else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTEXT = """
import hashlib, io, sys
from pathlib import Path
from compiler.cli.image_options import ImageOptions
from compiler.images.context import write_context

options = ImageOptions(folders=(Path(sys.argv[1]),), namespace="n", tag="1")
for name, recipe in sorted(options.recipes(["toy-*"]).by_name.items()):
    archive = io.BytesIO()
    write_context(recipe, archive, Path(sys.argv[2]))
    print(name, recipe.content_hash, hashlib.sha256(archive.getvalue()).hexdigest(), len(archive.getvalue()))
"""
FILES = {
    "toy-base/Dockerfile.j2": b"FROM scratch\nCOPY . /\n",
    "toy-base/bin/start": b"#!/bin/sh\n",
    "toy-base/zebra": b"\x00\xff",
    "toy-base/Ångström": b"a name that is not ASCII",
    os.fsdecode(b"toy-base/\xff\xfe"): b"a name that is not UTF-8",
    "toy-base/" + "long/" * 60 + "file": b"a path longer than a tar header",
    "toy-leaf/Dockerfile.j2": b'FROM {{ parent("toy-base") }}\nCOPY file /\n',
    "toy-leaf/file": b"file",
}


@dataclass(frozen=True)
class Place:
    """A machine, as far as a context could depend on it."""

    umask: int = 0o022
    mtime: int = 1_700_000_000
    owner: int = 0
    files: tuple[str, ...] = tuple(FILES)
    environment: dict[str, str] = field(default_factory=lambda: {"LC_ALL": "C.UTF-8"})


PLACES = {
    "another umask": Place(umask=0o077),
    "another time": Place(mtime=4_000_000_000, environment={"LC_ALL": "C.UTF-8", "TZ": "Pacific/Auckland"}),
    "another owner": Place(owner=4321),
    "files created in another order": Place(files=tuple(reversed(FILES))),
    "another locale": Place(environment={"LC_ALL": "POSIX"}),
    "a locale without UTF-8": Place(environment={"LC_ALL": "POSIX", "PYTHONUTF8": "0"}),
    "another seed of hashes": Place(environment={"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"}),
}


def contexts(folder: Path, place: Place) -> str:
    """The hash of each image of the tree, written there, and of the bytes of its context."""
    tree, scratch = folder / "tree", folder / "scratch"
    for name in place.files:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILES[name])
        path.chmod((0o777 if name.endswith("start") else 0o666) & ~place.umask)
    (tree / "toy-base/link").symlink_to("bin/start")
    for path in tree.rglob("*"):
        os.utime(path, (place.mtime, place.mtime), follow_symlinks=False)
        if os.geteuid() == 0:
            os.chown(path, place.owner, place.owner, follow_symlinks=False)
    scratch.mkdir()
    return subprocess.run(
        (sys.executable, "-c", CONTEXT, tree, scratch),
        umask=place.umask,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **place.environment},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> str:
    return contexts(tmp_path_factory.mktemp("here"), Place())


@pytest.mark.parametrize("place", PLACES)
def test_a_context_is_the_same_bytes_everywhere(place: str, here: str, tmp_path: Path) -> None:
    assert contexts(tmp_path / "a folder with another name", PLACES[place]) == here


def test_a_context_is_the_same_bytes_a_second_later(here: str, tmp_path: Path) -> None:
    time.sleep(1.1)
    assert contexts(tmp_path, Place()) == here


def test_a_context_has_the_files_of_the_image(here: str) -> None:
    assert [line.split()[0] for line in here.splitlines()] == ["toy-base", "toy-leaf"]
