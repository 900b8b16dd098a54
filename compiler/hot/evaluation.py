"""What all instances of one evaluation share."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.diagnostics import CompileError, Report, closest
from compiler.hot.language import Languages
from compiler.hot.reads import Recorder
from compiler.hot.template import Template, template
from compiler.model.random_string import Recipe, random_string
from compiler.model.stack import Opener, Registry, Tree
from compiler.node import Mapping, Node
from compiler.node.conversion import Conversion

if TYPE_CHECKING:
    from compiler.hot.scope import Scope
    from compiler.hot.stack import Stack

RandomStrings = Callable[
    [str, Recipe], str
]  # the string of that name, made by the recipe if there is none yet
OnMissingPath = Callable[
    ["Scope", Mapping, list[Node], Node], None
]  # a call, its path, the parameter's value


def random_strings(_name: str, recipe: Recipe) -> str:
    """A new string whenever one is asked for."""
    return random_string(recipe)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackIdentity:
    """What the root template is told of itself: there is no Heat to give it a name."""

    name: str = "overcloud"
    id: str = "11111111-2222-3333-4444-555555555555"
    project: str = "aaaabbbbccccdddd"


@dataclass(slots=True, kw_only=True)
class Evaluation:
    """What all instances of one evaluation share."""

    opener: Opener
    registry: Registry
    languages: Languages
    facts: AbstractMapping[str, Node] = field(default_factory=dict)  # what the compiler gives to templates
    defaults: AbstractMapping[str, Node] = field(default_factory=dict)  # parameter_defaults
    identity: StackIdentity = field(default_factory=StackIdentity)
    variants: frozenset[str] = frozenset()  # names of the parameters that differ between hosts
    secrets: frozenset[str] | None = frozenset()  # hidden parameters with a value in the secrets file, for
    # which references stand; None: values stand for themselves, as in Heat
    report: Report | None = None  # hears of resource types that only a cloud has; None: they are an error
    validates: bool = True  # whether a broken constraint is an error, or only told to the report
    random_strings: RandomStrings = random_strings
    on_missing_path: OnMissingPath | None = (
        None  # hears of every get_param whose path leads nowhere, and which is ''
    )
    recorder: Recorder = field(default_factory=Recorder)
    conversion: Conversion = field(default_factory=Conversion)
    documents: dict[Path, Node] = field(default_factory=dict)
    templates: dict[Path, Template] = field(default_factory=dict)
    declared: set[str] = field(
        default_factory=set
    )  # every parameter that any template of the evaluation declares
    running: list[tuple[Stack, str, str]] = field(default_factory=list)  # what is being computed, by whom

    def broken(self, error: CompileError) -> None:
        """What becomes of a value that breaks a constraint: Heat validates first, and then resolves."""
        if self.validates or self.report is None:
            raise error
        for problem in error.problems:
            self.report.suspect(problem.message, problem.span, problem.hint)

    def template(self, tree: Tree, path: str, place: Node) -> Template:
        """The template at a path of a tree, read once."""
        file = inside(tree, path, place)
        if file not in self.templates:
            loaded = template(self.document(file), tree, path)
            self.templates[file] = loaded
            self.declared.update(loaded.parameters)
        return self.templates[file]

    def document(self, file: Path) -> Node:
        """The YAML document in a file, read once."""
        if file not in self.documents:
            self.documents[file] = self.opener.document(file)
        return self.documents[file]


def inside(tree: Tree, path: str, place: Node) -> Path:
    """The file of that path in the tree; a path that climbs out of the tree is refused."""
    if path.startswith(("/", "..")):
        raise CompileError(
            f"`{path}` lies outside the folder of templates",
            place.span,
            "keep what templates read inside the tree",
        )
    file = tree.find(path)
    if file is None:
        folders = [(root / path).parent for root in tree.roots]
        near = [tree.name(other) for folder in folders for other in folder.glob("*") if other.is_file()]
        name = tree.name(tree.roots[0] / path)
        raise CompileError(f"there is no file `{name}` in the templates", place.span, closest(name, near))
    return file
