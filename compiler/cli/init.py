"""`heatsink init`: a project that compiles at once, to be changed from there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

import click

from compiler import schemas
from compiler.cli.command import Command
from compiler.cli.completion import complete_roles
from compiler.cli.output import note
from compiler.diagnostics import HeatsinkError, counted, reason
from compiler.files.hosts_file import HostEntry, hosts_file, role_counts
from compiler.model.inputs import Role
from compiler.stages.load import roles as role_files

_EXAMPLE = Path(__file__).parent / "project"
_SCHEMAS = Path(".schemas")
_FIRST_ADDRESS = "192.0.2.10"
_LONGEST = 63  # characters of a project's name
_SITE = """\
# yaml-language-server: $schema=../.schemas/environment.schema.json
# The settings of this site: heatsink compile -e environments/site.yaml
parameter_defaults: {}
"""


@click.command("init", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--role",
    "role_texts",
    multiple=True,
    metavar="ROLE[=COUNT]",
    shell_complete=complete_roles,
    help="Write hosts of this role instead of an example; repeatable. COUNT defaults to CountDefault.",
)
@click.option(
    "-r",
    "--roles-file",
    type=click.Path(path_type=Path),
    metavar="ROLES_FILE",
    help="Roles file, instead of the folders `roles/`.",
)
@click.option(
    "--first-address",
    default=_FIRST_ADDRESS,
    metavar="ADDRESS",
    help="IPv4 address of the first host; further hosts have the addresses after it."
    "  [default: 192.0.2.10, a placeholder]",
)
@click.option(
    "--stack-name", metavar="NAME", help="Value of `%stackname%` in host names.  [default: the folder's name]"
)
def init(
    folder: Path, role_texts: tuple[str, ...], roles_file: Path | None,
    first_address: str, stack_name: str | None,
) -> None:  # fmt: skip
    """Make a project: hosts, an environment, and the schemas for editors.

    Without `--role` the project is an example that compiles at once: a role, and a service with an image, a
    configuration file, a database, a job that runs once, and a secret. With `--role`, host names come from
    each role's HostnameFormatDefault. Existing files are never overwritten.
    """
    stack = stack_name or _stack_name(folder)
    hosts = list(_hosts(_roles(role_texts, roles_file), stack, first_address))
    files = dict(_files(_stack_name(folder)[:_LONGEST], hosts, has_example=not role_texts))
    _refuse_existing(folder, files)
    written = [path for path in files if _write(folder / path, files[path])]
    note(f"{counted(len(written), 'file')} written in {folder.absolute()}")
    for line in _next_steps(folder, are_placeholders=first_address == _FIRST_ADDRESS):
        note(line)


def _stack_name(folder: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", folder.absolute().name.lower()).strip("-") or "cloud"


def _roles(role_texts: Iterable[str], roles_file: Path | None) -> list[tuple[Role, int]]:
    """The roles that are asked for, or the example's, with their numbers of hosts."""
    counts = role_counts(role_texts)
    if not counts:
        (example,) = role_files.roles(_EXAMPLE / "roles/App.yaml")
        return [(example, example.count)]
    defined = role_files.named(counts, roles_file)
    return [(defined[name], counts[name] or defined[name].count) for name in counts]


def _hosts(roles: Iterable[tuple[Role, int]], stack: str, first_address: str) -> Iterator[HostEntry]:
    address = _address(first_address)
    for role, count in roles:
        for index in range(count):
            name = role.hostname_format.replace("%stackname%", stack).replace("%index%", str(index))
            yield HostEntry(name=name, role=role.name, address=str(address))
            address += 1


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise HeatsinkError(
            f"`--first-address {text}` is not an IPv4 address", hint="for example `198.51.100.10`"
        ) from None


def _files(project: str, hosts: Iterable[HostEntry], *, has_example: bool) -> Iterator[tuple[Path, bytes]]:
    """Every file of the project, by its path in the project."""
    schema = ".schemas/hosts.schema.json"
    yield Path("hosts.yaml"), hosts_file(schema, {"user": "root"}, hosts, project=project).encode()
    yield Path(".gitignore"), (_EXAMPLE / "gitignore").read_bytes()
    for name in schemas.names():
        yield _SCHEMAS / schemas.path(name).name, schemas.text(name).encode()
    if not has_example:
        yield Path("environments/site.yaml"), _SITE.encode()
        return
    for path in sorted(_EXAMPLE.rglob("*/*")):
        if path.is_file():
            yield path.relative_to(_EXAMPLE), path.read_bytes()


def _refuse_existing(folder: Path, files: Mapping[Path, bytes]) -> None:
    existing = [path for path in files if (folder / path).exists() and not _may_exist(path)]
    if existing:
        raise HeatsinkError(
            f"already in {folder.absolute()}: {', '.join(f'`{path}`' for path in existing)}",
            hint="choose another folder, or move them away; nothing was written",
        )


def _may_exist(path: Path) -> bool:
    """Files that a new project keeps: what git ignores, and schemas."""
    return path.name == ".gitignore" or path.parent == _SCHEMAS


def _write(path: Path, content: bytes) -> bool:
    """Whether the file is new."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be written: {reason(error)}") from None
    return True


def _next_steps(folder: Path, *, are_placeholders: bool) -> Iterator[str]:
    yield "next:"
    if folder.absolute() != Path.cwd():
        yield f"  cd {folder}"
    if are_placeholders:
        yield "  edit hosts.yaml: its addresses are placeholders"
    yield "  heatsink images build"
    yield "  heatsink compile -e environments/site.yaml --strict"
    yield "  heatsink plan"
