"""The settings of an evaluation, which all its stacks share."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field

from compiler.diagnostics import CompileError, Report
from compiler.hot.loader import TemplateLoader
from compiler.hot.template import Declaration, Template
from compiler.model.inputs import Registry
from compiler.model.random_string import StringRecipe, random_string
from compiler.node import Mapping, Node

# the string of that name; the recipe says how to make a new one
RandomStrings = Callable[[str, StringRecipe], str]
OnMissingPath = Callable[[Mapping, list[Node], Node], None]  # a call, its path, and the parameter's value
OnMissingValue = Callable[[Template, Declaration], Node]  # returns the value to use


def random_strings(_name: str, recipe: StringRecipe) -> str:
    """A new string for every call."""
    return random_string(recipe)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackIdentity:
    """The name and ids of the root stack, which Heat would assign."""

    name: str = "overcloud"
    id: str = "11111111-2222-3333-4444-555555555555"
    project: str = "aaaabbbbccccdddd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The settings of an evaluation."""

    loader: TemplateLoader
    registry: Registry
    facts: AbstractMapping[str, Node] = field(default_factory=dict)  # values that the compiler supplies
    defaults: AbstractMapping[str, Node] = field(default_factory=dict)  # parameter_defaults
    identity: StackIdentity = field(default_factory=StackIdentity)
    variants: frozenset[str] = frozenset()  # names of the parameters that differ between hosts
    secrets: frozenset[str] | None = frozenset()  # hidden parameters with a value in the secrets file, for
    # which references are used; None: values are used, as in Heat
    credentials: frozenset[str] = frozenset()  # secrets whether hidden or not: keys and certificates
    report: Report | None = None  # takes resource types that need a cloud; None: they are an error
    validates: bool = True  # whether a violated constraint is an error, or only reported
    random_strings: RandomStrings = random_strings
    # called for each get_param whose path does not exist; not in conditions, which may test for a value
    on_missing_path: OnMissingPath | None = None
    on_missing_value: OnMissingValue | None = None  # for a parameter without a value; None: it is an error

    def report_broken(self, error: CompileError) -> None:
        """Raise or report a violated constraint: Heat validates first, and then resolves."""
        if self.validates or self.report is None:
            raise error
        for problem in error.problems:
            self.report.suspect(problem.message, problem.span, problem.hint)
