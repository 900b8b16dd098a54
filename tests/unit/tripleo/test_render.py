"""Trees as they are rendered, and upstream's beside what its own tool makes of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.operator import heatsink

RENDER = "render tree -o out"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the smallest tree, of two roles."""
    files = {
        "roles_data.yaml": "- name: Compute\n- name: Controller\n",
        "network_data.yaml": "",
        "overcloud.j2.yaml": "{{ roles|map(attribute='name')|list }}",
        "puppet/role.role.j2.yaml": "{{role.name}}",
    }
    for name, text in files.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def texts(tree: Path) -> dict[str, bytes | None]:
    """Path → content of every file, and None for every folder."""
    return {
        str(path.relative_to(tree)): None if path.is_dir() else path.read_bytes() for path in tree.rglob("*")
    }


def test_rendering_again_leaves_nothing_of_roles_that_are_gone(folder: Path) -> None:
    heatsink(folder, RENDER)
    (folder / "tree/roles_data.yaml").write_text("- name: Storage\n")
    assert heatsink(folder, RENDER) == 0
    assert sorted(path.name for path in (folder / "out/puppet").iterdir()) == ["storage-role.yaml"]
    assert sorted(path.name for path in folder.iterdir()) == ["out", "tree"]


def test_a_rendering_that_fails_leaves_the_last_one_as_it_was(folder: Path) -> None:
    heatsink(folder, RENDER)
    before = texts(folder / "out")
    (folder / "tree/overcloud.j2.yaml").write_text("{{ roles.no.such }}")
    assert heatsink(folder, RENDER) == 1
    assert texts(folder / "out") == before


def test_other_files_keep_their_bytes_and_modes(folder: Path) -> None:
    script = folder / "tree/run"
    script.write_bytes(b"\xff\x00\r\n")
    script.chmod(0o755)
    (folder / "tree/empty").mkdir()
    heatsink(folder, RENDER)
    copy = folder / "out/run"
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777) == (b"\xff\x00\r\n", 0o755)
    assert (folder / "out/empty").is_dir()


def test_a_link_is_copied_as_the_file_it_leads_to_and_not_followed_to_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tree/alias").symlink_to("network_data.yaml")
    (folder / "tree/linked").symlink_to("puppet")
    heatsink(folder, RENDER)
    assert (folder / "out/alias").is_file() and not (folder / "out/alias").is_symlink()
    assert not (folder / "out/linked").exists()
    assert "warning: skipping `tree/linked`, a symbolic link to a folder\n" in capsys.readouterr().err


def test_line_ends_of_windows_do_not_reach_what_is_rendered(folder: Path) -> None:
    (folder / "tree/overcloud.j2.yaml").write_bytes(b"a\r\n{{ roles[0].name }}\r\n\r\n")
    heatsink(folder, RENDER)
    assert (folder / "out/overcloud.yaml").read_bytes() == b"a\nCompute\n"


def test_a_template_wins_over_the_file_that_it_was_once_rendered_to(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tree/overcloud.yaml").write_text("old")
    heatsink(folder, RENDER)
    assert (folder / "out/overcloud.yaml").read_text() == "['Compute', 'Controller']"
    assert "warning: `overcloud.yaml` is generated more than once: the last one is kept" in (
        capsys.readouterr().err
    )


TOOL = "tools/process-templates.py"
VARIANTS = {
    "its own roles and networks": (None, None),
    "every role there is": ("every", None),
    "roles in another order": ("backwards", "network_data_routed.yaml"),
    "some networks disabled": (None, "disabled"),
    "no network": (None, "none"),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("variable", ["THT_MASTER", "THT_TRAIN"])
def test_upstreams_tree_is_rendered_as_upstreams_tool_does(
    variable: str, variant: str, tmp_path: Path
) -> None:
    if variable not in os.environ:
        pytest.skip(f"{variable} names no tree of tripleo-heat-templates")
    tree = Path(os.environ[variable]).resolve()
    roles, networks = (written(tree, name, tmp_path) for name in VARIANTS[variant])
    arguments = [*(("-r", roles) if roles else ()), *(("-n", networks) if networks else ())]
    upstream(tree, [*arguments, "-o", "theirs"], tmp_path)
    assert heatsink(tmp_path, " ".join(["render", str(tree), *arguments, "-o", "ours"])) == 0
    assert texts(tmp_path / "ours") == texts(tmp_path / "theirs")


def upstream(tree: Path, arguments: list[str], folder: Path) -> None:
    """Run the tree's own tool, with the one name that it takes from a library for Python 2."""
    (folder / "six.py").write_text("text_type = str\n")
    command = [sys.executable, str(tree / TOOL), "-p", str(tree), *arguments]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def written(tree: Path, name: str | None, folder: Path) -> str | None:
    """The file of roles or networks of that name: written from the tree's own, unless the tree has it."""
    if name is None or (tree / name).is_file():
        return name
    path = folder / f"{name}.yaml"
    path.write_text(MADE[name](tree), encoding="utf-8")
    return str(path)


def every_role(tree: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(tree.glob("roles/*.yaml"))]


def disabled(tree: Path) -> str:
    text = (tree / "network_data.yaml").read_text(encoding="utf-8")
    return re.sub(r"^(- name: (Storage|Tenant))$", r"\1\n  enabled: false", text, flags=re.MULTILINE)


MADE: dict[str, Callable[[Path], str]] = {
    "every": lambda tree: "\n".join(every_role(tree)),
    "backwards": lambda tree: "\n".join(reversed(every_role(tree))),
    "disabled": disabled,
    "none": lambda _: "# no networks\n",
}
