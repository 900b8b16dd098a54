"""`heatsink images sign` and `verify`: signatures of images, by GnuPG, in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import click

from compiler.cli.command import Command
from compiler.cli.image_options import ImageOptions, image_options
from compiler.cli.options import lookaside_option
from compiler.cli.output import note
from compiler.cli.selection import show_errors
from compiler.diagnostics import counted
from compiler.files import images_lock

_lock = click.option(
    "--lock", type=click.Path(path_type=Path, dir_okay=False), default=Path(images_lock.NAME),
    show_default=True, help="File of image digests.",
)  # fmt: skip


@click.command(cls=Command)
@image_options
@click.option(
    "--key", required=True, metavar="KEY", help="Key of gpg to sign with: its id, fingerprint or user."
)
@lookaside_option
@_lock
def sign(patterns: tuple[str, ...], key: str, lookaside: Path, lock: Path, **options: Any) -> None:
    """Sign images by the digests that the lock has.

    Those that the key has signed are left as they are. Without a selection, signs every image of the lock.
    """
    from compiler.images.gpg import Keyring
    from compiler.images.lookaside import Lookaside
    from compiler.images.signing import sign as sign_images

    locked = ImageOptions(**options).locked(patterns, lock)
    signed = 0
    for outcome in sign_images(Keyring(os.environ), key, locked, Lookaside(lookaside)):
        if outcome.is_new:
            signed += 1
            note(f"signed {outcome.reference}")
    note(f"{counted(signed, 'image')} signed in {lookaside}, {len(locked) - signed} unchanged")


@click.command(cls=Command)
@image_options
@click.option(
    "--keyring", type=click.File("rb"), required=True, metavar="FILE",
    help="Public keys to trust, as `gpg --export` writes them.",
)  # fmt: skip
@lookaside_option
@_lock
def verify(patterns: tuple[str, ...], keyring: BinaryIO, lookaside: Path, lock: Path, **options: Any) -> None:
    """Verify the signatures of images, by the digests that the lock has.

    Exits with 1 if an image has no signature by a trusted key. Without a selection, verifies every image of
    the lock.
    """
    from compiler.images.gpg import trusting
    from compiler.images.lookaside import Lookaside
    from compiler.images.signing import verify as verify_images

    locked = ImageOptions(**options).locked(patterns, lock)
    with trusting(keyring.read()) as keys:
        outcomes = list(verify_images(keys, locked, Lookaside(lookaside)))
    for outcome in outcomes:
        if not outcome.error:
            note(f"{outcome.reference} is signed by {outcome.fingerprint}")
    show_errors(outcome.error for outcome in outcomes)
