"""docs/functions.md shows what expressions are worth; `--update-golden` writes what they really are.

A table is checked whose first column says how: what stands there is put into the page's own template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError, Report
from compiler.heat.evaluation import outputs
from compiler.hot.functions import conditions, known, values
from compiler.hot.versions import Version
from compiler.node import Mapping, Node
from compiler.node.yaml import Duplicates, parse
from compiler.source import Source
from tests.support.templates import root

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"
FILE = re.compile(r"^`([\w.]+)`:\n\n```\w*\n(.*?)^```$", re.M | re.S)
TEXT = PAGE.read_text(encoding="utf-8")
FILES = dict(FILE.findall(TEXT))
MAIN = FILES["main.yaml"]


def expression(cell: str) -> str:
    return f"{MAIN}outputs:\n  it: {{value: {cell}}}\n"


def expression_in_rocky(cell: str) -> str:
    return expression(cell).replace("wallaby", "rocky")


def condition(cell: str) -> str:
    defined = MAIN.replace("conditions:\n", f"conditions:\n  it: {cell}\n")
    return f"{defined}outputs:\n  it: {{value: {{if: [it, true, false]}}}}\n"


def parameter(cell: str, kind: str) -> str:
    declared = f"parameters:\n  it: {{type: {kind}, default: {cell}}}\n"
    return f"heat_template_version: wallaby\n{declared}outputs:\n  it: {{value: {{get_param: it}}}}\n"


def prop(cell: str, kind: str) -> str:
    return expression("{get_attr: [it, it]}").replace(
        "resources:\n", f"resources:\n  it: {{type: {kind}.yaml, properties: {{it: {cell}}}}}\n"
    )


def typed_value(cell: str, kind: str) -> str:
    made = f"resources:\n  it: {{type: OS::Heat::Value, properties: {{type: {kind}, value: {cell}}}}}\n"
    return expression("{get_attr: [it, value]}").replace("resources:\n", made)


LISTS: dict[str, Callable[[str], str]] = {
    "expression": expression,
    "expression in rocky": expression_in_rocky,
    "condition": condition,
}
GRIDS: dict[str, Callable[[str, str], str]] = {
    "parameter": parameter,
    "property": prop,
    "`OS::Heat::Value`": typed_value,
}
NONE = "\u2013"  # what the page has for an error where there is no room for it
KINDS = ("string", "number", "boolean", "json", "comma_delimited_list")


@pytest.fixture
def answer(tmp_path: Path) -> Callable[[str], str]:
    """`answer(template)`: the cell that shows the value of its output `it`, or the error."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for kind in KINDS:
        (tmp_path / f"{kind}.yaml").write_text(parameter("null", kind), encoding="utf-8")

    def cell(template: str) -> str:
        main = tmp_path / "main.yaml"
        main.write_text(template, encoding="utf-8")
        try:
            found = outputs(root(main, environments=(tmp_path / "environment.yaml",)), Report())["it"]
            return f"`{json.dumps(found, ensure_ascii=False)}`"
        except HeatsinkError as error:
            assert error.problems[0].span is not None
            return f"error: {error}".replace(f"{tmp_path}/", "")

    return cell


def cells(line: str) -> list[str]:
    return line.strip("|\n ").split(" | ")


def checked_rows(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The number of each row that is checked, and the header of its table."""
    header: list[str] = []
    for number, line in enumerate(lines):
        if not line.startswith("|"):
            header = []
        elif not header:
            header = cells(line)
        elif not line.startswith("|-") and header[0] in LISTS | GRIDS:
            yield number, header


def row(line: str, header: list[str], answer: Callable[[str], str]) -> str:
    """The row as it must be."""
    first, *_ = cells(line)
    written = first.strip("`")
    if header[0] in LISTS:
        answers = [answer(LISTS[header[0]](written))]
    else:
        found = (answer(GRIDS[header[0]](written, kind.strip("`"))) for kind in header[1:])
        answers = [NONE if each.startswith("error: ") else each for each in found]
    return f"| {' | '.join([first, *answers])} |"


def test_every_example_is_worth_what_the_page_says(
    answer: Callable[[str], str], request: pytest.FixtureRequest
) -> None:
    lines = TEXT.splitlines()
    rows = {number: row(lines[number], header, answer) for number, header in checked_rows(lines)}
    if request.config.getoption("--update-golden"):
        written = [rows.get(number, line) for number, line in enumerate(lines)]
        PAGE.write_text("\n".join(written) + "\n", encoding="utf-8")
    else:
        assert {number + 1: lines[number] for number in rows} == {
            number + 1: text for number, text in rows.items()
        }


def examples() -> Iterator[tuple[str, Node]]:
    """Each call that has a value on the page, and its argument."""
    lines = TEXT.splitlines()
    for number, header in checked_rows(lines):
        first, *answers = cells(lines[number])
        root_node = parse(Source("page", first.strip("`")), Duplicates.LAST) if header[0] in LISTS else None
        if isinstance(root_node, Mapping) and len(root_node.entries) == 1 and "error: " not in answers[0]:
            (name, argument), *_ = root_node.entries.items()
            yield name, argument


def test_examples_look_like_calls_of_their_functions_to_lint() -> None:
    calls = [(name, argument) for name, argument in examples() if name in known()]
    likely = {name for name, argument in calls if known()[name].likely(argument)}
    assert likely == {name for name, _ in calls} > {"equals", "get_param", "yaql"}


def test_every_function_has_a_section_with_examples() -> None:
    sections = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", TEXT, re.M | re.S))
    shown = {
        name
        for title, text in sections.items()
        for name in re.findall(r"`([\w:]+)`", title)
        if any(f"| `{{{name}:" in line for line in text.splitlines())
    }
    wanted = {*values(Version.WALLABY), *conditions(Version.WALLABY)}
    assert {name for name in wanted if name[:3] not in ("Fn:", "Ref")} - shown == set()


def test_every_function_of_the_older_versions_is_named() -> None:
    assert {name for version in Version for name in values(version) if f"`{name}`" not in TEXT} == set()
