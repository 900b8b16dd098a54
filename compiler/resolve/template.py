"""A HOT template as a value: its sections, checked as far as they can be without any parameter."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.diagnostics import CompileError, closest
from compiler.model.stack import Tree
from compiler.node import Mapping, Node, Scalar, expect_keys, expect_mapping, expect_sequence

VERSIONS = frozenset(("rocky", "2018-08-31", "wallaby", "2021-04-16"))
TYPES = frozenset(("string", "number", "boolean", "json", "comma_delimited_list"))
_SECTIONS = frozenset(
    [
        "heat_template_version",
        "description",
        "parameter_groups",
        "parameters",
        "conditions",
        "resources",
        "outputs",
    ]
)
_DECLARATION = frozenset(
    ["type", "label", "description", "default", "hidden", "constraints", "immutable", "tags"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One declared parameter."""

    name: str
    type: str
    default: Node | None
    hidden: bool
    constraints: tuple[Mapping, ...]
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One HOT file: where it lies in its tree, and its sections by name."""

    tree: Tree
    path: str  # relative to the tree
    parameters: dict[str, Declaration]
    conditions: dict[str, Node]
    resources: dict[str, Mapping]
    outputs: dict[str, Node]
    root: Mapping


def template(root: Node, tree: Tree, path: str) -> Template:
    """The HOT template that a document holds. Raises CompileError where it is none."""
    mapping = expect_mapping(root, "a template")
    version = mapping.entries.get("heat_template_version")
    if not isinstance(version, Scalar):
        raise CompileError(
            "this is not a HOT template", mapping.span, "begin it with `heat_template_version: wallaby`"
        )
    if version.value not in VERSIONS:
        raise CompileError(
            f"heat_template_version `{version.value}` is not supported",
            version.span,
            "use `rocky` or `wallaby`",
        )
    expect_keys(mapping, _SECTIONS, "a template")
    return Template(
        tree=tree,
        path=path,
        parameters={
            name: _declaration(name, expect_mapping(node, f"parameter `{name}`"))
            for name, node in _section(mapping, "parameters").items()
        },
        conditions=_section(mapping, "conditions"),
        resources={
            name: expect_mapping(node, f"resource `{name}`")
            for name, node in _section(mapping, "resources").items()
        },
        outputs=_section(mapping, "outputs"),
        root=mapping,
    )


def _section(root: Mapping, name: str) -> dict[str, Node]:
    node = root.entries.get(name)
    return {} if node is None else expect_mapping(node, f"`{name}`").entries


def _declaration(name: str, node: Mapping) -> Declaration:
    expect_keys(node, _DECLARATION, f"parameter `{name}`")
    type_node = node.entries.get("type")
    if type_node is None:
        raise CompileError(f"parameter `{name}` has no type", node.span, "add `type: string`")
    kind = type_node.value if isinstance(type_node, Scalar) else None
    if kind not in TYPES:
        hint = closest(str(kind), TYPES) or f"types are {', '.join(sorted(TYPES))}"
        raise CompileError(f"parameter `{name}` has an unknown type `{kind}`", type_node.span, hint)
    hidden = node.entries.get("hidden")
    constraints = node.entries.get("constraints")
    items = expect_sequence(constraints, "`constraints`").items if constraints is not None else []
    return Declaration(
        name=name,
        type=str(kind),
        default=node.entries.get("default"),
        hidden=isinstance(hidden, Scalar) and hidden.value in (True, "true", "True"),
        constraints=tuple(expect_mapping(item, "a constraint") for item in items),
        node=node,
    )
