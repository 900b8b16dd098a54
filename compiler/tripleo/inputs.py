"""Roles and networks as variables for the templates of a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from compiler import files
from compiler.diagnostics import CompileError, Report
from compiler.node import Mapping, Node, Scalar, Sequence, expect_mapping, expect_sequence, expect_string
from compiler.node.yaml import Duplicates, parse
from compiler.source import Span
from compiler.tripleo.tree import TOOL

JinjaVariables: TypeAlias = dict[object, object]  # keys are YAML values, because templates print them

_TAGS = (
    ("compute", ("Compute", "HciCeph", "DistributedCompute")),
    ("ceph", ("Ceph",)),
    ("ovsdpdk", ("ComputeOvsDpdk",)),
    ("storage", ("ObjectStorage", "BlockStorage", "Ceph")),
)
"""Tags that a role gets by the prefix of its name, since the release wallaby."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleData:
    """One role of roles_data.yaml."""

    name: str
    nic_config: str | None  # name of its file in network/config/, if not the role's
    variables: JinjaVariables


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkData:
    """One network of network_data.yaml."""

    name: str
    lower: str  # its name in file names
    enabled: bool
    variables: JinjaVariables


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFeatures:
    """What the tool of a release adds to roles and networks; templates of that release rely on it."""

    tags: bool = True
    index: bool = True


def tool_features(root: Path) -> ToolFeatures:
    """What the tree's own tool adds, recognised by its text; without a tool, what the newest one adds."""
    path = root / TOOL
    if not path.is_file():
        return ToolFeatures()
    text = files.read(path).text
    return ToolFeatures(tags="_set_tags_based_on_role_name" in text, index="'idx'" in text)


def roles(path: Path, features: ToolFeatures) -> tuple[RoleData, ...]:
    """The roles in a file, in order. Raises CompileError with every mistake in it."""
    items = expect_sequence(files.document(path, Duplicates.LAST), "roles").items
    report, result, names = Report(), [], _UniqueNames("role")
    for item in items:
        with report.collecting():
            role = _role(item, features)
            names.add(role.name.lower(), item)
            result.append(role)
    report.check()
    return tuple(result)


def networks(path: Path, features: ToolFeatures) -> tuple[NetworkData, ...]:
    """The networks in a file, in order; none if it is empty. Raises CompileError as `roles` does."""
    root = parse(files.read(path), Duplicates.LAST)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        return ()
    report, result, names = Report(), [], _UniqueNames("network")
    for index, item in enumerate(expect_sequence(root, "networks").items):
        with report.collecting():
            network = _network(item, index if features.index else None)
            if network.enabled:
                names.add(network.name, item)
            result.append(network)
    report.check()
    return tuple(result)


def _role(node: Node, features: ToolFeatures) -> RoleData:
    entries = expect_mapping(node, "a role").entries
    name = _name(node, "role")
    tags = entries.get("tags")
    variables = _variables(node)
    if tags is not None:
        expect_sequence(tags, "`tags`")
    if features.tags:
        own = [_value(tag) for tag in tags.items] if isinstance(tags, Sequence) else []
        variables["tags"] = [*own, *(tag for tag in _tags(name) if tag not in own)]
    return RoleData(
        name=name, nic_config=_optional_file_name(node, "deprecated_nic_config_name"), variables=variables
    )


def _tags(role: str) -> Iterator[str]:
    return (tag for tag, fronts in _TAGS if role.startswith(fronts))


def _network(node: Node, index: int | None) -> NetworkData:
    entries = expect_mapping(node, "a network").entries
    name = _name(node, "network")
    switch = entries.get("enabled")
    enabled = not (isinstance(switch, Scalar) and switch.value is False)
    lower = _optional_file_name(node, "name_lower")
    variables = _variables(node)
    if index is not None:
        variables["idx"] = index
    if enabled and lower is None:
        variables["name_lower"] = name.lower()
    return NetworkData(name=name, lower=lower or name.lower(), enabled=enabled, variables=variables)


def _name(node: Node, kind: str) -> str:
    name = expect_mapping(node, f"a {kind}").entries.get("name")
    if name is None:
        raise CompileError(f"a {kind} has no `name`", node.span, "add a `name`")
    return _file_name(name, f"the name of a {kind}")


def _optional_file_name(node: Node, key: str) -> str | None:
    """The file name under a key; null and "" count as missing."""
    name = expect_mapping(node, f"the entry with `{key}`").entries.get(key)
    if name is None or (isinstance(name, Scalar) and name.value in (None, "")):
        return None
    return _file_name(name, f"`{key}`")


def _file_name(node: Node, subject: str) -> str:
    """A string that is part of file names, and so cannot lead to another folder."""
    name = expect_string(node, subject)
    if not re.fullmatch(r"[^/\0]+", name) or name in (".", ".."):
        raise CompileError(
            f"{subject} is used in file names and cannot be `{name}`", node.span, "use a name without `/`"
        )
    return name


class _UniqueNames:
    """Checks that names are unique."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._places: dict[str, Span] = {}

    def add(self, name: str, node: Node) -> None:
        """Add a name. Raises CompileError if it was added before."""
        span = expect_mapping(node, self._kind).entries["name"].span
        first = self._places.setdefault(name, span)
        if first is not span:
            hint = f"first defined on line {first.line}; rename one of them"
            raise CompileError(f"duplicate {self._kind} `{name}`", span, hint)


def _variables(node: Node) -> JinjaVariables:
    assert isinstance(node, Mapping)
    return {_value(node.keys[key]): _value(value) for key, value in node.entries.items()}


def _value(node: Node) -> object:
    if isinstance(node, Mapping):
        return _variables(node)
    if isinstance(node, Sequence):
        return [_value(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value
