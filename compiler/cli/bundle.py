"""`heatsink bundle`: a push in a file, for hosts that no connection reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.changing import Changing
from compiler.cli.command import Command
from compiler.cli.options import lookaside_option, secrets_option
from compiler.cli.output import note
from compiler.cli.selection import HOST_OPTIONS
from compiler.cli.signature_policy import check_signatures
from compiler.diagnostics import HeatsinkError, Problem, counted
from compiler.files.secrets import SecretsFile

if TYPE_CHECKING:
    from compiler.deploy.bundle import BundleFolder

_FILE = click.Path(path_type=Path, dir_okay=False)
_CHANGING = Changing(
    timeout=900,
    pull_timeout=3600,
    settle=5,
    confirm_timeout=60,
    no_confirm=True,
    keep=False,
    keep_generations=5,
)


def _choosing(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(HOST_OPTIONS):
        command = option(command)
    return command


@click.command(cls=Command)
@_choosing
@secrets_option("Secrets file, with a value for every secret that the hosts need.")
@click.option(
    "--images", "images_file", type=_FILE, metavar="FILE",
    help="File of `heatsink images save`: what hosts need of it goes along.",
)  # fmt: skip
@lookaside_option
@click.option("-o", "--output", type=_FILE, required=True, metavar="FILE", help="File to write.")
def bundle(
    build: Path, patterns: tuple[str, ...], roles: tuple[str, ...], file: SecretsFile,
    images_file: Path | None, lookaside: Path, output: Path,
) -> None:  # fmt: skip
    """Write bundles, images and the host program to a file that runs on a host.

    Started there as root, the file shows the plan, asks, and does what a push does. It needs python3, and no
    network. It holds the values of the hosts' secrets: keep it as private as the secrets file.
    """
    from compiler.deploy.archives import NoArchives
    from compiler.deploy.bundle import bundle_folder, read_fleet
    from compiler.deploy.courier_file import CourierContent, write_courier
    from compiler.images.layout_file import read_layout
    from compiler.model.selection import selected

    fleet = read_fleet(build)
    bundles = {host.name: bundle_folder(build, host) for host in selected(fleet.hosts, patterns, roles)}
    secrets = _secrets(bundles.values(), file)
    archives = read_layout(images_file) if images_file else NoArchives()
    check_signatures(bundles.values(), archives, lookaside)
    wanted = sorted({image for one in bundles.values() for image in one.manifest.images})
    images = [image for image in wanted if archives.archive(image)]
    options = _CHANGING.options(build, fleet)
    content = CourierContent(
        bundles=bundles, secrets=secrets, images=images, archives=archives, options=options
    )
    write_courier(output, content)
    _summarize(output, content.bundles, images, [image for image in wanted if image not in images])


def _secrets(bundles: Iterable[BundleFolder], file: SecretsFile) -> dict[str, str]:
    """The values that the hosts need. Raises HeatsinkError for those that the file lacks."""
    from compiler.deploy.bundle import check_values

    bundles = tuple(bundles)
    needed = sorted({name for bundle in bundles for name in bundle.secrets})
    values = file.values() if needed else {}
    hint = "generate it with `heatsink secrets generate`"
    missing = [
        Problem(f"`{name}` has no value in `{file.path}`", None, hint)
        for name in needed
        if not values.get(name)
    ]
    if missing:
        raise HeatsinkError.of(missing)
    check_values(bundles, values)
    return {name: values[name] for name in needed}


def _summarize(output: Path, hosts: Mapping[str, object], images: list[str], missing: list[str]) -> None:
    note(f"{counted(len(hosts), 'host')} and {counted(len(images), 'image')} in {output}")
    if missing:
        note(f"not in it, so hosts that lack them pull them: {', '.join(missing)}")
