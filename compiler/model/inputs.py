"""The input, read and merged: roles, environments, hosts and where templates are found."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

from compiler.model.container import Backend
from compiler.model.fleet import Connection
from compiler.node import Node
from compiler.source import Source


class Merge(StrEnum):
    """TripleO's two ways to make one environment of several files."""

    SERVER = "server"  # Heat's own: a later parameter replaces an earlier one, unless its strategy differs
    CLIENT = "client"  # python-heatclient's: mappings merge key by key, at any depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Folders of templates laid over one another: a file is the first one found."""

    roots: tuple[Path, ...]
    library: tuple[Path, Path] | None = None  # a folder in a root, and where to look for files that it lacks

    @property
    def is_whole_disk(self) -> bool:
        """Whether any file is in the tree, as for Heat's client, which follows any path."""
        return self.roots == (Path("/"),)

    def find(self, relative: str) -> Path | None:
        """The file of that path, relative to the tree; None if no folder has it."""
        candidates = [root / relative for root in self.roots]
        if self.library is not None:
            own, library = self.library
            candidates += [library / path.relative_to(own) for path in candidates if path.is_relative_to(own)]
        return next(filter(is_file, candidates), None)

    def target_outside(self, path: Path) -> Path | None:
        """Where a link leads that leaves every folder of the tree; None for all other files."""
        target = path.resolve()
        return None if any(target.is_relative_to(root.resolve()) for root in self.roots) else target

    def name(self, path: Path) -> str:
        """How messages name a file: by its path in the tree; in the tree `/`, from the current folder."""
        root = next((root for root in self.roots if path.is_relative_to(root)), path)
        root = Path.cwd() if self.is_whole_disk else root
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


class Opener(Protocol):
    """How a later stage asks `load` for a file that only evaluation knows to be needed."""

    def document(self, path: Path) -> Node:
        """The YAML document in a file."""
        ...

    def read(self, path: Path) -> Source:
        """The text of a file."""
        ...


def is_file(path: Path) -> bool:
    """Whether a path is a file; a path that is too long for the file system is none."""
    return _answer(path.is_file)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, likewise."""
    return _answer(path.is_dir)


def _answer(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFile:
    """A template, and the tree in which what it names is looked for."""

    path: str  # relative to the tree
    tree: Tree


NOTHING = "OS::Heat::None"  # the type that accepts every property and does nothing

Target: TypeAlias = TemplateFile | str  # a template, or the name of another resource type


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a name in the resource registry maps to, and where that is written."""

    target: Target
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What resource types map to: for every resource, and for single ones by name.

    resource_registry: {types…, resources: {NAME: {types…, NAME OF A RESOURCE IN ITS TEMPLATE: {types…}}}}
    """

    types: dict[str, Registration] = field(default_factory=dict)
    resources: dict[str, Registry] | None = None  # at the server, {} removes what earlier files set
    globs: tuple[str, ...] = field(init=False, compare=False)  # the types whose name ends with `*`

    def __post_init__(self) -> None:
        object.__setattr__(self, "globs", tuple(name for name in self.types if name.endswith("*")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One layer of parameters and registry, or many merged into one."""

    parameters: dict[str, Node] = field(default_factory=dict)
    parameter_defaults: dict[str, Node] = field(default_factory=dict)
    resource_registry: Registry = field(default_factory=Registry)
    strategies: dict[str, str] = field(default_factory=dict)  # by parameter; `default` for all others
    unused: dict[str, Node] = field(default_factory=dict)  # other sections that are not empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A kind of host: its services, in order, and the parameters of its own."""

    name: str
    services: tuple[Node, ...]  # strings, with the place that names them
    parameters: dict[str, Node] = field(default_factory=dict)
    backend: Backend | None = None
    count: int = 1  # hosts in a new hosts file
    hostname_format: str  # of hosts in a new hosts file: `%stackname%-controller-%index%`
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One machine of the fleet."""

    name: str
    role: str
    index: int  # among the hosts of its role, in the order of the hosts file
    address: str | None = None
    networks: tuple[tuple[str, str], ...] = ()
    backend: Backend | None = None
    connection: Connection = field(default_factory=Connection)
    parameters: dict[str, Node] = field(default_factory=dict)
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePins:
    """The digests that images are pinned to."""

    digests: AbstractMapping[str, str] = field(default_factory=dict)  # reference → sha256:…
    file: str | None = None  # of the lock, if it is not the usual one
    required: bool = False  # whether an image without a digest is an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that compiling reads, apart from the templates themselves."""

    tree: Tree
    roles: dict[str, Role]
    role_names: frozenset[str]  # of every role that there is, also those without hosts
    project: str = ""  # as the hosts file names it
    hosts: tuple[Host, ...]  # of the whole fleet: facts such as ServiceHosts list them all
    chosen: frozenset[str]  # names of the hosts to compile
    environments: tuple[Environment, ...]
    pins: ImagePins = field(default_factory=ImagePins)
    secrets: frozenset[str] = frozenset()  # names that the secrets file has a value for
    images: frozenset[str] = frozenset()  # names of those that `heatsink images` builds
