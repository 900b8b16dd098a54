"""The file of secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.files.secrets import AddedMeanwhileError, add_secrets, new_values, read_secrets


def test_secrets_are_made_of_forty_letters_and_digits_and_never_twice() -> None:
    made = new_values({"A", "B"})
    assert all(len(value) == 40 and value.isalnum() for value in made.values())
    assert made["A"] != made["B"]


def test_further_secrets_go_behind_what_an_operator_wrote(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("# mine\nA: x")
    path.chmod(0o600)
    add_secrets(path, {"B": "1" * 40})
    assert path.read_text() == f'# mine\nA: x\nB: "{"1" * 40}"\n'
    assert read_secrets(path) == {"A": "x", "B": "1" * 40}


def test_a_secret_that_another_command_wrote_first_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    add_secrets(path, {"A": "first"})
    before = path.read_text()
    with pytest.raises(AddedMeanwhileError, match="`A`"):
        add_secrets(path, {"A": "second", "B": "x"})
    assert path.read_text() == before


def test_a_new_file_of_secrets_is_its_owners_alone(tmp_path: Path) -> None:
    add_secrets(tmp_path / "secrets.yaml", {"A": "x"})
    assert (tmp_path / "secrets.yaml").stat().st_mode & 0o777 == 0o600


def test_secrets_that_others_can_read_are_refused_with_what_to_run(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("A: x\n")
    path.chmod(0o640)
    with pytest.raises(HeatsinkError, match="is readable by other users") as caught:
        read_secrets(path)
    assert "chmod 600" in str(caught.value.problems[0].hint)


@pytest.mark.parametrize("text", ["Password: [hunter2]\n", "Password: 'hunter2\n", "Password: 0600\n"])
def test_a_mistake_in_the_file_of_secrets_shows_its_place_and_no_secret(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(HeatsinkError) as caught:
        read_secrets(path)
    assert f"--> {path}:" in caught.value.render()
    assert "hunter2" not in caught.value.render()
