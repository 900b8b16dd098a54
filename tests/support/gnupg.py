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


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Somebody with a key without a passphrase."""

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

    def write_public_key(self, path: Path, *options: str) -> Path:
        """Write the key's public part to a file, for those who verify."""
        path.write_bytes(self.gpg(*options, "--export", KEY))
        return path


@contextmanager
def signer(*options: str, expires: str = "never") -> Iterator[Signer]:
    """A new key, in a folder with a path short enough for the socket of gpg's agent."""
    with TemporaryDirectory(prefix="gpg-") as folder:
        made = Signer(home=Path(folder))
        made.gpg(
            *options, "--pinentry-mode", "loopback", "--passphrase", "",
            "--quick-generate-key", KEY, "ed25519", "sign", expires,
        )  # fmt: skip
        try:
            yield made
        finally:
            subprocess.run(("gpgconf", "--kill", "all"), env=made.environment, check=True)
