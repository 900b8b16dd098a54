"""Environment files that Heat takes, and those that it refuses."""

from __future__ import annotations

import os

import pytest

from compiler.diagnostics import CompileError, Report
from compiler.heat.environments import heat_environments
from compiler.model.inputs import Merge, TemplateFile
from compiler.node import plain


@pytest.fixture
def loaded(tmp_path):
    """`loaded(text, …)`: files of such texts, in a folder with some templates."""
    for name in ("a.yaml", "b.template", "notes.txt", "sub/a.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("heat_template_version: rocky\n")

    def load(*texts, how=Merge.SERVER):
        paths = [tmp_path / f"env{number}.yaml" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text.replace("FOLDER", str(tmp_path)))
        report = Report()
        environments = heat_environments(paths, how, report)
        report.check()
        return environments

    return load


def targets(registry, folder):
    """What each type maps to; templates by their path from the folder."""
    return {
        name: os.path.relpath(f"/{each.target.path}", folder)
        if isinstance(each.target, TemplateFile)
        else each.target
        for name, each in registry.types.items()
    }


@pytest.mark.parametrize("text", ["", "# empty", "null", "---"])
def test_an_empty_file_is_no_environment(loaded, text):
    assert loaded(text) == ()


def test_of_equal_keys_the_last_counts(loaded):
    (environment,) = loaded("parameters: {a: 1, a: 2}")
    assert plain(environment.parameters["a"]) == 2


def test_strategies_that_nobody_knows_and_unused_sections_are_taken(loaded):
    (environment,) = loaded(
        "parameter_merge_strategies: {a: bogus, b: [1]}\nencrypted_param_names: [a]\nevent_sinks: []"
    )
    assert environment.strategies == {"a": "bogus", "b": "[1]"}
    assert environment.unused.keys() == {"encrypted_param_names"}


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        ("a.yaml", "a.yaml"),
        ("./sub/../b.template", "b.template"),
        ("FOLDER/a.yaml", "a.yaml"),
        ("file://FOLDER/a.yaml", "a.yaml"),
        ("OS::Heat::None", "OS::Heat::None"),
        ("notes.txt", "notes.txt"),
        ("a.yaml, base_url: 'file://FOLDER/sub/'", "sub/a.yaml"),
        ("'X::Y', base_url: somewhere", "X::Y"),
    ],
)
def test_templates_are_relative_to_the_file_that_names_them(loaded, tmp_path, entry, target):
    (environment,) = loaded(f"resource_registry: {{T: {entry}}}")
    assert targets(environment.resource_registry, tmp_path) == {"T": target}


def test_single_resources_have_types_of_their_own(loaded, tmp_path):
    (environment,) = loaded(
        "resource_registry:\n"
        "  hooks: pre-create\n"
        "  resources:\n"
        "    x: {T: a.yaml, hooks: [pre-create, post-update], y: {T: 'OS::Heat::None'}}\n"
        "    'z*': {restricted_actions: replace, base_url: 'file://FOLDER/sub', T: a.yaml}\n"
    )
    singles = environment.resource_registry.resources
    assert {name: targets(each, tmp_path) for name, each in singles.items()} == {
        "x": {"T": "a.yaml"},
        "z*": {"T": "sub/a.yaml"},
    }
    assert targets(singles["x"].resources["y"], tmp_path) == {"T": "OS::Heat::None"}


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("[a]", "an environment file must be a mapping, not a list", "1:1"),
        ("parameter: {a: 1}", "unknown key `parameter` in an environment file", "1:1"),
        ("parameters:", "the section `parameters` is empty", "1:1"),
        ("parameters: [a]", "`parameters` must be a mapping, not a list", "1:13"),
        ("resource_registry: [a]", "`resource_registry` must be a mapping, not a list", "1:20"),
        (
            "event_sinks: [{type: queue}]",
            "an event sink must have the type `zaqar-queue` and a `target`",
            "1:15",
        ),
        ("resource_registry: {T: null}", "`T` must be a string, not null", "1:24"),
        ("resource_registry: {T: 1}", "`T` must be a string, not a number", "1:24"),
        ("resource_registry: {T: c.yaml}", "there is no template `c.yaml`", "1:24"),
        ("resource_registry: {T: http://x/a}", "`http://x/a` is not a file of this machine", "1:24"),
        ("resource_registry: {T: a.yaml, base_url: sub/}", "the template `a.yaml` cannot be fetched", "1:24"),
        ("resource_registry: {resources: null}", "`resources` must be a mapping, not null", "1:32"),
        ("resource_registry: {resources: {x: y}}", "resource `x` must be a mapping, not a string", "1:36"),
        ("resource_registry: {resources: {x: {hooks: now}}}", "`hooks` cannot be `now`", "1:44"),
        (
            "resource_registry: {resources: {x: {y: {T: a.yaml}}}}",
            "the template `a.yaml` cannot be fetched",
            "1:44",
        ),
    ],
)  # fmt: skip
def test_what_heat_refuses_is_told_with_its_place(loaded, text, message, place):
    with pytest.raises(CompileError) as raised:
        loaded(text)
    (problem,) = raised.value.problems
    assert (problem.message, f"{problem.span.line}:{problem.span.column}") == (message, place)


def test_the_server_passes_over_a_section_that_python_takes_for_false(loaded):
    (environment,) = loaded("parameters: []\nparameter_defaults: 0")
    assert (environment.parameters, environment.parameter_defaults) == ({}, {})
    with pytest.raises(CompileError, match="`parameters` must be a mapping, not a list"):
        loaded("parameters: []", how=Merge.CLIENT)


FILLED, NULL = "parameters: {a: 1}", "parameters: null"


@pytest.mark.parametrize(
    ("how", "texts", "is_refused"),
    [
        (Merge.CLIENT, [NULL, FILLED], False),
        (Merge.CLIENT, [FILLED, NULL], False),
        (Merge.CLIENT, [NULL, NULL], True),
        (Merge.CLIENT, ["encrypted_param_names: [a]", "encrypted_param_names: null"], True),
        (Merge.SERVER, [NULL, FILLED], True),
        (Merge.SERVER, [FILLED, NULL], True),
    ],
)
def test_a_null_section_is_refused_unless_the_client_fills_it(loaded, how, texts, is_refused):
    def refused():
        try:
            loaded(*texts, how=how)
        except CompileError:
            return True
        return False

    assert refused() == is_refused
