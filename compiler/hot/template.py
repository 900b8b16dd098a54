"""A HOT template as a value: its sections, checked as far as possible without parameters."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.diagnostics import CompileError, Report, closest
from compiler.hot.constraints import Constraint, constraint
from compiler.hot.parameter_groups import expect_parameter_groups
from compiler.hot.versions import VERSIONS, Version
from compiler.model.inputs import Tree
from compiler.node import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    expect_keys,
    expect_mapping,
    expect_sequence,
    expect_string,
    plain,
)
from compiler.node.hidden import conceal, quoted

TYPES = frozenset(("string", "number", "boolean", "json", "comma_delimited_list"))
_SECTIONS = frozenset(
    ["heat_template_version", "description", "parameter_groups", "parameters", "resources", "outputs"]
)
_DECLARATION = frozenset(["type", "label", "description", "default", "hidden", "constraints", "immutable"])
_RESOURCE = frozenset(
    ["type", "properties", "metadata", "depends_on", "deletion_policy", "update_policy", "description"]
)
_POLICIES = frozenset(["Delete", "Retain", "Snapshot"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One declared parameter."""

    name: str
    type: str
    default: Node | None
    hidden: bool
    constraints: tuple[Constraint, ...]
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One HOT file: its path in its tree, and its sections by name."""

    tree: Tree
    path: str  # relative to the tree
    version: Version
    parameters: dict[str, Declaration]
    conditions: dict[str, Node]
    resources: dict[str, Mapping]
    outputs: dict[str, Mapping]
    root: Mapping

    @property
    def file(self) -> str:
        """How messages name it."""
        return self.root.span.source.name

    def declared_at(self, name: str) -> Node:
        """The name of a parameter where it is declared."""
        section = self.root.entries["parameters"]
        assert isinstance(section, Mapping)
        return section.keys.get(name, section)


def template(root: Node, tree: Tree, path: str) -> Template:
    """The HOT template in a document. Raises CompileError where it is not valid."""
    mapping = expect_mapping(root, "a template")
    version = _version(mapping)
    sections = _SECTIONS | {"conditions"} if version >= Version.NEWTON else _SECTIONS
    expect_keys(mapping, sections, "a template")
    loaded = Template(
        tree=tree,
        path=path,
        version=version,
        parameters={
            name: _declaration(name, node, version) for name, node in _section(mapping, "parameters").items()
        },
        conditions=_conditions(mapping),
        resources={
            name: _resource(name, node, version) for name, node in _section(mapping, "resources").items()
        },
        outputs={name: _output(name, node) for name, node in _section(mapping, "outputs").items()},
        root=mapping,
    )
    expect_parameter_groups(mapping.entries.get("parameter_groups"))
    for name in loaded.resources.keys() & loaded.parameters.keys():
        raise CompileError(
            f"`{name}` is both a parameter and a resource",
            expect_mapping(mapping.entries["resources"], "`resources`").key_span(name),
            "rename one of them",
        )
    return loaded


def _version(mapping: Mapping) -> Version:
    node = mapping.entries.get("heat_template_version")
    if not isinstance(node, Scalar):
        raise CompileError(
            "this is not a HOT template", mapping.span, "start it with `heat_template_version: wallaby`"
        )
    if not isinstance(node.value, str) or node.value not in VERSIONS:
        known = ", ".join(name for name in VERSIONS if name.isalpha() and name != "wallaby")
        raise CompileError(
            f"unknown heat_template_version `{node.value}`",
            node.span,
            f"use `wallaby`, or one of {known}, or a date such as `2018-08-31`",
        )
    return VERSIONS[node.value]


def _section(root: Mapping, name: str) -> dict[str, Node]:
    node = root.entries.get(name)
    if node is None or not (node.entries if isinstance(node, Mapping) else plain(node)):
        return {}
    return expect_mapping(node, f"`{name}`").entries


def _conditions(root: Mapping) -> dict[str, Node]:
    """The conditions. Heat accepts null for any other section, but not for this."""
    node = root.entries.get("conditions")
    return {} if node is None else expect_mapping(node, "`conditions`").entries


def _declaration(name: str, written: Node, version: Version) -> Declaration:
    """The declaration of a parameter; no mistake in a hidden one shows a line, which may have its default."""
    node = expect_mapping(written, f"parameter `{name}`")
    hidden = node.entries.get("hidden")
    is_hidden = isinstance(hidden, Scalar) and hidden.value in (True, "true", "True")
    if is_hidden and "default" in node.entries:
        conceal(node.entries["default"])
    try:
        return _valid_declaration(name, node, version, hidden=is_hidden)
    except CompileError as error:
        raise (error.without_text() if is_hidden else error) from None


def _valid_declaration(name: str, node: Mapping, version: Version, *, hidden: bool) -> Declaration:
    known = _DECLARATION | {"tags"} if version >= Version.QUEENS else _DECLARATION
    expect_keys(node, known, f"parameter `{name}`")
    type_node = node.entries.get("type")
    if type_node is None:
        raise CompileError(f"parameter `{name}` has no type", node.span, "add `type: string`")
    kind = type_node.value if isinstance(type_node, Scalar) else None
    if kind not in TYPES:
        hint = closest(str(kind), TYPES) or f"use one of {', '.join(sorted(TYPES))}"
        raise CompileError(f"parameter `{name}` has an unknown type `{kind}`", type_node.span, hint)
    if (tags := node.entries.get("tags")) is not None:
        expect_sequence(tags, f"`tags` of parameter `{name}`")
    return Declaration(
        name=name,
        type=str(kind),
        default=node.entries.get("default"),
        hidden=hidden,
        constraints=_constraints(node.entries.get("constraints"), str(kind), version),
        node=node,
    )


def _constraints(node: Node | None, kind: str, version: Version) -> tuple[Constraint, ...]:
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return ()
    items = expect_sequence(node, "`constraints`").items
    return tuple(constraint(expect_mapping(item, "a constraint"), kind, version) for item in items)


def _resource(name: str, written: Node, version: Version) -> Mapping:
    if not isinstance(written, Mapping) or "type" not in written.entries:
        hint = "write `type: …`, such as `type: OS::Heat::Value` or the path of a template"
        raise CompileError(f"resource `{name}` has no type", written.span, hint)
    if "/" in name:
        raise CompileError(f"the resource name `{name}` contains a `/`", written.span, "rename the resource")
    known = _RESOURCE | {"condition", "external_id"} if version >= Version.NEWTON else _RESOURCE
    expect_keys(written, known, f"resource `{name}`")
    for key, node in written.entries.items():
        if not isinstance(node, _FIELDS[key]) or (isinstance(node, Scalar) and not _fits(key, node)):
            raise CompileError(f"`{key}` of resource `{name}` cannot be {node.kind}", node.span)
    for item in _items(written.entries.get("depends_on")):
        expect_string(item, f"an item of `depends_on` of resource `{name}`")
    policy = written.entries.get("deletion_policy")
    if isinstance(policy, Scalar):
        expect_deletion_policy(policy, version)
    return written


_FIELDS: dict[str, type[Node] | tuple[type[Node], ...]] = {
    "type": Scalar,
    "properties": Mapping,
    "metadata": Mapping,
    "depends_on": (Scalar, Sequence),
    "deletion_policy": (Scalar, Mapping),  # a mapping may be a call
    "update_policy": Mapping,
    "description": Scalar,
    "condition": (Scalar, Mapping),
    "external_id": (Scalar, Mapping),
}


def _fits(key: str, node: Scalar) -> bool:
    return isinstance(node.value, str) or (key == "condition" and isinstance(node.value, bool))


def _items(node: Node | None) -> list[Node]:
    return node.items if isinstance(node, Sequence) else []


def expect_deletion_policy(node: Node, version: Version) -> None:
    """Raise CompileError if a value is not a deletion policy."""
    known = _POLICIES if version < Version.NEWTON else _POLICIES | {name.lower() for name in _POLICIES}
    value = node.value if isinstance(node, Scalar) else None
    if value not in known:
        shown = quoted(value, node) if isinstance(value, str) else node.kind
        hint = f"use `{'`, `'.join(sorted(name.lower() for name in _POLICIES))}`"
        raise CompileError(f"{shown} is not a valid deletion policy", node.span, hint)


def expect_outputs(template: Template) -> None:
    """Raise CompileError with every unknown key of an output; in the root template Heat ignores them."""
    known, mistakes = frozenset(("description", "value", "condition")), Report()
    for name, output in template.outputs.items():
        with mistakes.collecting():
            expect_keys(output, known, f"output `{name}`")
    mistakes.check()


def _output(name: str, written: Node) -> Mapping:
    output = expect_mapping(written, f"output `{name}`")
    if "value" not in output.entries:
        raise CompileError(f"output `{name}` has no value", output.span)
    return output
