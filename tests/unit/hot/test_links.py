"""Links in a tree of templates: inside it they work, and none leads out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operator import heatsink, operator_folder

TEMPLATE = """heat_template_version: wallaby
outputs:
  role_data:
    value:
      service_name: web
      config_data: {web: {web.conf: {text: {get_file: page.txt}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's folder beside a file that is none of its own."""
    (tmp_path / "secret.txt").write_text("secret")
    made = operator_folder(tmp_path / "operator")
    (made / "templates/web.yaml").write_text(TEMPLATE)
    return made


def test_get_file_follows_a_link_inside_the_tree(folder: Path) -> None:
    (folder / "templates/other.txt").write_text("other")
    (folder / "templates/page.txt").symlink_to("other.txt")
    assert heatsink(folder, "compile --role Web") == 0


@pytest.mark.parametrize("target", ["../../secret.txt", "/etc/hostname"])
def test_get_file_follows_no_link_out_of_the_tree(
    folder: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "templates/page.txt").symlink_to(target)
    heatsink(folder, "compile --role Web")
    leads = (folder / "templates" / target).resolve()
    said = capsys.readouterr().err
    assert f"error: `page.txt` is a link to `{leads}`, outside the template directory" in said


def test_a_folder_that_is_a_link_leads_out_of_the_tree_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "templates/page").symlink_to("../..", target_is_directory=True)
    (folder / "templates/web.yaml").write_text(TEMPLATE.replace("page.txt", "page/secret.txt"))
    heatsink(folder, "compile --role Web")
    assert "`page/secret.txt` is a link to" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["web.yaml", "resource_registry.yaml"])
def test_a_template_and_the_registry_are_no_links_out_of_the_tree(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "templates" / name
    path.unlink(missing_ok=True)
    (folder.parent / name).write_text(TEMPLATE if name == "web.yaml" else "resource_registry: {}\n")
    path.symlink_to(folder.parent / name)
    heatsink(folder, "compile --role Web")
    assert f"`{name}` is a link to `{folder.parent / name}`" in capsys.readouterr().err
