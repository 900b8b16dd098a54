"""The man pages in the wheel: one for each command, with every option, in markup that man accepts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import click
import pytest

from compiler.cli import cli
from scripts import man_pages

ROOT = Path(__file__).parents[2]
PAGES = man_pages.pages()


def options(command: str) -> set[str]:
    """The options of a command such as `images build`, as click knows them."""
    context, *words = click.Context(cli), *command.split()
    found: click.Command = cli
    for word in words:
        assert isinstance(found, click.Group)
        found = found.get_command(context, word) or pytest.fail(word)
    return {option for parameter in found.params for option in parameter.opts if option.startswith("-")}


def words(page: str) -> set[str]:
    """The words of a page without its markup."""
    return set(re.split(r"[\s,]+", re.sub(r"\\f[BR]", "", page).replace("\\-", "-")))


def documented() -> list[str]:
    """The commands of docs/commands.md, which has all of them (test_commands_page)."""
    return re.findall(r"^## heatsink (.+)$", (ROOT / "docs" / "commands.md").read_text(), re.M)


@pytest.mark.parametrize("command", documented())
def test_the_page_of_a_command_has_its_options(command: str) -> None:
    assert options(command) <= words(PAGES[f"heatsink-{command.replace(' ', '-')}.1"])


def test_every_group_has_a_page_that_leads_to_its_commands() -> None:
    groups = {"heatsink", "heatsink-images", "heatsink-lab", "heatsink-secrets"}
    commands = {f"heatsink-{command.replace(' ', '-')}" for command in documented()}
    assert PAGES.keys() == {f"{name}.1" for name in groups | commands}
    for group in groups:
        below = {name for name in groups | commands if name.rpartition("-")[0] == group}
        assert {f"{name}(1)" for name in below} <= words(PAGES[f"{group}.1"])


@pytest.mark.parametrize("name", PAGES)
def test_man_shows_a_page_without_a_warning(name: str) -> None:
    if shutil.which("groff") is None:
        pytest.skip("needs groff")
    command = ("groff", "-man", "-Tutf8", "-Kutf-8", "-ww")
    done = subprocess.run(command, input=PAGES[name], check=True, text=True, capture_output=True)
    assert done.stderr == ""
    assert "\nNAME\n" in re.sub(".\b", "", done.stdout)  # bold is printed twice


def test_text_is_shown_as_it_is_written() -> None:
    assert man_pages._text(".so a\\b 'x' ~/`--y`") == "\\&.so a\\eb \\(aqx\\(aq \\(ti/\\fB\\-\\-y\\fR"


def test_pages_are_made_with_what_the_build_declares(tmp_path: Path) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hook = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    absent = modules(pyproject["project"]["dependencies"]) - modules(hook["dependencies"])
    command = (sys.executable, "-X", "importtime", "scripts/man_pages.py", str(tmp_path))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True, env=environment)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert modules(hook["dependencies"]) <= loaded
    assert loaded & absent == set()


def modules(requirements: list[str]) -> set[str]:
    """The names under which distributions are imported."""
    names = {re.split(r"[<>=]", requirement)[0] for requirement in requirements}
    return {{"pyyaml": "yaml"}.get(name, name) for name in names}


def test_the_wheel_has_every_page(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path))
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        installed = {Path(name).name for name in archive.namelist() if "/share/man/man1/" in name}
    assert installed == PAGES.keys()
