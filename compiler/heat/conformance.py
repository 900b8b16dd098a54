"""Test cases with the answers of real Heat, and whether ours are the same.

A file of cases is a JSON list of mappings:

    id            its name
    template      YAML text of the root template
    files         name → text: nested templates and what get_file reads, by the names used in templates
    environments  list of texts of environment files, in the order of -e
    merge         server (the default) or client
    parameters    name → value, as given on the command line
    expected      {"outputs": {name: value}}, or {"error": …}: the text is not compared
"""

from __future__ import annotations

import difflib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler import files
from compiler.diagnostics import HeatsinkError, Report
from compiler.heat import evaluation
from compiler.model.inputs import Merge
from compiler.node import Plain
from compiler.source import Source, Span

_REQUIRED = ("id", "template", "expected")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "template": str,
    "files": dict,
    "environments": list,
    "merge": str,
    "parameters": dict,
    "expected": dict,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, complete."""

    id: str
    template: str
    files: Mapping[str, str]
    environments: tuple[str, ...]
    merge: Merge
    parameters: Mapping[str, Plain]
    expected: Mapping[str, Plain]


def cases(path: Path) -> tuple[Case, ...]:
    """The cases of a file. Raises HeatsinkError if it holds anything else."""
    source = files.read(path)
    try:
        document = json.loads(source.text)
    except json.JSONDecodeError as error:
        place = Span(source, error.lineno, error.colno, error.lineno, error.colno + 1)
        raise HeatsinkError(f"this is not JSON: {error.msg.lower()}", place) from None
    if not isinstance(document, list):
        raise HeatsinkError("a file of cases must be a list", Span(source, 1, 1, 1, 2))
    return tuple(_case(each, number, source) for number, each in enumerate(document, 1))


def _case(written: Any, number: int, source: Source) -> Case:
    problem = _problem(written)
    if problem is not None:
        name = written.get("id") if isinstance(written, dict) else None
        place = Span(source, 1, 1, 1, 1).without_text()
        raise HeatsinkError(
            f"case {name or number} {problem}",
            place,
            "a case has an `id`, a `template` and what is `expected`",
        )
    return Case(
        id=written["id"],
        template=written["template"],
        files=written.get("files") or {},
        environments=tuple(written.get("environments") or ()),
        merge=Merge(written.get("merge") or Merge.SERVER),
        parameters=written.get("parameters") or {},
        expected=written["expected"],
    )


def _problem(written: Any) -> str | None:
    """What is wrong with a case; None if it is valid."""
    if not isinstance(written, dict):
        return "is not a mapping"
    for name in _REQUIRED:
        if name not in written:
            return f"has no `{name}`"
    for name, kind in _KINDS.items():
        if written.get(name) is not None and not isinstance(written[name], kind):
            return f"has an invalid `{name}`"
    texts = (*(written.get("files") or {}).values(), *(written.get("environments") or ()))
    if not all(isinstance(text, str) for text in texts):
        return "has a file that is not text"
    if written.get("merge") not in (None, *Merge):
        return f"has an unknown `merge`: use {' or '.join(Merge)}"
    if not {"outputs", "error"} & written["expected"].keys():
        return "expects neither `outputs` nor an `error`"
    return None


def difference(case: Case) -> str | None:
    """How our answer differs from Heat's; None if the case passes.

    Values are compared as JSON: 1 is 1.0, and true is not 1. Where Heat refuses, ours must refuse with a
    place.
    """
    answer = _answer(case)
    if "error" in case.expected:
        return None if "error" in answer else _shown(case.expected, answer)
    return None if same(case.expected["outputs"], answer.get("outputs")) else _shown(case.expected, answer)


def _answer(case: Case) -> dict[str, Plain]:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="heatsink-") as name:
        folder = Path(name)
        request = evaluation.EvaluationRequest(
            template=_written(folder, "main.yaml", case.template),
            environments=tuple(_environments(folder, case)),
            parameters=case.parameters,
            merge=case.merge,
        )
        for path, text in case.files.items():
            _written(folder, path, text)
        try:
            root = evaluation.evaluate(request, report)
            return {"outputs": evaluation.outputs(root, report)}
        except HeatsinkError as error:
            placed = all(problem.span is not None for problem in error.problems)
            return {"error" if placed else "error without a place": error.render().replace(f"{folder}/", "")}
        except Exception as error:  # noqa: BLE001 - a bug is a failed case; the others go on
            return {"bug": repr(error)}


def _environments(folder: Path, case: Case) -> Iterator[Path]:
    for number, text in enumerate(case.environments, 1):
        yield _written(folder, f"environment-{number}.yaml", text)


def _written(folder: Path, name: str, text: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise HeatsinkError(f"the file `{name}` of a case is outside its folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def same(one: Plain, other: Plain) -> bool:
    """Whether two values are the same as JSON; the order of keys does not matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _shown(expected: Mapping[str, Plain], answer: Mapping[str, Plain]) -> str:
    """Both answers, line against line."""
    before, after = (_lines(each) for each in (expected, answer))
    return "\n".join(difflib.unified_diff(before, after, "Heat", "heatsink", lineterm=""))


def _lines(answer: Mapping[str, Plain]) -> list[str]:
    return json.dumps(answer, indent=1, sort_keys=True, ensure_ascii=False).replace("\\n", "\n").splitlines()
