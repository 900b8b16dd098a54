"""Everything one compile reads, found in the operator's folder and in the shipped library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from compiler import shipped
from compiler.diagnostics import CompileError
from compiler.files import Told, images_lock
from compiler.files.secrets import read_secrets
from compiler.model.selection import selected
from compiler.model.stack import Host, Inputs, Tree
from compiler.stages.load import environments, roles
from compiler.stages.load.hosts import hosts, localhost

REGISTRY = "resource_registry.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an operator asks for; paths that are None are looked for where they usually lie."""

    roles: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # patterns of host names, as in compiler/model/selection.py
    environments: tuple[str, ...] = ()
    roles_file: Path | None = None
    hosts_file: Path | None = None
    templates: Path | None = None
    secrets_file: Path | None = None
    images_lock: Path | None = None


def inputs(request: Request, told: Told) -> Inputs:
    """All input files of a request, read and checked. `told` hears what was read and from where."""
    tree = _tree(request.templates)
    registry = tree.find(REGISTRY)
    layers = [registry] if registry else []
    layers += [environments.found(name) for name in request.environments]
    for path in layers:
        told("environment", path)
    every_host = _hosts(request, told)
    chosen = selected(every_host, request.hosts, request.roles)
    names = [(name, None) for name in request.roles] + [(host.role, host.node) for host in every_host]
    return Inputs(
        tree=tree,
        roles=roles.wanted(names, request.roles_file, told),
        hosts=tuple(every_host),
        chosen=frozenset(host.name for host in chosen),
        environments=tuple(environments.environment(path, tree) for path in layers),
        digests=_digests(request.images_lock, told),
        secrets=_secret_names(request.secrets_file, told),
    )


def _tree(own: Path | None) -> Tree:
    if own is not None and not own.is_dir():
        raise CompileError(f"there is no folder `{own}`", hint="`--templates` names a folder of templates")
    candidates = [own or Path("templates"), shipped.folder("templates")]
    return Tree(roots=tuple(dict.fromkeys(path.resolve() for path in candidates if path.is_dir())))


def _hosts(request: Request, told: Told) -> tuple[Host, ...]:
    path = _found(request.hosts_file, "hosts.yaml")
    if path is not None:
        told("hosts", path)
        return hosts(path)
    if len(request.roles) != 1:
        said = "no role is named" if not request.roles else f"{len(request.roles)} roles are named"
        raise CompileError(
            f"there is no hosts file, and {said}",
            hint="name one role for this machine (`--role Controller`), or write hosts.yaml "
            "(docs/formats.md; `heatsink lab hosts` writes one for the lab)",
        )
    role = request.roles[0]
    defined = roles.wanted([(role, None)], request.roles_file, told)
    return (localhost(role, defined[role].node),)


def _digests(asked: Path | None, told: Told) -> dict[str, str]:
    path = _found(asked, images_lock.NAME)
    if path is None:
        return {}
    told("images lock", path)
    return images_lock.read_lock(path)


def _secret_names(asked: Path | None, told: Told) -> frozenset[str]:
    path = _found(asked, "secrets.yaml")
    if path is None:
        return frozenset()
    told("secrets", path)
    return frozenset(read_secrets(path))


def _found(asked: Path | None, usual: str) -> Path | None:
    if asked is not None:
        if not asked.exists():
            raise CompileError(f"there is no file `{asked}`", hint="check the path")
        return asked
    path = Path(usual)
    return path if path.exists() else None
