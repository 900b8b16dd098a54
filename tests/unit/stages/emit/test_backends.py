"""A backend is a row of `Backend` and a module: nothing else names it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler import schemas
from compiler.model.container import Backend
from tests.support.host_folder import HostFolder
from tests.support.schemas import with_backends

ROOT = Path(__file__).parents[4]
LIBRARY = ROOT / "tests/golden/operator"
SCHEMAS = ("hosts", "role")
FORMS = {str(backend): backend.form for backend in Backend}

ROW = '    TRIAL = "trial", "podman", "trial units"\n'
ROLE = "name: Web\nContainerBackend: trial\nServicesDefault: [Web]\n"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_takes_the_backends_of_the_table(
    name: str, golden_text: Callable[[str, Path], None]
) -> None:
    path = ROOT / f"compiler/schemas/{name}.schema.json"
    golden_text(with_backends(schemas.text(name), FORMS), path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of heatsink with one more backend."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "compiler", tree / "compiler", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("templates", "roles", "environments", "images"):
        (tree / folder).symlink_to(ROOT / folder)
    table = tree / "compiler/model/container.py"
    table.write_text(table.read_text().replace("    DOCKER = ", f"{ROW}    DOCKER = "))
    shutil.copy(ROOT / "compiler/stages/emit/podman.py", tree / "compiler/stages/emit/trial.py")
    for name in SCHEMAS:  # what --update-golden writes
        path = tree / f"compiler/schemas/{name}.schema.json"
        path.write_text(with_backends(path.read_text(), {**FORMS, "trial": "trial units"}))
    return tree


@pytest.mark.parametrize(
    ("path", "text", "options"),
    [
        ("hosts.yaml", "hosts: [{name: localhost, role: Web, backend: trial}]", ()),
        ("hosts.yaml", "defaults: {backend: trial}\nhosts: [{name: localhost, role: Web}]", ()),
        ("roles/Web.yaml", ROLE, ("--role", "Web")),
        ("env.yaml", "parameter_defaults: {ContainerBackend: trial}", ("--role", "Web", "-e", "env.yaml")),
        ("note", "", ("--role", "Web", "--backend", "trial")),
    ],
    ids=["host", "all hosts", "role", "environment", "command line"],
)
@pytest.mark.slow
def test_a_backend_is_a_row_and_a_module(
    tree: Path, host: HostFolder, path: str, text: str, options: tuple[str, ...]
) -> None:
    shutil.copytree(LIBRARY, host.folder, dirs_exist_ok=True)
    (host.folder / path).write_text(text)
    command = (sys.executable, "-m", "compiler", "compile", *options)
    subprocess.run(command, cwd=host.folder, env={**os.environ, "PYTHONPATH": str(tree)}, check=True)
    shown = host.dry_run()
    assert (shown.error, host.bundles()["localhost"].manifest.backend) == (None, "trial")
    assert "heatsink-web.service" in shown.plan.starts
