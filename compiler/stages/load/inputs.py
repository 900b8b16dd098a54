"""Everything one compile reads, found in the operator's folder and in the shipped library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from compiler import shipped
from compiler.diagnostics import CompileError, Report
from compiler.files import OnRead, images_lock, secrets
from compiler.hot.loader import check_link
from compiler.model.inputs import Environment, Host, ImagePins, Inputs, Role, Tree
from compiler.model.selection import selected
from compiler.node import Node
from compiler.stages.load import environments, roles
from compiler.stages.load.hosts import HostsFile, hosts_file, localhost

REGISTRY = "resource_registry.yaml"
HOSTS = "hosts.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an operator asks for; paths that are None are looked for in their default places."""

    roles: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # patterns of host names, as in compiler/model/selection.py
    environments: tuple[str, ...] = ()
    roles_file: Path | None = None
    hosts_file: Path | None = None
    templates: Path | None = None
    secrets_file: Path | None = None
    identities: Path | None = None  # of age, if the secrets file is encrypted
    images_lock: Path | None = None


def misnamed_files() -> list[Path]:
    """Files that would be found by their names if they ended in `.yaml`."""
    return [*sorted(Path("roles").glob("*.yml")), *Path("templates").glob("resource_registry.yml")]


class _Fleet(NamedTuple):
    project: str
    hosts: tuple[Host, ...]
    chosen: tuple[Host, ...]
    roles: dict[str, Role]


def load(request: Request, on_read: OnRead) -> Inputs:
    """All input files of a request, read and checked. Raises CompileError with the mistakes of every file.

    `on_read` is called with the kind and the path of every file that is read.
    """
    mistakes = Report()
    tree = template_tree(request.templates, mistakes)
    layers = _environments(request.environments, tree, mistakes, on_read)
    fleet = next(mistakes.attempt(lambda: _fleet(request, on_read)), _Fleet("", (), (), {}))
    pins = next(mistakes.attempt(lambda: _pins(request.images_lock, on_read)), ImagePins())
    secret_names: frozenset[str] = next(
        mistakes.attempt(lambda: _secret_names(request, on_read)), frozenset()
    )
    mistakes.check()
    return Inputs(
        tree=tree,
        roles=fleet.roles,
        role_names=frozenset(roles.available(request.roles_file)),
        project=fleet.project,
        hosts=fleet.hosts,
        chosen=frozenset(host.name for host in fleet.chosen),
        environments=layers,
        pins=pins,
        secrets=secret_names,
        images=_image_names(),
    )


def template_tree(own: Path | None, mistakes: Report) -> Tree:
    """The folder `templates`, or the one that is named, and that of the library below it."""
    with mistakes.collecting():
        if own is not None and not own.is_dir():
            raise CompileError(
                f"there is no folder `{own}`", hint="`--templates` names a folder of templates"
            )
    candidates = [own or Path("templates"), shipped.folder("templates")]
    return Tree(roots=tuple(dict.fromkeys(path.resolve() for path in candidates)))


def _environments(
    names: tuple[str, ...], tree: Tree, mistakes: Report, on_read: OnRead
) -> tuple[Environment, ...]:
    """The registry of the templates, then the environments that were named."""
    registry = tree.find(REGISTRY)
    if registry:
        with mistakes.collecting():
            check_link(tree, registry, None)
    paths = [registry] if registry else []
    for name in names:
        with mistakes.collecting():
            paths.append(environments.find(name))
    for path in paths:
        on_read("environment", path)
    layers = []
    for path in paths:
        with mistakes.collecting():
            layers.append(environments.environment(path, tree))
    return tuple(layers)


def _fleet(request: Request, on_read: OnRead) -> _Fleet:
    """Every host with its role, and the hosts that are chosen."""
    path = _path(request.hosts_file, HOSTS)
    if path is None:
        return _this_machine(request, on_read)
    on_read("hosts", path)
    mistakes = Report()
    read = mistakes.attempt(lambda: hosts_file(path, mistakes))
    project, every_host = next(read, HostsFile("", ()))
    chosen: tuple[Host, ...] = ()
    if not mistakes.errors:  # else a host that is asked for may be missing for another reason
        chosen = next(mistakes.attempt(lambda: selected(every_host, request.hosts, request.roles)), ())
    named: list[tuple[str, Node | None]] = [(host.role, host.node) for host in every_host]
    named = named or _named(request)
    defined = roles.wanted(named, request.roles_file, mistakes, on_read)
    mistakes.check()
    return _Fleet(project, every_host, chosen, defined)


def _this_machine(request: Request, on_read: OnRead) -> _Fleet:
    """This machine, the only host if there is no hosts file."""
    if len(request.roles) != 1:
        said = "no role is named" if not request.roles else f"{len(request.roles)} roles are named"
        raise CompileError(
            f"there is no hosts file, and {said}",
            hint="name one role for this machine (`--role Controller`), or write hosts.yaml "
            "(`heatsink schema hosts` shows its format)",
        )
    mistakes = Report()
    defined = roles.wanted(_named(request), request.roles_file, mistakes, on_read)
    mistakes.check()
    machines = tuple(localhost(name, role.node) for name, role in defined.items())
    return _Fleet("", machines, selected(machines, request.hosts, request.roles), defined)


def _named(request: Request) -> list[tuple[str, Node | None]]:
    """The roles that the command line names, which has no place."""
    return [(name, None) for name in request.roles]


def _pins(chosen: Path | None, on_read: OnRead) -> ImagePins:
    path = _path(chosen, images_lock.NAME)
    if path is None:
        return ImagePins()
    on_read("images lock", path)
    return ImagePins(digests=images_lock.read_lock(path).digests, file=str(chosen) if chosen else None)


def _image_names() -> frozenset[str]:
    """The images that `heatsink images` builds."""
    folders = (shipped.folder("images"), Path("images"))
    return frozenset(file.parent.name for folder in folders for file in folder.rglob("Dockerfile.j2"))


def _secret_names(request: Request, on_read: OnRead) -> frozenset[str]:
    path = _path(request.secrets_file, str(secrets.usual_path()))
    if path is None:
        return frozenset()
    on_read("secrets", path)
    return frozenset(secrets.SecretsFile(path, request.identities).values())


def _path(chosen: Path | None, usual: str) -> Path | None:
    if chosen is not None:
        if not chosen.exists():
            raise CompileError(f"there is no file `{chosen}`", hint="check the path")
        return chosen
    path = Path(usual)
    return path if path.exists() else None
