"""Foreign images in the lock, with real builds on a tag of a registry that moves."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from compiler.files.images_lock import read_lock
from compiler.images.engines.podman_service import own_engine
from tests.support.docker_registry import LOGIN, logged_in, needs_docker_registry, secured_registry, upload
from tests.support.in_process import run

pytestmark = [pytest.mark.lab, needs_docker_registry]

NAME = "localhost/heatsink-test/on-foreign:1"
BUILD = ("images", "build", "on-foreign", "--namespace", "heatsink-test", "--tag", "1", "--json")


@dataclass(frozen=True)
class Site:
    """An operator's folder with an image on one of a registry."""

    folder: Path
    registry: str

    @property
    def base(self) -> str:
        return f"{self.registry}/site/debian"

    def uploads(self, version: str) -> str:
        """Let the tag mean another image; its digest."""
        return upload(self.registry, "site/debian", _layer(version))

    def builds(self, *options: str) -> str:
        """Build the image; what becomes of it."""
        done = run((*BUILD, *options), self.folder, self.environment, io.StringIO())
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["images"][0]["state"])

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.folder)}

    @property
    def locked(self) -> str:
        return read_lock(self.folder / "images.lock.yaml").builds["on-foreign"].base


def _layer(version: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        entry = tarfile.TarInfo("version")
        entry.size = len(version)
        archive.addfile(entry, io.BytesIO(version.encode()))
    return gzip.compress(target.getvalue(), mtime=0)


def version() -> str:
    with own_engine() as engine:
        return engine.files(NAME, ("/version",))["/version"].decode()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "operator"
    with secured_registry(tmp_path) as registry:
        logged_in(tmp_path, registry, LOGIN)
        trusted = folder / ".config/containers/certs.d" / registry
        trusted.mkdir(parents=True)
        shutil.copy(tmp_path / "ca.crt", trusted)
        shutil.copy(tmp_path / f"{LOGIN}.json", folder / ".config/containers/auth.json")
        image = folder / "images/on-foreign"
        image.mkdir(parents=True)
        made = Site(folder, registry)
        (image / "Dockerfile.j2").write_text(f"FROM {made.base}:1\nCOPY Dockerfile /\n")
        yield made
        for name in (NAME, f"{made.base}:1"):
            subprocess.run(("podman", "rmi", "--force", name), check=False, capture_output=True)


def test_a_build_starts_from_what_the_lock_has_until_it_is_updated(site: Site) -> None:
    one = site.uploads("one")
    site.builds("--update")
    two = site.uploads("two")
    subprocess.run(("podman", "rmi", "--force", NAME, f"{site.base}:1"), check=True, capture_output=True)
    assert (site.builds(), version(), site.locked) == ("built", "one", f"{site.base}:1@{one}")
    assert site.builds() == "up to date"
    site.builds("--update")
    assert (version(), site.locked) == ("two", f"{site.base}:1@{two}")
