"""The schema of service templates, made from that of role_data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler import files, schemas
from compiler.diagnostics import CompileError
from compiler.hot.functions import known
from compiler.hot.versions import VERSIONS
from compiler.node.yaml import parse
from compiler.source import Source

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("templates/*/*.yaml"))
TEMPLATES += ["compiler/cli/project/templates/app/app.yaml"]
TEMPLATE = """\
heat_template_version: wallaby
outputs: {role_data: {value: {service_name: a, docker_config: {step_1: {a: %s}}}}}
"""


def test_it_has_every_function_and_version_of_hot() -> None:
    schema = json.loads(schemas.text("template"))
    assert schema["$defs"]["call"]["properties"].keys() == known().keys()
    assert schema["properties"]["heat_template_version"]["enum"] == list(VERSIONS)


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_template_of_the_library_is_valid(path: str) -> None:
    schemas.check(files.document(ROOT / path), "template")


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ("{imagee: x}", "unknown key `imagee`"),
        ("{image: {get_paramm: x}}", "unknown key `get_paramm`"),
        (
            "{restart: {get_param: x}, privileged: 1}",
            "`privileged` must be a boolean or a mapping, not a number",
        ),
    ],
)
def test_a_mistake_in_a_container_is_seen(container: str, message: str) -> None:
    root = parse(Source("t.yaml", TEMPLATE % container))
    assert root is not None
    with pytest.raises(CompileError) as caught:
        schemas.check(root, "template")
    assert caught.value.problems[0].message == message
