"""Files in, findings out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from compiler.diagnostics import CompileError, Problem, Report
from compiler.heat.environments import heat_environments
from compiler.heat.evaluation import EvaluationRequest
from compiler.heat.lint.documents import Document, Signature, document, keys, listing, signature, type_names
from compiler.heat.lint.environments import Everything
from compiler.heat.lint.finding import LintFinding
from compiler.heat.lint.rules import (
    CODES,
    INVALID,
    OF_EVALUATIONS,
    OF_EVERYTHING,
    OF_FILES,
    OF_LOADED_TEMPLATES,
    OF_TEMPLATES,
    Rule,
)
from compiler.heat.project import registry, role_documents, role_names, whole_disk
from compiler.hot.attachments import registered_files
from compiler.hot.template import template
from compiler.model.inputs import Merge, Registry, TemplateFile
from compiler.node import Node, Scalar, walk

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRequest:
    """What to check: templates and folders of them, with environments, and by which rules."""

    paths: tuple[Path, ...]
    environments: tuple[Path, ...] = ()
    codes: frozenset[str] = frozenset(CODES)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintResult:
    """The findings, in the order of files and lines, and how many files were checked."""

    findings: tuple[LintFinding, ...]
    templates: int
    environments: int


def lint(request: LintRequest) -> LintResult:
    """Every finding of the chosen rules. Raises HeatsinkError for a path that does not exist.

    One file is in memory at a time; only the signature of a template is kept. Named templates are evaluated
    too; those of a folder are not, as any of them may be nested.
    """
    linter = _Linter()
    files = listing(request.paths)
    for path in files.files:
        linter.check(path)
    library = linter.library()
    environments = [found for path in request.environments if (found := linter.environment(path)) is not None]
    everything = Everything(
        named=tuple(linter.signatures.values()),
        needed=tuple(_needed(linter.signatures, [library, *(registry for _, registry in environments)])),
        environments=tuple(environment for environment, _ in environments),
        registries=(library, *(registry for _, registry in environments)),
        roles=role_names(),
        listed=frozenset(linter.listed),
        unread=keys((*files.jinja, *linter.broken)),
    )
    linter.note(OF_EVERYTHING, everything)
    if request.codes & {rule.code for rule in OF_EVALUATIONS}:
        for path in filter(Path.is_file, request.paths):
            linter.evaluate(path, request.environments)
    chosen = {finding.line: finding for finding in linter.findings if finding.code in request.codes}
    return LintResult(
        findings=tuple(sorted(chosen.values(), key=lambda finding: (finding.place, finding.code))),
        templates=len(linter.signatures),
        environments=len(linter.environments),
    )


class _Linter:
    """Checks files one after the other."""

    def __init__(self) -> None:
        self.findings: list[LintFinding] = []
        self.signatures: dict[Path, Signature] = {}
        self.environments: set[Path] = set()
        self.broken: list[Path] = []
        self.listed = set(type_names(_strings(role_documents())))  # what may be a type, not in templates

    def note(self, rules: Iterable[Rule[T]], subject: T) -> None:
        """Keep the findings of the rules in a subject."""
        for rule in rules:
            self.findings += [LintFinding(rule.code, problem) for problem in rule.find(subject)]

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Keep the mistakes that Heat refuses."""
        self.findings += [LintFinding(INVALID, problem) for problem in problems]

    def check(self, path: Path) -> Document | None:
        """Check a file, if it is a template or an environment."""
        try:
            checked = document(path)
        except CompileError as error:
            self.refuse(error.problems)
            self.broken.append(path)
            return None
        if checked is None:
            return None
        self.note(OF_FILES, checked)
        if checked.is_template:
            self.template(checked)
        elif checked.is_environment:
            self.environments.add(path.absolute())
        else:
            self.listed |= type_names(_strings([checked.root]))
        return checked

    def library(self) -> Registry:
        """The registry that `compile` begins with."""
        try:
            return registry()
        except CompileError as error:
            self.refuse(error.problems)
            return Registry()

    def template(self, document: Document) -> None:
        """Check a template."""
        self.note(OF_TEMPLATES, document)
        self.signatures[document.path.absolute()] = signature(document)
        try:
            template(document.root, whole_disk(), _relative(document.path))
        except CompileError as error:
            self.refuse(error.problems)
            return
        self.note(OF_LOADED_TEMPLATES, document)

    def environment(self, path: Path) -> tuple[Document, Registry] | None:
        """Check an environment that is in use; None for one that is empty or broken."""
        checked = self.check(path)
        if checked is None:
            return None
        report = Report()
        environments = heat_environments([path], Merge.SERVER, report)
        self.refuse(report.errors)
        if report.errors:
            return None
        return next(((checked, environment.resource_registry) for environment in environments), None)

    def evaluate(self, path: Path, environments: tuple[Path, ...]) -> None:
        """Check the values of a template, as far as they can be evaluated."""
        if path.absolute() in self.signatures:
            request = EvaluationRequest(template=path, environments=environments, validates=False)
            self.note(OF_EVALUATIONS, request)


def _relative(path: Path) -> str:
    return str(path.absolute().relative_to("/"))


def _needed(named: dict[Path, Signature], registries: Iterable[Registry]) -> Iterator[Signature]:
    """The templates that the named ones use, as far as they can be read."""
    waiting = [_path(file) for registry in registries for file, _ in registered_files(registry)]
    waiting += [path for signature in named.values() for path in signature.templates]
    seen = {path.resolve() for path in named}
    while waiting:
        path = _below(waiting.pop()).resolve()
        if path not in seen:
            seen.add(path)
            found = _readable(path)
            if found is not None:
                yield found
                waiting += found.templates


def _path(file: TemplateFile) -> Path:
    return file.tree.find(file.path) or Path("/") / file.path


def _below(path: Path) -> Path:
    """The file of that path, or that of the library where `templates/` lacks it."""
    return whole_disk().find(os.path.normpath(path.absolute()).lstrip("/")) or path


def _strings(roots: Iterable[Node]) -> Iterator[object]:
    """Every scalar of some documents."""
    return (node.value for root in roots for node in walk(root) if isinstance(node, Scalar))


def _readable(path: Path) -> Signature | None:
    try:
        found = document(path)
    except CompileError:
        return None
    return signature(found) if found is not None and found.is_template else None
