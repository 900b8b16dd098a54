"""A secrets file that is encrypted with age."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyrage
import pytest

from compiler.diagnostics import HeatsinkError
from compiler.files.secrets import SecretsFile

TEXT = "# mine\nPassword: hunter2\n"


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The identity of an operator, in a file as age-keygen writes it."""
    return write_identity(tmp_path / "keys.txt", pyrage.x25519.Identity.generate())


def write_identity(path: Path, identity: pyrage.x25519.Identity) -> Path:
    path.write_text(f"# created: today\n# public key: {identity.to_public()}\n{identity}\n")
    return path


def encrypted(folder: Path, identity: Path, *, armored: bool = False) -> SecretsFile:
    key = pyrage.x25519.Identity.from_str(identity.read_text().splitlines()[-1])
    path = folder / "secrets.yaml.age"
    path.write_bytes(pyrage.encrypt(TEXT.encode(), [key.to_public()], armored=armored))
    return SecretsFile(path, identity)


@pytest.mark.parametrize("armored", [True, False])
def test_an_encrypted_file_is_read_and_written_in_its_form_with_its_comments(
    tmp_path: Path, identity: Path, armored: bool
) -> None:
    file = encrypted(tmp_path, identity, armored=armored)
    file.add({"Token": "hunter3"})
    assert file.values() == {"Password": "hunter2", "Token": "hunter3"}
    content = file.path.read_bytes()
    assert content.startswith(b"-----BEGIN AGE" if armored else b"age-encryption.org/v1")
    key = pyrage.x25519.Identity.from_str(identity.read_text().splitlines()[-1])
    assert pyrage.decrypt(content, [key]).decode() == f'{TEXT}Token: "hunter3"\n'


def test_a_new_file_named_age_is_encrypted(tmp_path: Path, identity: Path) -> None:
    file = SecretsFile(tmp_path / "secrets.yaml.age", identity)
    file.add({"Password": "hunter2"})
    assert file.path.read_bytes().startswith(b"-----BEGIN AGE ENCRYPTED FILE-----")
    assert file.values() == {"Password": "hunter2"}


def test_no_file_has_the_text_of_an_encrypted_one(tmp_path: Path, identity: Path) -> None:
    file = encrypted(tmp_path, identity)
    file.replace({"Password": "hunter3"})
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"hunter" in path.read_bytes()]


def test_a_file_is_encrypted_to_all_recipients_beside_it(tmp_path: Path, identity: Path) -> None:
    other = pyrage.x25519.Identity.generate()
    file = encrypted(tmp_path, identity)
    own = identity.read_text().splitlines()[1].rpartition(" ")[2]
    (tmp_path / ".age-recipients").write_text(f"# us\n{own}\n\n{other.to_public()}\n")
    file.add({"Token": "x"})
    elsewhere = write_identity(tmp_path / "other.txt", other)
    assert (
        SecretsFile(file.path, elsewhere).values() == file.values() == {"Password": "hunter2", "Token": "x"}
    )


def test_a_key_of_ssh_is_an_identity_whose_recipient_is_in_a_file(tmp_path: Path) -> None:
    key = tmp_path / "id_ed25519"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key), check=True)
    file = SecretsFile(tmp_path / "secrets.yaml.age", key)
    with pytest.raises(HeatsinkError, match="there is no file"):
        file.add({"Password": "x"})
    (tmp_path / ".age-recipients").write_text(key.with_suffix(".pub").read_text())
    file.add({"Password": "x"})
    assert file.values() == {"Password": "x"}


def mistake(file: SecretsFile) -> str:
    with pytest.raises(HeatsinkError) as caught:
        file.replace({"Password": "hunter3"})
    assert "hunter" not in caught.value.render()
    return str(caught.value)


def test_another_identity_cannot_decrypt(tmp_path: Path, identity: Path) -> None:
    file = encrypted(tmp_path, identity)
    other = write_identity(tmp_path / "other.txt", pyrage.x25519.Identity.generate())
    assert "cannot be decrypted with the identities in" in mistake(SecretsFile(file.path, other))


def test_a_missing_identity_is_named(tmp_path: Path, identity: Path) -> None:
    file = encrypted(tmp_path, identity)
    assert mistake(SecretsFile(file.path, tmp_path / "gone")) == f"there is no file `{tmp_path}/gone`"


def test_a_file_that_is_no_identity_is_refused_without_showing_it(tmp_path: Path, identity: Path) -> None:
    file = encrypted(tmp_path, identity)
    (tmp_path / "bad").write_text("hunter4\n")
    assert mistake(SecretsFile(file.path, tmp_path / "bad")).endswith("is not a file of identities of age")


@pytest.mark.parametrize(
    ("recipients", "complaint"),
    [("age1x\n", "line 1, is not a recipient of age"), ("# us\n", "has no recipient")],
)
def test_recipients_that_are_none_leave_the_file_as_it_is(
    tmp_path: Path, identity: Path, recipients: str, complaint: str
) -> None:
    file = encrypted(tmp_path, identity)
    before = file.path.read_bytes()
    (tmp_path / ".age-recipients").write_text(recipients)
    assert complaint in mistake(file)
    assert file.path.read_bytes() == before


def test_an_encrypted_file_may_be_readable_by_others(tmp_path: Path, identity: Path) -> None:
    file = encrypted(tmp_path, identity)
    file.path.chmod(0o644)
    assert file.values() == {"Password": "hunter2"}
