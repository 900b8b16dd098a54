"""What the shell completes: the names of roles, hosts, images, profiles, environments and schemas."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from compiler import shipped
from compiler.diagnostics import HeatsinkError, Report


def complete_roles(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Roles of the project and of the library."""
    from compiler.stages.load.roles import available

    with suppress(HeatsinkError):
        return beginning(incomplete, available(context.params.get("roles_file")))
    return []


def complete_hosts(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Hosts of the hosts file if the command reads it, else those of the bundle."""
    from compiler.deploy.bundle import read_fleet
    from compiler.stages.load.hosts import hosts_file

    with suppress(HeatsinkError):
        if "build" in context.params:
            fleet = read_fleet(context.params["build"] or Path("build"))
            return beginning(incomplete, (host.name for host in fleet.hosts))
        path = context.params.get("hosts_file") or Path("hosts.yaml")
        return beginning(incomplete, (host.name for host in hosts_file(path, Report()).hosts))
    return []


def complete_environments(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Files, and the environments of the library."""
    names = sorted(path.name for path in shipped.folder("environments").glob("*.yaml"))
    library = [
        CompletionItem(name) for name in beginning(incomplete, (f"environments/{name}" for name in names))
    ]
    return [*library, CompletionItem(incomplete, type="file")]


def complete_images(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Images of the library and of the operator."""
    from compiler.images.tree import discover

    own = context.params.get("folders") or [path for path in (Path("images"),) if path.is_dir()]
    with suppress(HeatsinkError):
        return beginning(incomplete, discover([shipped.folder("images"), *own]))
    return []


def complete_profiles(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Profiles of images."""
    from compiler.files.image_profiles import NAME, image_profiles

    with suppress(HeatsinkError):
        return beginning(incomplete, image_profiles(context.params.get("profiles_file") or Path(NAME)))
    return []


def complete_schemas(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of schemas."""
    from compiler import schemas

    return beginning(incomplete, schemas.names())


def beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    """The names that begin with what is typed, sorted."""
    return sorted(name for name in names if name.startswith(incomplete))
