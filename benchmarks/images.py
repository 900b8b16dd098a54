"""The time that images take, from start to exit.

python benchmarks/images.py            a tree of 200 images, without an engine
python benchmarks/images.py --build    the library with podman: from nothing, one image changed, nothing to do

The second takes minutes, a Debian mirror and root, and ends with 1 if an aim is missed.
"""

from __future__ import annotations

import json
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


NAMESPACE = "heatsink-benchmark"
NOTHING_TO_DO, ABOVE_THE_BUILD = 2.0, 3.0  # aims in seconds
LEAF = 'FROM {{ parent("base") }}\nCOPY file /etc/leaf\nRUN sleep 2\n'


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if "--build" in sys.argv[1:]:
            sys.exit(builds(Path(folder)))
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


def builds(folder: Path) -> bool:
    """Whether an aim is missed."""
    (folder / "images/leaf").mkdir(parents=True)
    (folder / "images/leaf/Dockerfile.j2").write_text(LEAF)
    change(folder)
    images: dict[str, float] = {}
    try:
        wall, images = built(folder, "--no-cache")
        print(f"{len(images)} images from nothing: {wall:.1f} s, their builds {sum(images.values()):.1f} s")
        nothing = min(built(folder)[0] for _ in range(3))
        print(f"nothing to do: {nothing:.1f} s, the aim is {NOTHING_TO_DO:g} s")
        change(folder)
        wall, images = built(folder)
        above = wall - images["leaf"]
        aim = f"the aim is {ABOVE_THE_BUILD:g} s"
        print(f"one image changed: {wall:.1f} s, {above:.1f} s above its build, {aim}")
    finally:
        for name in images:
            reference = f"localhost/{NAMESPACE}/{name}:benchmark"
            subprocess.run(["podman", "rmi", "--force", reference], check=False, capture_output=True)
    return nothing > NOTHING_TO_DO or above > ABOVE_THE_BUILD


def change(folder: Path) -> None:
    (folder / "images/leaf/file").write_text(str(time.time()))


def built(folder: Path, *options: str) -> tuple[float, dict[str, float]]:
    """The wall time of a build of everything, and the seconds of each image."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "compiler", "images", "build", "--namespace", NAMESPACE, "--tag", "benchmark",
         "--json", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=folder, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    wall = time.monotonic() - began
    return wall, {image["name"]: image["seconds"] for image in json.loads(done.stdout)["images"]}


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
