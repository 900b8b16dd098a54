"""GnuPG: signs with the operator's keys, and verifies by a file of trusted ones.

https://github.com/gpg/gnupg/blob/master/doc/DETAILS
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import HeatsinkError, reason

_LARGEST = 64 << 10  # bytes of what is signed
_BATCH = ("gpg", "--batch", "--quiet", "--no-tty")
_MISSING = "install it (Debian: apt-get install gnupg)"
_REFUSALS = {
    "NO_PUBKEY": "its key `{}` is not in the keyring",
    "EXPKEYSIG": "its key `{}` has expired",
    "REVKEYSIG": "its key `{}` is revoked",
    "EXPSIG": "the signature by `{}` has expired",
    "BADSIG": "it was changed after `{}` signed it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What was signed, and the fingerprint of the key: the primary one, whichever of its subkeys signed."""

    content: bytes
    fingerprint: str


class Keyring:
    """A folder of gpg's keys: the operator's own, or one with the keys of a file."""

    def __init__(self, environment: Mapping[str, str], home: Path | None = None) -> None:
        # Public keys need no agent, and one would outlive the folder.
        self._command = (*_BATCH, "--no-autostart", "--homedir", str(home)) if home else _BATCH
        self._environment = {**environment, "LC_ALL": "C"}
        if "GPG_TTY" not in environment and os.isatty(2):
            self._environment["GPG_TTY"] = os.ttyname(2)  # where the agent asks

    def fingerprint(self, key: str) -> str:
        """The fingerprint of a key to sign with, by its id, fingerprint or user. Raises HeatsinkError."""
        done = self._run("--with-colons", "--list-secret-keys", "--", key)
        found = re.search(rb"^fpr:+([0-9A-F]+):", done.stdout, re.MULTILINE)
        if done.returncode or not found:
            raise HeatsinkError(
                f"gpg has no secret key `{key}`", hint="`gpg --list-secret-keys` shows those that it has"
            )
        return found[1].decode()

    def sign(self, key: str, content: bytes) -> bytes:
        """A message with the content and its signature. gpg's agent asks for the passphrase."""
        options = ("--local-user", key, "--digest-algo", "SHA256", "--no-armor", "--output", "-", "--sign")
        done = self._run(*options, content=content)
        if done.returncode:
            raise HeatsinkError(f"gpg cannot sign with `{key}`: {_last_line(done.stderr)}")
        return done.stdout

    def verified(self, message: bytes) -> Signed:
        """The content of a message. Raises HeatsinkError unless a key of this folder has signed it.

        The message must be binary: engines refuse another.
        """
        options = ("--trust-model", "always", "--no-auto-key-retrieve", "--max-output", str(_LARGEST))
        streams = ("--logger-file", os.devnull, "--status-fd", "2", "--output", "-", "--verify", "-")
        done = self._run(*options, *streams, content=message)
        status = re.findall(r"^\[GNUPG:\] (\w+) ?(.*)$", done.stderr.decode(errors="replace"), re.MULTILINE)
        for word, rest in status:
            if word in _REFUSALS:
                raise HeatsinkError(_REFUSALS[word].format(rest.partition(" ")[0]))
        words = dict(status)
        is_binary = message[:1] >= b"\x80"
        if done.returncode or not (is_binary and {"GOODSIG", "VALIDSIG"} <= words.keys()):
            raise HeatsinkError("it is not a message that gpg has signed")
        return Signed(content=done.stdout, fingerprint=words["VALIDSIG"].split()[-1])

    def add(self, keys: bytes) -> None:
        """Trust public keys, as `gpg --export` writes them, armoured or not."""
        if self._run("--import", content=keys).returncode:
            raise HeatsinkError(
                "gpg finds no public keys to trust", hint="write them with `gpg --armor --export KEY`"
            )

    def _run(self, *arguments: str, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                (*self._command, *arguments),
                input=content,
                env=self._environment,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise HeatsinkError(f"`gpg` cannot be run: {reason(error)}", hint=_MISSING) from None


@contextmanager
def trusting(keys: bytes) -> Iterator[Keyring]:
    """A keyring with these public keys, and no others."""
    with tempfile.TemporaryDirectory(prefix="heatsink-gpg-") as home:
        keyring = Keyring(os.environ, Path(home))
        keyring.add(keys)
        yield keyring


def _last_line(errors: bytes) -> str:
    lines = errors.decode(errors="replace").strip().splitlines() or ["it does not say why"]
    return lines[-1].removeprefix("gpg: ")
