"""What the shell completes."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from compiler.cli import cli
from tests.support.operator import heatsink, operator_folder

HOSTS = "hosts:\n- {name: 'web[0-1]', role: Web}\n- {name: db0, role: Web}\n"


def completed(folder: Path, line: str) -> list[str]:
    """The completions of the last word of a command line, in a folder."""
    *words, incomplete = line.split(" ")
    with contextlib.chdir(folder):
        items = ShellComplete(cli, {}, "heatsink", "_HEATSINK_COMPLETE").get_completions(words, incomplete)
    return [f"{item.value}:{item.type}" if item.type != "plain" else item.value for item in items]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pu", ["push-artifacts"]),
        ("compile --role C", ["Compute", "Controller"]),
        ("compile --host w", ["web0", "web1"]),
        ("push-artifacts --host d", ["db0"]),
        ("schema ro", ["role", "role_data"]),
        ("images build key", ["keystone"]),
        ("images build --role We", ["Web"]),
        ("images build --profile n", ["network"]),
        (
            "compile -e environments/d",
            ["environments/demo.yaml", "environments/docker.yaml", "environments/d:file"],
        ),
        ("lab hosts --role We", ["Web"]),
        ("output --role Web ad", ["address", "admin"]),
    ],
)
def test_names_are_completed(line: str, expected: list[str], tmp_path: Path) -> None:
    folder = operator_folder(tmp_path)
    (folder / "hosts.yaml").write_text(HOSTS)
    (folder / "image-profiles.yaml").write_text("profiles: {network: {}, web: {}}\n")
    heatsink(folder, "compile")
    with (folder / "templates/web.yaml").open("a") as template:
        template.write("  address: {value: 192.0.2.1}\n  admin: {value: root}\n  url: {value: /}\n")
    assert completed(folder, line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "compile --host w",
        "push-artifacts --host w",
        "compile -r none.yaml --role W",
        "images list --profile w",
        "output -r none.yaml w",
    ],
)
def test_nothing_is_completed_without_input(line: str, tmp_path: Path) -> None:
    assert completed(tmp_path, line) == []
