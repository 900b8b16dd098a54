"""Laws of quoting: whatever is written comes back, read by parsers that do not know emit."""

from __future__ import annotations

import csv
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.model.container import Volume
from compiler.model.host_prep import HostPrep, Tmpfile
from compiler.stages.emit import unit
from compiler.stages.emit.host_prep import TMPFILES, host_prep
from compiler.stages.emit.options import bind_mount
from compiler.stages.emit.unit import Section, UnitFile
from tests.support import units
from tests.support.examples import examples

# Characters that mean something somewhere come up more often than chance has it.
PRINTABLE = st.one_of(
    st.sampled_from(" \\\"'%$;#{}@!-+:|=,*?~é☃\N{NO-BREAK SPACE}\N{LINE SEPARATOR}\N{GRINNING FACE}"),
    st.characters(exclude_categories=("Cc", "Cs")),
)
WORD = st.text(PRINTABLE)
WORD_OF_COMMAND = st.text(st.one_of(PRINTABLE, st.characters(categories=("Cc",), exclude_characters="\0")))
PATH_PART = st.text(PRINTABLE.filter(lambda character: character != "/"), min_size=1, max_size=20)


@given(PATH_PART, PATH_PART)
def test_docker_gets_back_the_paths_of_a_mount(source: str, target: str) -> None:
    fields = next(csv.reader([bind_mount(Volume(source=f"/{source}", target=f"/{target}", options=("ro",)))]))
    assert fields == ["type=bind", f"source=/{source}", f"target=/{target}", "readonly"]


@given(st.lists(WORD_OF_COMMAND))
def test_systemd_gets_back_the_words_of_a_command(further: list[str]) -> None:
    argv = ["/usr/bin/podman", *further]
    assert units.command_lines(unit.command(argv)) == [argv]


@given(st.lists(st.lists(WORD_OF_COMMAND, min_size=1)))
def test_a_long_command_is_the_same_command(further: list[list[str]]) -> None:
    parts = [("/usr/bin/podman", "run"), *(("--flag", *part) for part in further)]
    flat = [word for part in parts for word in part]
    assert units.command_lines(unit.long_command(parts)) == [flat]


@given(st.lists(WORD, min_size=1))
def test_systemd_gets_back_the_words_of_a_list(words: list[str]) -> None:
    assert units.words(" ".join(map(unit.word, words))) == words


@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\x1b", "\x7f"])
def test_a_list_holds_no_control_character(character: str) -> None:
    with pytest.raises(CompileError, match="control character"):
        unit.word(f"a{character}b")


def test_a_command_holds_no_null_character() -> None:
    with pytest.raises(CompileError, match="control character"):
        unit.command(["echo", "a\0b"])


def test_a_value_does_not_swallow_the_next_line() -> None:
    with pytest.raises(CompileError, match="ends in a backslash"):
        UnitFile((Section("Unit", (("Description", "a\\"), ("After", "b.service"))),)).text()


def test_a_unit_holds_no_secret() -> None:
    with pytest.raises(CompileError, match="would expose the secret `Key`"):
        UnitFile((Section("Service", (("ExecStart", "/bin/echo @{heatsink:secret:Key}"),)),)).text()


@pytest.mark.skipif(not shutil.which("systemd-tmpfiles"), reason="needs systemd-tmpfiles")
@settings(max_examples=examples(15))
@given(st.lists(PATH_PART, min_size=1, max_size=6, unique=True), PATH_PART)
def test_tmpfiles_makes_exactly_what_was_named(names: list[str], written: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/x{name}" for name in names]
        content = f"a{written}z"
        entries = [Tmpfile(path=path, type="f", mode="0640", argument=content) for path in files]
        assert tmpfiles(folder, entries) == dict.fromkeys(files, (0o640, content))


def tmpfiles(folder: str, entries: list[Tmpfile]) -> dict[str, tuple[int, str]]:
    """What systemd-tmpfiles makes of entries: path to mode and content."""
    (file,) = host_prep(HostPrep(tmpfiles=tuple(entries)))
    assert file.path == TMPFILES
    done = subprocess.run(
        ("systemd-tmpfiles", "--create", "-"), input=file.content, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return {
        str(path): (stat.S_IMODE(path.stat().st_mode), path.read_text(encoding="utf-8"))
        for path in Path(folder).iterdir()
    }
