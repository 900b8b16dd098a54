#!/usr/bin/python3
"""Derive Keystone's keys from secrets that all its hosts have, so that no key is copied between hosts.

A Fernet key belongs to a period of FERNET_PERIOD seconds. Keystone signs with the key of the highest number,
here that of this period, and accepts all: those of the periods before, and as 0 that of the next one, which a
host whose clock is ahead may sign with already. FERNET_KEYS is how many there are. Keys of credentials stay
the same. FERNET_SECRET and CREDENTIAL_SECRET are the secrets. Running it again changes what is due.
"""

import base64
import hmac
import os
import sys
import time
from pathlib import Path

KEYSTONE = Path("/etc/keystone")


def main() -> None:
    """Write both folders."""
    period = int(time.time()) // int(os.environ["FERNET_PERIOD"])
    fernet = fernet_keys(os.environ["FERNET_SECRET"], period, int(os.environ["FERNET_KEYS"]))
    write(KEYSTONE / "fernet-keys", fernet)
    secret = os.environ["CREDENTIAL_SECRET"]
    write(KEYSTONE / "credential-keys", {number: key(secret, number) for number in (0, 1)})


def fernet_keys(secret: str, period: int, count: int) -> dict[int, bytes]:
    """The keys of a period, by their numbers."""
    signed_with = range(period - count + 2, period + 1)
    return {0: key(secret, period + 1)} | {number: key(secret, number) for number in signed_with}


def key(secret: str, number: int) -> bytes:
    """A key in the form of Fernet: 32 bytes in Base64."""
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), f"{number}".encode(), "sha256"))


def write(folder: Path, keys: dict[int, bytes]) -> None:
    """Leave exactly these keys in a folder. New ones come first: Keystone reads it at any moment."""
    for number, content in keys.items():
        file = folder / str(number)
        if not file.exists() or file.read_bytes() != content:
            new = folder / ".new"
            new.unlink(missing_ok=True)
            new.touch(0o600)
            new.write_bytes(content)
            new.replace(file)
            sys.stdout.write(f"{file} is written\n")
    for file in folder.iterdir():
        if file.name not in map(str, keys):
            file.unlink()
            sys.stdout.write(f"{file} is deleted\n")


if __name__ == "__main__":
    main()
