"""The shipped library keeps to the published schemas, and tells editors where they are."""

from pathlib import Path

import pytest

from compiler import schemas
from compiler.node.yaml import parse
from compiler.source import Source

ROOT = Path(__file__).parents[3]
FILES = [
    *(("role", path) for path in sorted((ROOT / "roles").glob("*.yaml"))),
    *(("environment", path) for path in sorted((ROOT / "environments").glob("*.yaml"))),
]
REGISTRY = ("environment", ROOT / "templates" / "resource_registry.yaml")


@pytest.mark.parametrize(
    ("name", "path"), [*FILES, REGISTRY], ids=lambda value: getattr(value, "name", value)
)
def test_a_shipped_file_is_valid(name: str, path: Path) -> None:
    node = parse(Source(path.name, path.read_text(encoding="utf-8")))
    assert node is not None
    schemas.check(node, name)


@pytest.mark.parametrize(("name", "path"), FILES, ids=lambda value: getattr(value, "name", value))
def test_a_shipped_file_tells_editors_its_schema(name: str, path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first == f"# yaml-language-server: $schema=../compiler/schemas/{name}.schema.json"
