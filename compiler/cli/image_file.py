"""`heatsink images save` and `load`: images in a file, for places that no registry reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from compiler.cli.command import Command
from compiler.cli.image_options import ImageOptions, image_options
from compiler.cli.options import ca_option, insecure_option
from compiler.cli.output import note
from compiler.diagnostics import counted
from compiler.files import images_lock

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(cls=Command)
@image_options
@click.option("-o", "--output", type=_FILE, required=True, metavar="FILE", help="File to write.")
@click.option(
    "--lock", type=_FILE, default=Path(images_lock.NAME), show_default=True, help="File of image digests."
)
@ca_option
@insecure_option
def save(
    patterns: tuple[str, ...], output: Path, lock: Path, ca: Path | None, insecure: tuple[str, ...],
    **options: Any,
) -> None:  # fmt: skip
    """Save images to a file, with the digests that the lock has.

    The file is an OCI image layout in a tar file. Without a selection, it holds every image of the lock.
    """
    from compiler.images.registry import RegistryClient
    from compiler.images.saving import save as save_images

    locked = ImageOptions(**options).locked(patterns, lock)
    client = RegistryClient(ca=ca, insecure=frozenset(insecure))
    images = save_images(client, locked, output)
    note(f"{counted(len(images), 'image')} saved to {output} ({output.stat().st_size / 1e6:.1f} MB)")


@click.command(cls=Command)
@click.argument("file", type=_FILE)
@click.option(
    "--registry", "address", required=True, metavar="HOST[:PORT][/PATH]", help="Registry to load into."
)
@click.option("--insecure-registry", "insecure", is_flag=True, help="Use plain HTTP.")
@ca_option
@click.option(
    "--lock", type=_FILE, default=Path(images_lock.NAME), show_default=True,
    help="File to record the digests in.",
)  # fmt: skip
def load(file: Path, address: str, insecure: bool, ca: Path | None, lock: Path) -> None:
    """Load the images of a file into a registry, and record their digests.

    They get the digests that they had. Nothing is sent unless the whole file is as its digests say.
    """
    from compiler.images.layout_file import read_layout
    from compiler.images.loading import load as load_images
    from compiler.images.registry import RegistryClient

    host = address.partition("/")[0]  # images may be put below a path of the registry
    client = RegistryClient(ca=ca, insecure=frozenset((host,) if insecure else ()))
    loaded = 0
    for outcome in load_images(client, read_layout(file), address):
        loaded += 1
        note(f"loaded {outcome.reference} ({counted(outcome.sent, 'blob')} sent)")
        if "@" not in outcome.reference:
            images_lock.add_to_lock(lock, {outcome.reference: outcome.digest})
    note(f"{counted(loaded, 'image')} loaded, digests written to {lock}")
