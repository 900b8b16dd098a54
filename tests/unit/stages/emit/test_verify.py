"""systemd's own verdict on what emit writes: `systemd-analyze verify` reads every plain unit."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from compiler import shipped
from compiler.cli import main
from compiler.model.container import Backend
from compiler.stages.emit.service_unit import UNITS
from tests.support import emit_cases
from tests.support.units import entries, words

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")

PLAIN = (Backend.PODMAN, Backend.DOCKER)
ROLES = tuple(sorted(path.stem for path in shipped.folder("roles").glob("*.yaml")))
ENGINES = re.compile(r"/usr/bin/(?=(podman|docker) )")


def verify(folder: Path, names: list[str]) -> tuple[int, str]:
    """Exit code and words of systemd-analyze. A circle of order it prints and forgives, so both count."""
    done = subprocess.run(
        ("systemd-analyze", "verify", "--man=no", "--recursive-errors=one", *names),
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{folder}:"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def install_units(folder: Path, contents: dict[str, str], links: dict[str, str]) -> list[str]:
    """Units into a folder that systemd reads, with engines that exist; their names."""
    for engine in ("podman", "docker"):
        (folder / engine).symlink_to("/bin/true")
    for path, content in contents.items():
        (folder / Path(path).name).write_text(ENGINES.sub(f"{folder}/", content), encoding="utf-8")
    for path, target in links.items():
        link = folder / path.removeprefix(f"{UNITS}/")
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(target)
    names = [Path(path).name for path in contents]
    return names + stand_ins(folder, contents.values())


def stand_ins(folder: Path, contents: Iterable[str]) -> list[str]:
    """Units that others name and that come from elsewhere: docker's own, and a lone container's fellows."""
    named = {
        word
        for content in contents
        for key in ("Wants", "Requires", "After", "PartOf")
        for value in entries(content, key)
        for word in words(value)
    }
    made = [name for name in sorted(named) if not name.startswith("network") and not (folder / name).exists()]
    for name in made:
        text = "[Service]\nExecStart=/bin/true\n" if name.endswith(".service") else "[Unit]\n"
        (folder / name).write_text(text)
    return made


@pytest.mark.parametrize("backend", PLAIN)
@pytest.mark.parametrize("case", emit_cases.cases(), ids=lambda case: case.name)
def test_systemd_accepts_the_golden_units(case: Path, backend: Backend, tmp_path: Path) -> None:
    made = emit_cases.artifacts(case, backend)
    units = {file.path: file.content.decode() for file in made.files if file.path.startswith(UNITS)}
    names = install_units(tmp_path, units, {link.path: link.target for link in made.links})
    assert verify(tmp_path, names) == (0, "")


@pytest.mark.parametrize("backend", PLAIN)
@pytest.mark.parametrize("role", ROLES)
def test_systemd_accepts_the_shipped_roles(role: str, backend: Backend, tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path), pytest.raises(SystemExit) as ended:
        main(["compile", "--role", role, "--backend", backend.value])
    assert ended.value.code == 0
    host = tmp_path / "build/hosts/localhost"
    units = {str(path): path.read_text() for path in (host / f"root{UNITS}").iterdir()}
    links = {
        link["path"]: link["target"] for link in json.loads((host / "manifest.json").read_text())["links"]
    }
    folder = tmp_path / "units"
    folder.mkdir()
    assert verify(folder, install_units(folder, units, links)) == (0, "")


def test_the_verdict_sees_a_circle(tmp_path: Path) -> None:
    """Or else the tests above would prove nothing about order."""
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{one}.target").write_text(f"[Unit]\nWants={other}.target\nAfter={other}.target\n")
    assert "cycle" in verify(tmp_path, ["a.target"])[1]
