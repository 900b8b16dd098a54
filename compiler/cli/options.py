"""Options that several commands take."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from compiler.cli.completion import complete_environments

if TYPE_CHECKING:
    from compiler.files.secrets import SecretsFile

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])
_IDENTITY = "File of an identity of age, for encrypted secrets.  [default: that of sops]"
_IDENTITIES = f"{__name__}.identities"
_FROM_DIRECTORIES = f"{__name__}.from_directories"


def grouped(
    command: _Decorated, name: str, kind: Callable[..., object], options: Sequence[Callable[[Any], Any]]
) -> _Decorated:
    """Give a command options as one parameter `name`: a `kind`, whose fields are the options."""

    def with_group(**parameters: Any) -> Any:
        fields = {field.name: parameters.pop(field.name) for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
        return command(**{name: kind(**fields)}, **parameters)

    with_group.__name__, with_group.__doc__ = command.__name__, command.__doc__
    with_group.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    decorated: Any = with_group
    for option in reversed(options):
        decorated = option(decorated)
    return cast("_Decorated", decorated)


def environment_options(command: _Decorated) -> _Decorated:
    """Give a command the files of `-e` and of `--environment-directory` as its parameter `environments`."""
    path = click.Path(path_type=Path)
    options = (
        click.option(
            "-e", "--environment-file", "environments", type=path, multiple=True, metavar="ENV",
            callback=_after_directories, shell_complete=complete_environments,
            help="Environment file; later ones override earlier ones.",
        ),
        click.option(
            "--environment-directory", type=click.Path(path_type=Path, exists=True, file_okay=False),
            multiple=True, metavar="DIR", is_eager=True, expose_value=False, callback=_read_directories,
            help="Folder whose `*.yaml` files are environment files, sorted by name, before those of -e.",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


lookaside_option = click.option(
    "--lookaside", type=click.Path(path_type=Path, file_okay=False), default=Path("signatures"),
    show_default=True, help="Folder of signatures of images.",
)  # fmt: skip

ca_option = click.option(
    "--ca", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="Certificates of authorities to trust, besides those of the machine and of podman and docker.",
)  # fmt: skip
insecure_option = click.option(
    "--insecure-registry", "insecure", multiple=True, metavar="HOST[:PORT]",
    help="Registry to ask by plain HTTP; repeatable.",
)  # fmt: skip
identity_option = click.option(
    "--identity", "identities", type=click.Path(path_type=Path), metavar="FILE",
    help=_IDENTITY,
)  # fmt: skip


def secrets_option(description: str) -> Callable[[_Decorated], _Decorated]:
    """Give a command the secrets file of `--secrets` and `--identity` as its parameter `file`."""
    options = (
        click.option(
            "--secrets", "file", type=click.Path(path_type=Path), callback=_secrets_file,
            help=f"{description}  [default: secrets.yaml, or secrets.yaml.age]",
        ),
        click.option(
            "--identity", type=click.Path(path_type=Path), metavar="FILE", is_eager=True,
            expose_value=False, callback=_remember_identities,
            help=_IDENTITY,
        ),
    )  # fmt: skip

    def with_options(command: _Decorated) -> _Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options


def _secrets_file(context: click.Context, _parameter: click.Parameter, path: Path | None) -> SecretsFile:
    from compiler.files.secrets import SecretsFile, usual_path

    return SecretsFile(path or usual_path(), context.meta.get(_IDENTITIES))


def _remember_identities(context: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    context.meta[_IDENTITIES] = path


def _read_directories(
    context: click.Context, _parameter: click.Parameter, directories: tuple[Path, ...]
) -> None:
    context.meta[_FROM_DIRECTORIES] = tuple(
        path for directory in directories for path in sorted(directory.glob("*.yaml"))
    )


def _after_directories(
    context: click.Context, _parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path, ...]:
    return (*context.meta.get(_FROM_DIRECTORIES, ()), *paths)
