"""The secrets file: values by name, readable by its owner only. No error shows a line of it."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import string
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from compiler import files
from compiler.diagnostics import HeatsinkError, reason
from compiler.files import age
from compiler.files.secret_lines import with_values
from compiler.files.writing import replace_file
from compiler.node import expect_mapping, plain
from compiler.source import Source

NAME = "secrets.yaml"
LENGTH = 40
_ALPHABET = string.ascii_letters + string.digits
_HEADER = "# Values of secrets, by name. Keep a copy of this file in a safe place.\n"


class AddedMeanwhileError(HeatsinkError):
    """Another command has written a value first."""


@dataclass(frozen=True, slots=True)
class SecretsFile:
    """A secrets file: a flat mapping `name: value`, whether it exists yet or not."""

    path: Path
    identities: Path | None = None  # of age, for a file that is encrypted; None: where sops keeps them

    def values(self) -> dict[str, str]:
        """Name → value; empty if there is no such file, or nothing in it.

        Raises HeatsinkError if it is not a flat mapping of texts, or other users can read it.
        """
        source = self._source()
        return _values(source) if source else {}

    def add(self, values: Mapping[str, str]) -> None:
        """Append values to the file, which only its owner can read (0600).

        Raises AddedMeanwhileError, and writes nothing, if it has one of the names by now.
        """
        with _locked(self.path.parent):
            if taken := sorted(values.keys() & self.values().keys()):
                raise AddedMeanwhileError(
                    f"another command has written `{taken[0]}` to `{self.path}` in the meantime",
                    hint="run the command again",
                )
            self._write(values)

    def replace(self, values: Mapping[str, str]) -> None:
        """Write values, also over others of the same names; all other lines stay as they are."""
        with _locked(self.path.parent):
            self._write(values)

    def _source(self) -> Source | None:
        if not self.path.exists():
            return None
        if age.is_encrypted(self.path):
            return age.decrypted(self.path, self.identities)
        _check_private(self.path)
        return files.read(self.path)

    def _content(self, text: str) -> bytes:
        """What is written of a text: the text, or its encryption."""
        is_encrypted = age.is_encrypted(self.path) if self.path.exists() else self.path.suffix == age.SUFFIX
        return age.encrypted(text, self.path, self.identities) if is_encrypted else text.encode()

    def _write(self, values: Mapping[str, str]) -> None:
        before = self._source() or Source(files.short_name(self.path), _HEADER)
        wanted = {**_values(before), **values}
        text = with_values(before, values)
        if _values(Source(before.name, text)) != wanted:
            raise HeatsinkError(
                f"`{before.name}` cannot be changed in place", hint="write one `name: value` per line"
            )
        try:
            replace_file(self.path, self._content(text), 0o600, durable=True)
        except OSError as error:
            raise HeatsinkError(f"`{self.path}` cannot be written: {reason(error)}") from None


def usual_path() -> Path:
    """The file in the current folder: secrets.yaml, or secrets.yaml.age if there is that instead."""
    plain_file, encrypted = Path(NAME), Path(NAME + age.SUFFIX)
    if plain_file.exists() and encrypted.exists():
        raise HeatsinkError(
            f"there are both `{plain_file}` and `{encrypted}`",
            hint="remove one, or name one with `--secrets`",
        )
    return encrypted if encrypted.exists() else plain_file


def new_values(names: Iterable[str]) -> dict[str, str]:
    """A new value for each name: 40 letters and digits, which need no quoting anywhere."""
    return {name: "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH)) for name in sorted(names)}


def _values(source: Source) -> dict[str, str]:
    from compiler import schemas  # here: most pushes read no file of secrets
    from compiler.node.yaml import parse

    try:
        node = parse(source)
        if node is None:
            return {}
        schemas.check(expect_mapping(node, "a secrets file"), "secrets")
    except HeatsinkError as error:
        raise error.without_text() from None
    values = plain(node)
    assert isinstance(values, dict)
    return {name: str(value) for name, value in values.items()}


def _check_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise HeatsinkError(
            f"`{files.short_name(path)}` is readable by other users (mode {mode:04o})",
            hint=f"run `chmod 600 {files.short_name(path)}`, and change the secrets if others saw them",
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other commands from writing secrets in a folder."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise HeatsinkError(f"`{folder}` cannot be read: {reason(error)}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
