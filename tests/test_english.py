"""What operators read is plain English: no phrase of the list is in messages, hints, help, schemas or pages.

Each phrase was written once and has a plainer form: "remove it" for "take it away", "duplicate key" for
"stands twice", "is not a valid volume" for "is no volume". "There is no file" is no such phrase.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted({path.relative_to(ROOT / "compiler").parts[0] for path in (ROOT / "compiler").rglob("*.py")})
PAGES = [
    path
    for pattern in ("*.md", "docs/*.md", "compiler/schemas/*.json")
    for path in sorted(ROOT.glob(pattern))
]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)

ANYWHERE = (  # also in docstrings
    r"nobody minds",
    r"\bminds none\b",
    r"none of data",
    r"\bno chance\b",
    r"what (one|it) is made of",
    r"what it is worth",
    r"search for garbage",
    r"still with us",
    r"the word to go on",
    r"\bof then\b",
    r"stands? twice",
    r"\b(go|goes) (round|in a circle)\b",
    r"\bcannot be had\b",
    r"\bmake room\b",
    r"\boverrules?\b",
    r"\bgoes (before|behind) every\b",
    r"of two with one name",
    r"system runs by itself",
    r"says? how it is\b",
    r"must stay alive",
    r"write nowhere",
    r"special about it",
    r"\b(clock|network),? (or|and) chance",
    r"on a stick\b",
    r"beginnings of an?\b",
    r"what it stands on",
    r"nothing left to decide",
    r"order and fate",
    r"from what is there\b",
    r"carr(y|ies) (the|a) bundle",
    r"how every service of every host is",
    r"\bgeneration before\b",
    r"\btwice returns",
    r"over the library's",
    r"environments become one",
    r"hosts must show",
    r"of which no key",
    r"writes? (it|them|their keys?) down",
    r"more images; of",
    r"each behind the image",
    r"images are there\b",
    r"lets? (us|nobody|somebody) in\b",
    r"installed anew",
    r"it needs one\b",
    r"as it was left",
    r"\bcut a node's power",
    r"kept here:",
    r"says what stands",
    r"peer is not there",
    r"may come to mean",
    r"input that nothing uses",
)
IN_MESSAGES = (  # in what operators read, not in docstrings of our own
    r"(?<!there )\bis no (?!longer\b|more\b)\w+",
    r"\b(no|some)body\b",
    r"\btakes? .{0,20} ?away\b",
    r"\bspelt\b",
    r"\bfor ever\b",
    r"\bin silence\b",
    r"\bat hand\b",
    r"\bmend(s|ed)?\b",
    r"\bis a json\b",
    r"under kolla's contract",
    r"\bsay (what|from where|`?--)",
    r"\bpass(es|ed)? over\b",
    r"\bswitch(es|ed)? (it|them|a \w+) on\b",
    r"stands? behind",
    r"\bknows? no\b",
    r"what (became|becomes) of",
    r"\bare meant\b",
)


def phrases(text: str, patterns: tuple[str, ...]) -> list[str]:
    """Every phrase of a list that is in a text, wherever its lines break."""
    flat = " ".join(text.split())
    return [match[0] for pattern in patterns for match in re.finditer(pattern, flat, re.IGNORECASE)]


def strings(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, text, and whether it is a docstring: every string of a module."""
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    docstrings = {
        id(node.body[0].value) for node in nodes if isinstance(node, DOCUMENTED) and expressed(node)
    }
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(map(shown, node.values)), False
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value, id(node) in docstrings


def expressed(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> bool:
    return bool(node.body) and isinstance(node.body[0], ast.Expr)


def shown(part: ast.expr) -> str:
    """A piece of an f-string; what is put in is `…`."""
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "…"


@pytest.mark.parametrize("room", ROOMS)
def test_no_string_of_the_program_has_a_phrase_of_the_list(room: str) -> None:
    top = ROOT / "compiler" / room
    matches = [
        f"{path.relative_to(ROOT)}:{line}: {phrase}"
        for path in sorted(top.rglob("*.py") if top.is_dir() else [top])
        for line, text, is_docstring in strings(path)
        for phrase in phrases(text, ANYWHERE if is_docstring and room != "cli" else ANYWHERE + IN_MESSAGES)
    ]
    assert not matches, "\n".join(matches)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_has_a_phrase_of_the_list(page: Path) -> None:
    assert phrases(page.read_text(encoding="utf-8"), ANYWHERE + IN_MESSAGES) == []


@pytest.mark.parametrize(
    "text", ["stands\n  twice", "`a` is no volume", "take the key away", "Say what it is"]
)
def test_a_phrase_of_the_list_is_found(text: str) -> None:
    assert len(phrases(text, ANYWHERE + IN_MESSAGES)) == 1
