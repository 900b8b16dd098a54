"""What commands print for people, on a terminal or not, and for programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from compiler.cli import cli
from tests.support.operator import heatsink, operator_folder

RED_ERROR = "\x1b[31m\x1b[1merror:\x1b[0m"


def test_errors_are_json_if_json_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = operator_folder(tmp_path)
    (folder / "hosts.yaml").write_text("hosts: [{name: web0, role: Webb}]")
    assert heatsink(folder, "compile --json") == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    assert json.loads(printed.out) == {
        "errors": [
            {
                "message": "there is no role `Webb`",
                "file": "hosts.yaml",
                "line": 1,
                "column": 28,
                "hint": "did you mean `Web`?",
            }
        ]
    }


def test_an_error_without_a_place_has_nulls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heatsink(tmp_path, "status --json")
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert (error["file"], error["line"], error["column"]) == (None, None, None)


@pytest.mark.parametrize("command", ["compile --role Web -q", "-q compile --role Web"])
def test_a_quiet_command_prints_no_notes(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert heatsink(operator_folder(tmp_path), command) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["compile --role Web -v", "--verbose compile --role Web"])
def test_a_verbose_compile_lists_its_input(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = operator_folder(tmp_path)
    heatsink(folder, command)
    assert f"role: {folder}/roles/Web.yaml\n" in capsys.readouterr().err


def test_labels_are_coloured_on_a_terminal(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["status", "--build", str(tmp_path)], color=True)
    assert result.output.startswith(RED_ERROR)


def test_nothing_is_coloured_elsewhere(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["status", "--build", str(tmp_path)])
    assert result.output.startswith("error: ")


def test_no_color_is_respected(tmp_path: Path) -> None:
    environment = {"NO_COLOR": "1"}
    result = CliRunner().invoke(cli, ["status", "--build", str(tmp_path)], color=True, env=environment)
    assert result.output.startswith("error: ")


def test_a_table_in_a_pipe_is_plain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "node7").mkdir()
    (tmp_path / "node7/node.json").write_text('{"engine": "podman", "base": "/b", "subnet": "198.18.77"}')
    heatsink(tmp_path, f"lab --state {tmp_path} list")
    assert (
        capsys.readouterr().out
        == "node\taddress\tengine\trelease\tstate\nnode7\t198.18.77.17\tpodman\ttrixie\toff\n"
    )


BUG = "import compiler.cli\ncompiler.cli.main(3)"


def test_a_bug_is_one_line_that_says_what_to_do() -> None:
    done = subprocess.run((sys.executable, "-c", BUG), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "error: internal error: TypeError: 'int' object is not iterable\n"
        "hint: this is a bug in heatsink: run the command again with `--debug`, and report what it prints\n"
    )


def test_debug_prints_the_versions_and_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heatsink(tmp_path, "status --debug")
    printed = capsys.readouterr().err
    assert printed.startswith("heatsink 0.1.0, Python 3.")
    assert "Traceback (most recent call last):" in printed


def test_an_option_of_another_tool_is_answered_with_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert heatsink(tmp_path, "push-artifacts --limit web0") == 2
    assert capsys.readouterr().err.endswith("No such option '--limit'. Did you mean '--host'?\n")
