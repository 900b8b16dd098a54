"""What a resource type stands for. Every answer was given by Heat's own registry."""

from __future__ import annotations

import pytest

from compiler.diagnostics import CompileError
from compiler.hot.registry import find_registration, is_template
from compiler.model.inputs import Registration, Registry, TemplateFile, Tree
from compiler.node import from_plain

TREE = Tree(roots=())
PLACE = from_plain(None, "test")


def registry(written, *, is_root=True) -> Registry:
    """A registry as it is written in an environment, paths taken as they are."""
    singles = written.get("resources", {}) if is_root else written
    types = {
        name: Registration(target=TemplateFile(path=to, tree=TREE) if is_template(to) else to, node=PLACE)
        for name, to in written.items()
        if isinstance(to, str)
    }
    below = {name: registry(each, is_root=False) for name, each in singles.items() if isinstance(each, dict)}
    return Registry(types=types, resources=below)


def target(written, kind, *resource):
    found = find_registration(registry(written), kind, resource, PLACE).target
    return found.path if isinstance(found, TemplateFile) else found


@pytest.mark.parametrize(
    ("written", "kind", "expected"),
    [
        ({"My::A": "a.yaml"}, "My::A", "a.yaml"),
        ({"My::A": "My::B", "My::B": "a.yaml"}, "My::A", "a.yaml"),
        ({"My::A": "OS::Heat::Value"}, "My::A", "OS::Heat::Value"),
        ({"OS::Heat::Value": "a.yaml", "My::A": "OS::Heat::Value"}, "My::A", "a.yaml"),
        ({}, "OS::Nova::Server", "OS::Nova::Server"),
        ({}, "beside.yaml", "beside.yaml"),
        ({"My::*": "OS::Heat::None"}, "My::A", "OS::Heat::None"),
        ({"My::*": "Your::*", "Your::A": "a.yaml"}, "My::A", "a.yaml"),
        ({"My::*": "OS::Heat::None", "My::A": "a.yaml"}, "My::A", "OS::Heat::None"),
        ({"My::A*": "OS::Heat::Value", "My::*": "OS::Heat::None"}, "My::A", "OS::Heat::None"),
        ({"My::*": "Your::*", "My::A": "a.yaml"}, "My::A", "a.yaml"),
        ({"OS::*": "OS::Heat::None"}, "OS::Nova::Server", "OS::Heat::None"),
        ({"OS::*": "OS::Heat::None"}, "OS::Heat::None", "OS::Heat::None"),
        ({"*": "OS::Heat::None"}, "beside.yaml", "OS::Heat::None"),
    ],
)
def test_aliases_are_followed_and_globs_come_first(written, kind, expected):
    assert target(written, kind, "x") == expected


SINGLES = {
    "My::A": "all.yaml",
    "resources": {
        "x": {"My::A": "x.yaml", "y": {"My::A": "OS::Heat::None"}},
        "z*": {"y": {"My::A": "My::B"}},
    },
    "My::B": "OS::Heat::Value",
}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (("x",), "x.yaml"),
        (("y",), "all.yaml"),
        (("x", "y"), "OS::Heat::None"),
        (("x", "x"), "all.yaml"),
        (("zz", "y"), "OS::Heat::Value"),
        (("zz",), "all.yaml"),
        ((), "all.yaml"),
    ],
)
def test_what_is_said_of_a_single_resource_comes_before_all(resource, expected):
    assert target(SINGLES, "My::A", *resource) == expected


def test_a_template_that_replaces_a_type_can_contain_it():
    replaced = registry({"OS::Nova::Server": "server.yaml"})
    outer = find_registration(replaced, "OS::Nova::Server", ("x",), PLACE)
    inner = find_registration(replaced, "OS::Nova::Server", ("x", "y"), PLACE, enclosing=(outer,))
    assert inner.target == "OS::Nova::Server"


@pytest.mark.parametrize(
    ("written", "kind", "message"),
    [
        ({}, "My::A", "resource type `My::A` is not in the resource registry"),
        ({"My::A": "Your::A"}, "My::A", "resource type `My::A` is not in the resource registry"),
        ({"A": "B", "B": "A"}, "A", "circular aliases in the resource registry: A -> B -> A"),
        ({"OS::*": "OS::*"}, "OS::A", "circular aliases in the resource registry: OS::A -> OS::A"),
        (
            {"A*": "AA*"},
            "A",
            "circular aliases in the resource registry: A -> AA -> AAA -> AAAA -> AAAAA -> …",
        ),
    ],
)
def test_a_type_that_leads_nowhere_is_an_error(written, kind, message):
    with pytest.raises(CompileError) as raised:
        find_registration(registry(written), kind, (), PLACE)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("written", "kind", "hint"),
    [
        ({"My::Server": "a.yaml"}, "My::Sevrer", "did you mean `My::Server`?"),
        ({}, "OS::Heat::Valeu", "did you mean `OS::Heat::Value`?"),
        (
            {"My::*": "a.yaml"},
            "My::A",
            "`My::*` does not match it: an alias with `*` cannot map to a template",
        ),
        ({}, "My::A", "register it under `resource_registry` in an environment file"),
    ],
)
def test_the_hint_says_what_may_have_been_meant(written, kind, hint):
    with pytest.raises(CompileError) as raised:
        find_registration(registry(written), kind, ("x",), PLACE)
    assert raised.value.problems[0].hint == hint
