"""The time that a tree of 200 images takes, from start to exit, without an engine.

python benchmarks/images.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECTS, IMAGES, FILES = 20, 9, 5  # with a base for each project: 200 images
DOCKERFILE = """\
{{% from "macros.j2" import install_packages %}}
FROM {{{{ parent("{parent}") }}}}
{{% block {hook}_header %}}{{% endblock %}}
{{{{ install_packages(["python3-{name}", "python3-oslo.log", "python3-oslo.config"]) }}}}
COPY file* /etc/{name}/
{{% block {hook}_footer %}}{{% endblock %}}
"""
OVERRIDE = "{% extends parent_template %}\n{% block project3_base_footer %}\nRUN own\n{% endblock %}\n"
COMMANDS = (
    "graph",
    "graph project3-base --with-children",
    "graph project3-image4",
    "render -o {folder}/contexts",
    "render -o {folder}/contexts --template-override {folder}/site.j2",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder) / "images")
        (Path(folder) / "site.j2").write_text(OVERRIDE)
        for command in COMMANDS:
            wall, cpu = least([*command.format(folder=folder).split(), "--images", f"{folder}/images"])
            print(f"images {command.replace('{folder}/', ''):62} {wall:5.2f} s, {cpu:5.2f} s CPU")


def write_tree(root: Path) -> None:
    for project in range(PROJECTS):
        base = f"project{project}-base"
        write_image(root / base, parent="base")
        for image in range(IMAGES):
            write_image(root / base / f"project{project}-image{image}", parent=base)


def write_image(folder: Path, parent: str) -> None:
    folder.mkdir(parents=True)
    name = folder.name
    text = DOCKERFILE.format(name=name, parent=parent, hook=name.replace("-", "_"))
    (folder / "Dockerfile.j2").write_text(text)
    for number in range(FILES):
        (folder / f"file{number}").write_text(f"{name} {number}\n" * 200)


def least(arguments: list[str], rounds: int = 5) -> tuple[float, float]:
    """The least wall and CPU seconds of several runs."""
    walls, cpus = [], []
    for _ in range(rounds):
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "compiler", "images", *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        )
        _, _, used = os.wait4(process.pid, 0)
        walls.append(time.monotonic() - began)
        cpus.append(used.ru_utime + used.ru_stime)
    return min(walls), min(cpus)


if __name__ == "__main__":
    main()
