"""docs/containers.md lists every key of the schema; `--update-golden` writes its tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from compiler import schemas

PAGE = Path(__file__).parents[2] / "docs" / "containers.md"
TABLES = {
    "Keys of a container": "container",
    "Keys of a health check": "healthcheck",
    "Keys of a schedule": "times",
}
DEFINITIONS: dict[str, Any] = json.loads(schemas.text("role_data"))["$defs"]
HEADER = "| key | value | meaning |\n|---|---|---|\n"
SHARED = {  # definitions that several keys use -> how a value is written
    "calendar": "string, or list of strings",
    "duration": "seconds, or `1m30s`",
    "healthcheck": "[mapping](#keys-of-a-health-check)",
    "ports": "list of numbers, or of `{port, protocol, address}`",
    "limit": "number",
    "schedule": "string, list of strings, or [mapping](#keys-of-a-schedule)",
    "settings": "mapping",
    "size": "bytes, or `512m`",
    "strings": "list of strings",
    "sysctls": "mapping",
    "strings_or_one": "string, or list of strings",
    "uri": "string",
    "words": "string, or list of strings",
}


def value(schema: dict[str, Any]) -> str:
    """How a value is written."""
    if "$ref" in schema:
        return SHARED[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(value(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(word).strip(chr(34))}`" for word in schema["enum"])
    if "examples" in schema and "pattern" in schema and schema["pattern"].startswith("^on-"):
        return f"`{schema['examples'][0]}`"
    return " or ".join(kind(one, schema) for one in types(schema)) or "anything"


def types(schema: dict[str, Any]) -> list[str]:
    declared = schema.get("type", [])
    return [declared] if isinstance(declared, str) else list(declared)


def kind(name: str, schema: dict[str, Any]) -> str:
    if name == "array":
        return f"list of {'numbers' if types(schema['items']) == ['integer'] else 'strings'}"
    return {"boolean": "`true`, `false`", "integer": "number", "object": "mapping"}.get(name, name)


def description(schema: dict[str, Any]) -> str:
    shared = DEFINITIONS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
    return str(schema.get("description") or shared.get("description", ""))


def table(definition: str) -> str:
    rows = DEFINITIONS[definition]["properties"].items()
    return HEADER + "".join(
        f"| `{key}` | {value(schema)} | {description(schema)} |\n" for key, schema in sorted(rows)
    )


@pytest.mark.parametrize("title", TABLES)
def test_the_page_has_every_key_of_the_schema(title: str, request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = re.search(rf"(?<=^## {title}\n\n)(\|.*\n)+", text, re.M)
    assert shown is not None
    if request.config.getoption("--update-golden"):
        written = text[: shown.start()] + table(TABLES[title]) + text[shown.end() :]
        PAGE.write_text(written, encoding="utf-8")
    else:
        assert shown[0] == table(TABLES[title])
