"""A signer: a key of GnuPG in a folder of its own, whose agent ends with the test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

KEY = "release@example.com"
PINENTRY = """#!/bin/sh
echo OK
while read -r word rest; do
    [ "$word" != GETPIN ] || echo "D {}"
    echo OK
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Somebody with a key."""

    home: Path

    def gpg(self, *arguments: str, content: bytes = b"") -> bytes:
        """What gpg prints."""
        command = ("gpg", "--batch", "--quiet", *arguments)
        done = subprocess.run(command, env=self.environment, input=content, capture_output=True, check=True)
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which gpg has the key."""
        return {**os.environ, "GNUPGHOME": str(self.home)}

    def answers(self, passphrase: str) -> None:
        """Let somebody answer when gpg's agent, which forgets what it has heard, asks for a passphrase."""
        pinentry = self.home / "pinentry"
        pinentry.write_text(PINENTRY.format(passphrase))
        pinentry.chmod(0o755)
        (self.home / "gpg-agent.conf").write_text(f"pinentry-program {pinentry}\n")
        subprocess.run(("gpgconf", "--kill", "gpg-agent"), env=self.environment, check=True)

    def write_public_key(self, path: Path, *options: str) -> Path:
        """Write the key's public part to a file, for those who verify."""
        path.write_bytes(self.gpg(*options, "--export", KEY))
        return path


@contextmanager
def signer(*options: str, expires: str = "never", passphrase: str = "") -> Iterator[Signer]:
    """A new key, in a folder with a path short enough for the socket of gpg's agent."""
    with TemporaryDirectory(prefix="gpg-") as folder:
        made = Signer(home=Path(folder))
        made.gpg(
            *options, "--pinentry-mode", "loopback", "--passphrase", passphrase,
            "--quick-generate-key", KEY, "ed25519", "sign", expires,
        )  # fmt: skip
        try:
            yield made
        finally:
            subprocess.run(("gpgconf", "--kill", "all"), env=made.environment, check=True)
