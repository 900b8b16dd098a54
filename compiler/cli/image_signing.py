"""`heatsink images sign` and `verify`: signatures of images, by GnuPG, in a folder."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import click

from compiler.cli.command import Command
from compiler.cli.image_options import ImageOptions, image_options
from compiler.cli.options import ca_option, insecure_option, lookaside_option
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
@click.option(
    "--platforms",
    is_flag=True,
    help="Ask the registries, and sign also each image of an index of images for several platforms.",
)
@lookaside_option
@_lock
@ca_option
@insecure_option
def sign(
    patterns: tuple[str, ...], key: str, platforms: bool, lookaside: Path, lock: Path, ca: Path | None,
    insecure: tuple[str, ...], **options: Any,
) -> None:  # fmt: skip
    """Sign images by the digests that the lock has.

    Those that the key has signed are left as they are. Without a selection, signs every image of the lock.
    """
    from compiler.images.gpg import Keyring
    from compiler.images.lookaside import Lookaside
    from compiler.images.registry import RegistryClient
    from compiler.images.signing import sign as sign_images
    from compiler.images.signing import with_platforms

    locked = ImageOptions(**options).locked(patterns, lock)
    client = RegistryClient(ca=ca, insecure=frozenset(insecure))
    images = with_platforms(client, locked) if platforms else locked.items()
    counts = Counter[bool]()
    for outcome in sign_images(Keyring(os.environ), key, images, Lookaside(lookaside)):
        counts[outcome.is_new] += 1
        if outcome.is_new:
            note(f"signed {outcome.reference} at {outcome.digest}")
    note(f"{counted(counts[True], 'signature')} written to {lookaside}, {counts[False]} unchanged")


@click.command(cls=Command)
@image_options
@click.option(
    "--keyring", type=click.File("rb"), required=True, metavar="FILE",
    help="Public keys to trust, as `gpg --export` writes them.",
)  # fmt: skip
@click.option(
    "--lookaside",
    metavar="DIR|URL",
    default="signatures",
    show_default=True,
    help="Folder of signatures of images, or where it is served.",
)
@_lock
@ca_option
def verify(
    patterns: tuple[str, ...], keyring: BinaryIO, lookaside: str, lock: Path, ca: Path | None, **options: Any
) -> None:  # fmt: skip
    """Verify the signatures of images, by the digests that the lock has.

    Exits with 1 if an image has no signature by a trusted key. Without a selection, verifies every image of
    the lock.
    """
    from compiler.images.gpg import trusting
    from compiler.images.lookaside import Lookaside, ServedLookaside
    from compiler.images.signing import verify as verify_images

    locked = ImageOptions(**options).locked(patterns, lock)
    is_served = lookaside.startswith(("http://", "https://"))
    signatures = ServedLookaside(lookaside, ca) if is_served else Lookaside(Path(lookaside))
    with trusting(keyring.read()) as keys:
        outcomes = list(verify_images(keys, locked, signatures))
    for outcome in outcomes:
        if not outcome.error:
            note(f"{outcome.reference} is signed by {outcome.fingerprint}")
    show_errors(outcome.error for outcome in outcomes)
