"""Rendering the templates of a tree in memory; nothing is written yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath

from compiler import files, jinja
from compiler.diagnostics import CompileError, Report
from compiler.source import Source
from compiler.tripleo import inputs
from compiler.tripleo.inputs import NetworkData, RoleData
from compiler.tripleo.tree import FOR_EACH_NETWORK, FOR_EACH_ROLE, ONCE, TemplateTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """The content of the new tree beside its folders: rendered texts by path, and files to copy."""

    tree: TemplateTree
    texts: Mapping[PurePosixPath, str]
    copied: tuple[PurePosixPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _RenderInputs:
    """Roles, and networks including disabled ones, as templates check that themselves."""

    roles: tuple[RoleData, ...]
    networks: tuple[NetworkData, ...]

    @property
    def role_variables(self) -> list[inputs.JinjaVariables]:
        return [role.variables for role in self.roles]

    @property
    def network_variables(self) -> list[inputs.JinjaVariables]:
        return [network.variables for network in self.networks]


@dataclass(frozen=True, slots=True, kw_only=True)
class _OutputFile:
    """One file that a template renders to, and the role or network that it is for."""

    path: PurePosixPath
    variables: Mapping[str, object]
    subject: str | None = None


def rendering(
    tree: TemplateTree, report: Report, *, roles: Path | None = None, networks: Path | None = None
) -> Rendering:
    """The tree that upstream's tool would write, by default with the tree's own roles and networks.

    Other files are found as by upstream's client: from the current folder, or else from the tree. A rendered
    file overrides one of the tree, and a later one an earlier one; the report warns. Raises CompileError with
    every mistake.
    """
    for link in tree.links:
        report.warn(f"skipping `{tree.root / link}`, a symbolic link to a folder", hint=_LINK_HINT)
    data = _render_inputs(tree.root, roles, networks)
    rendered: list[tuple[PurePosixPath, str]] = []
    for path in tree.templates:
        with report.collecting():
            rendered += _rendered(tree, path, data)
    report.check()
    texts = dict(rendered)
    copied = tuple(path for path in tree.files if path not in texts)
    _warn_of_overwritten(chain((path for path, _ in rendered), tree.files), report)
    return Rendering(tree=tree, texts=texts, copied=copied)


_LINK_HINT = "upstream's tool skips it too; copy the folder into the tree if templates need it"


def _render_inputs(root: Path, roles: Path | None, networks: Path | None) -> _RenderInputs:
    report, features = Report(), inputs.tool_features(root)
    data = _RenderInputs(roles=(), networks=())
    with report.collecting():
        path = _input_file(roles, root, "roles_data.yaml")
        data = replace(data, roles=inputs.roles(path, features))
    with report.collecting():
        path = _input_file(networks, root, "network_data.yaml")
        data = replace(data, networks=inputs.networks(path, features))
    report.check()
    return data


def _input_file(path: Path | None, root: Path, default: str) -> Path:
    if path is None:
        return root / default
    return path if path.is_file() or not (root / path).is_file() else root / path


def _rendered(
    tree: TemplateTree, path: PurePosixPath, data: _RenderInputs
) -> Iterator[tuple[PurePosixPath, str]]:
    source = files.read(tree.root / path)
    search = (tree.root / path.parent, tree.root)
    for target in _targets(path, source, data):
        if target.path in tree.excluded:
            continue
        try:
            text = jinja.render(source, target.variables, search=search, dialect=jinja.Dialect.TRIPLEO)
        except CompileError as error:
            problem = error.problems[0]
            subject = f"the error occurs for {target.subject}" if target.subject else None
            raise CompileError(problem.message, problem.span, problem.hint or subject) from None
        yield target.path, text


def _targets(path: PurePosixPath, source: Source, data: _RenderInputs) -> Iterator[_OutputFile]:
    """The files that a template renders to: one per role or network, depending on its name, or one."""
    networks = data.network_variables
    if path.name.endswith(FOR_EACH_ROLE):
        by_name = "{{role.name}}" not in source.text  # in older templates `role` is the name itself
        for role in data.roles:
            variables = {"role": role.name if by_name else role.variables, "networks": networks}
            yield _OutputFile(path=_role_path(path, role), variables=variables, subject=f"role `{role.name}`")
    elif path.name.endswith(FOR_EACH_NETWORK):
        for network in (network for network in data.networks if network.enabled):
            yield _OutputFile(
                path=_network_path(path, network),
                variables={"network": network.variables},
                subject=f"network `{network.name}`",
            )
    else:
        target = path.with_name(path.name.replace(ONCE, ".yaml"))
        yield _OutputFile(path=target, variables={"roles": data.role_variables, "networks": networks})


def _role_path(path: PurePosixPath, role: RoleData) -> PurePosixPath:
    """`puppet/role.role.j2.yaml` → `puppet/compute-role.yaml`; a NIC configuration is `compute.yaml`."""
    lower = role.name.lower()
    if "network/config" in str(path):
        return path.with_name(role.nic_config or f"{lower}.yaml")
    return path.with_name(f"{lower}-{path.name.replace(FOR_EACH_ROLE, '.yaml')}")


def _network_path(path: PurePosixPath, network: NetworkData) -> PurePosixPath:
    """`ports/port_v6.network.j2.yaml` → `ports/tenant_v6.yaml`; elsewhere `network` is replaced."""
    replaced = "port" if str(path.parent).endswith("ports") else "network"
    return path.with_name(path.name.replace(FOR_EACH_NETWORK, ".yaml").replace(replaced, network.lower))


def _warn_of_overwritten(paths: Iterable[PurePosixPath], report: Report) -> None:
    overwritten = sorted(path for path, count in Counter(paths).items() if count > 1)
    if overwritten:
        first, others = f"`{overwritten[0]}`", len(overwritten) - 1
        subject = f"{first} and {others} more are" if others else f"{first} is"
        report.warn(
            f"{subject} generated more than once: the last one is kept",
            hint="a template wins over a file of the tree, and a later role or template over an earlier one",
        )
