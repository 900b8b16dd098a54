"""The file of secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.files.secrets import AddedMeanwhileError, SecretsFile, new_values


def test_secrets_are_made_of_forty_letters_and_digits_and_never_twice() -> None:
    made = new_values({"A", "B"})
    assert all(len(value) == 40 and value.isalnum() for value in made.values())
    assert made["A"] != made["B"]


def test_further_secrets_go_behind_what_an_operator_wrote(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("# mine\nA: x")
    path.chmod(0o600)
    SecretsFile(path).add({"B": "1" * 40})
    assert path.read_text() == f'# mine\nA: x\nB: "{"1" * 40}"\n'
    assert SecretsFile(path).values() == {"A": "x", "B": "1" * 40}


def test_a_secret_that_another_command_wrote_first_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    SecretsFile(path).add({"A": "first"})
    before = path.read_text()
    with pytest.raises(AddedMeanwhileError, match="`A`"):
        SecretsFile(path).add({"A": "second", "B": "x"})
    assert path.read_text() == before


def test_a_new_file_of_secrets_is_its_owners_alone(tmp_path: Path) -> None:
    SecretsFile(tmp_path / "secrets.yaml").add({"A": "x"})
    assert (tmp_path / "secrets.yaml").stat().st_mode & 0o777 == 0o600


def test_secrets_that_others_can_read_are_refused_with_what_to_run(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("A: x\n")
    path.chmod(0o640)
    with pytest.raises(HeatsinkError, match="is readable by other users") as caught:
        SecretsFile(path).values()
    assert "chmod 600" in str(caught.value.problems[0].hint)


@pytest.mark.parametrize("text", ["Password: [hunter2]\n", "Password: 'hunter2\n", "Password: 0600\n"])
def test_a_mistake_in_the_file_of_secrets_shows_its_place_and_no_secret(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(HeatsinkError) as caught:
        SecretsFile(path).values()
    assert f"--> {path}:" in caught.value.render()
    assert "hunter2" not in caught.value.render()


KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "value", [KEY, "a: b # c", 'say "hi" \\ there', "é\u2028☃😀\x7f\t", " lead\n x\n", "0600", "", "a\n\nb\n"]
)
def test_a_replaced_value_is_read_back_and_all_other_lines_stay(tmp_path: Path, value: str) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("# mine\nA: x # of a\n\n# about B\nB: |\n  one\n  two\n\n# about C\nC: y\n")
    path.chmod(0o600)
    SecretsFile(path).replace({"B": value})
    assert SecretsFile(path).values() == {"A": "x", "B": value, "C": "y"}
    text = path.read_text()
    assert text.startswith("# mine\nA: x # of a\n\n# about B\nB: ")
    assert text.endswith("\n\n# about C\nC: y\n")


def test_a_key_is_written_as_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    SecretsFile(path).replace({"Key": KEY})
    assert path.read_text().endswith(
        "\nKey: |\n  -----BEGIN PRIVATE KEY-----\n  MC4CAQ==\n  -----END PRIVATE KEY-----\n"
    )


def test_a_file_that_cannot_be_changed_line_by_line_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("{A: hunter2, B: y}\n")
    path.chmod(0o600)
    with pytest.raises(HeatsinkError) as caught:
        SecretsFile(path).replace({"A": "z"})
    assert "hunter2" not in caught.value.render()
    assert path.read_text() == "{A: hunter2, B: y}\n"
