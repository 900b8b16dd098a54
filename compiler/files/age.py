"""Files that are encrypted with age, read and written in memory: their text is never on disk.

`pyrage` does it, which `heatsink[age]` installs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compiler import files
from compiler.diagnostics import HeatsinkError, reason
from compiler.source import Source

SUFFIX = ".age"  # of a new file that is to be encrypted
RECIPIENTS = ".age-recipients"  # beside the file: one recipient in a line, as `age -R` reads it
_ARMOUR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_HEADERS = (b"age-encryption.org/v1", _ARMOUR)


def is_encrypted(path: Path) -> bool:
    """Whether a file begins as age's files do."""
    return _content(path).startswith(_HEADERS)


def decrypted(path: Path, identities: Path | None) -> Source:
    """The text of an encrypted file. Raises HeatsinkError if none of the identities can read it."""
    pyrage = _pyrage()
    keys = _keys(identities)
    try:
        text = pyrage.decrypt(_content(path), keys).decode()
    except (pyrage.DecryptError, UnicodeDecodeError):
        raise HeatsinkError(
            f"`{files.short_name(path)}` cannot be decrypted with the identities in `{_place(identities)}`",
            hint="name the file of another identity with `--identity`",
        ) from None
    return Source(files.short_name(path), text, hidden=True)


def encrypted(text: str, path: Path, identities: Path | None) -> bytes:
    """A text, encrypted to the recipients beside the file, or to the identities if there are none."""
    listed = path.parent / RECIPIENTS
    is_armoured = not path.exists() or _content(path).startswith(_ARMOUR)
    recipients = list(_recipients(listed)) if listed.exists() else _public(_keys(identities), listed)
    if not recipients:
        raise HeatsinkError(f"`{listed}` has no recipient", hint="add a line `age1…`")
    content: bytes = _pyrage().encrypt(text.encode(), recipients, armored=is_armoured)
    return content


def _recipients(path: Path) -> Iterator[Any]:
    pyrage = _pyrage()
    for number, line in enumerate(_lines(path), 1):
        kind = pyrage.ssh if line.startswith("ssh-") else pyrage.x25519
        try:
            if line and not line.startswith("#"):
                yield kind.Recipient.from_str(line)
        except pyrage.RecipientError:
            raise HeatsinkError(
                f"`{path}`, line {number}, is not a recipient of age", hint="write `age1…` or `ssh-ed25519 …`"
            ) from None


def _keys(identities: Path | None) -> list[Any]:
    """The identities in a file, which is age's own or a private key of ssh."""
    pyrage, path = _pyrage(), _place(identities)
    lines = _lines(path)
    try:
        if lines[:1] == ["-----BEGIN OPENSSH PRIVATE KEY-----"]:
            return [pyrage.ssh.Identity.from_buffer(_content(path))]
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError:
        raise HeatsinkError(
            f"`{path}` is not a file of identities of age", hint="make one with `age-keygen`"
        ) from None


def _public(keys: list[Any], listed: Path) -> list[Any]:
    if not all(hasattr(key, "to_public") for key in keys):
        raise HeatsinkError(
            f"there is no file `{listed}`", hint="write the public key of your ssh key into it"
        )
    return [key.to_public() for key in keys]


def _place(identities: Path | None) -> Path:
    """The file of identities: the one that is named, or that of sops (https://getsops.io/docs)."""
    if identities is not None:
        return identities
    if named := os.environ.get("SOPS_AGE_KEY_FILE"):
        return Path(named)
    configuration = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return configuration / "sops/age/keys.txt"


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in _content(path).decode(errors="replace").splitlines()]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise HeatsinkError(
            f"there is no file `{path}`", hint="name the file of your identity with `--identity`"
        ) from None
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None


def _pyrage() -> Any:
    try:
        import pyrage
    except ImportError:
        raise HeatsinkError(
            "encrypted secrets need pyrage", hint="run `pip install 'heatsink[age]'`"
        ) from None
    return pyrage
