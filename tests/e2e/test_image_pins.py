"""Package versions in the lock, with real builds from a repository of packages that moves on."""

from __future__ import annotations

import io
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from compiler.files.images_lock import read_lock
from compiler.images.engines.podman_service import own_engine
from tests.support.in_process import exit_code, run

pytestmark = pytest.mark.lab

NAMESPACE = "heatsink-test"
BASE = "localhost/with-apt-for-tests:1"
IMAGES = tuple(f"localhost/{NAMESPACE}/{name}:1" for name in ("pinned-leaf", "pinned-base"))
PROGRAMS = "sh rm tar diff ldconfig start-stop-daemon apt-get dpkg dpkg-deb dpkg-split /usr/lib/apt/methods/*"
EMPTY = (
    "etc/apt/apt.conf.d", "etc/apt/preferences.d", "tmp", "var/cache/apt/archives/partial",
    "var/cache/ldconfig", "var/lib/apt/lists/partial", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log",
)  # fmt: skip
TOYS = ("pinned-*", "--namespace", NAMESPACE, "--tag", "1")
MACROS = '{% from "macros.j2" import install_packages %}\n'
DOCKERFILES = {
    "pinned-base": MACROS + f"FROM {BASE}\n" + '{{ install_packages(["shell"]) }}\n',
    "pinned-leaf": MACROS + 'FROM {{ parent("pinned-base") }}\n{{ install_packages(["web"]) }}\n',
}
OLD = {"pinned-base": {"shell": "1.0"}, "pinned-leaf": {"library": "1.0", "web": "1.0"}}
NEW = {"pinned-base": {"shell": "2.0"}, "pinned-leaf": {"library": "2.0", "web": "2.0"}}
CONTROL = ("Maintainer: Test <test@example.org>", "Description: a test")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@dataclass(frozen=True)
class Mirror:
    """A repository of packages with one file each, in the folder that a server offers."""

    folder: Path

    def publish(self, version: str, *, exact: bool = False) -> None:
        """Offer `shell`, `library`, and `web` that depends on it, beside what there is."""
        self._add("shell", version)
        self._add("library", version)
        self._add("web", version, f"Depends: library (= {version})" if exact else "Depends: library")
        self._index()

    def drop(self, name: str, version: str) -> None:
        (self.folder / f"{name}_{version}_all.deb").unlink()
        self._index()

    def _add(self, name: str, version: str, *fields: str) -> None:
        root = self.folder.parent / f"{name}-{version}"
        (root / "DEBIAN").mkdir(parents=True)
        lines = (f"Package: {name}", f"Version: {version}", "Architecture: all", *fields, *CONTROL)
        (root / "DEBIAN/control").write_text("".join(f"{line}\n" for line in lines))
        (root / f"version-of-{name}").write_text(version)
        subprocess.run(("dpkg-deb", "--build", root, self.folder), check=True, capture_output=True)

    def _index(self) -> None:
        entries = [
            subprocess.check_output(("dpkg-deb", "--field", file), text=True)
            + f"Filename: ./{file.name}\nSize: {file.stat().st_size}\n"
            + f"SHA256: {subprocess.check_output(('sha256sum', file), text=True).split()[0]}\n"
            for file in sorted(self.folder.glob("*.deb"))
        ]
        (self.folder / "Packages").write_text("\n".join(entries))


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """The repository, and a base image whose apt knows it."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _make_base(tmp_path / "base", f"deb [trusted=yes] http://127.0.0.1:{server.server_port}/ ./\n")
        yield Mirror(folder)
        server.shutdown()
    subprocess.run(("podman", "rmi", "--force", *IMAGES, BASE), check=False, capture_output=True)


def _make_base(folder: Path, sources: str) -> None:
    """An image with this machine's apt and dpkg, and without any package."""
    for path in EMPTY:
        (folder / path).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / "usr" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"usr/{name}")
    (folder / "etc/apt/sources.list").write_text(sources)
    (folder / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n_apt:x:100:65534::/:/bin/false\n")
    (folder / "var/lib/dpkg/status").touch()
    program = "command -v $p; ldd $(command -v $p) | grep -o '/[^ ]*'"
    files = f"$(for p in {PROGRAMS}; do {program}; done | sort -u) /usr/share/dpkg"
    copied = f"tar -ch {files} 2>/dev/null | tar -x --keep-directory-symlink -C {folder}"
    subprocess.run(("sh", "-c", f"{copied}; tar -c -C {folder} . | podman import - {BASE}"), check=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in DOCKERFILES.items():
        (tmp_path / "operator/images" / name).mkdir(parents=True)
        (tmp_path / "operator/images" / name / "Dockerfile.j2").write_text(text)
    return tmp_path / "operator"


def images(tree: Path, command: str, *options: str) -> int:
    return exit_code(("images", command, *TOYS, *options), tree)


def digests(result: str) -> dict[str, str]:
    """What `--json` has of images that were built, by name."""
    images = json.loads(result)["images"]
    return {image["name"]: image["digest"] for image in images if image["state"] == "built"}


def locked(tree: Path) -> dict[str, dict[str, str]]:
    builds = read_lock(tree / "images.lock.yaml").builds
    return {name: dict(record.packages) for name, record in builds.items()}


def installed() -> dict[str, str]:
    """What the leaf has: the versions in the files of its packages."""
    paths = {name: f"/version-of-{name}" for name in ("library", "shell", "web")}
    with own_engine() as engine:
        files = engine.files(IMAGES[0], tuple(paths.values()))
    return {name: files[path].decode() for name, path in paths.items()}


def test_a_build_installs_what_the_lock_has_until_it_is_updated(mirror: Mirror, tree: Path) -> None:
    mirror.publish("1.0")
    codes = [images(tree, "build", "--update")]
    mirror.publish("2.0")
    codes.append(images(tree, "build", "--no-cache"))
    kept = locked(tree), installed()
    codes.append(images(tree, "build", "--update"))
    moved = locked(tree), installed()
    assert codes == [0, 0, 0]
    assert kept == (OLD, {"library": "1.0", "shell": "1.0", "web": "1.0"})
    assert moved == (NEW, {"library": "2.0", "shell": "2.0", "web": "2.0"})


def test_two_builds_with_the_same_lock_and_time_are_the_same_images(mirror: Mirror, tree: Path) -> None:
    mirror.publish("1.0")
    images(tree, "build", "--update")
    command = ("images", "build", *TOYS, "--no-cache", "--json")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    first = run(command, tree, environment, io.StringIO()).stdout
    mirror.publish("2.0")
    second = run(command, tree, environment, io.StringIO()).stdout
    assert (digests(first), len(digests(first))) == (digests(second), 2)


def test_the_lock_of_another_day_is_a_reason_to_build_and_its_own_is_none(
    mirror: Mirror, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror.publish("1.0")
    images(tree, "build", "--update")
    old = (tree / "images.lock.yaml").read_text()
    mirror.publish("2.0")
    images(tree, "build", "--update")
    current = images(tree, "diff")
    (tree / "images.lock.yaml").write_text(old)
    capsys.readouterr()
    outdated = images(tree, "diff")
    reasons = capsys.readouterr().out.splitlines()[1:]
    assert (current, outdated, reasons) == (
        0,
        2,
        [
            "pinned-base\tpackage `shell` changed",
            "pinned-leaf\tpackage `library` changed, package `shell` changed, package `web` changed, "
            "parent `pinned-base` changed",
        ],
    )
    assert (images(tree, "build"), installed()) == (0, {"library": "1.0", "shell": "1.0", "web": "1.0"})


@pytest.mark.parametrize(
    ("dropped", "exact", "reason"),
    [
        (
            "web",
            False,
            "package `web` is 2.0, and the lock has 1.0: the mirror may have dropped it",
        ),
        (
            "library",
            False,
            "package `library` is 2.0, and the lock has 1.0: the mirror may have dropped it",
        ),
        ("library", True, "the mirror has dropped `library` 1.0 of the lock: `--update`"),
    ],
    ids=["what the image asks for", "a dependency", "what another version depends on"],
)
def test_a_version_that_the_mirror_has_dropped_is_named(
    dropped: str,
    exact: bool,
    reason: str,
    mirror: Mirror,
    tree: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mirror.publish("1.0", exact=exact)
    images(tree, "build", "--update")
    mirror.publish("2.0", exact=exact)
    mirror.drop(dropped, "1.0")
    capsys.readouterr()
    code = images(tree, "build", "--no-cache")
    printed = capsys.readouterr().err
    failed = next(line for line in printed.splitlines() if line.startswith("pinned-leaf failed"))
    assert (code, reason in failed, locked(tree)) == (1, True, OLD)
