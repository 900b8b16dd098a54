"""Templates as values: what they are worth, without a file that anybody wrote."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compiler.diagnostics import Report
from compiler.heat import evaluation
from compiler.hot.stack import Stack
from compiler.node import Plain


def root(template: Path, **question: Any) -> Stack:
    """The root of a template's evaluation; a random string is its own name."""
    asked, report = evaluation.EvaluationRequest(template=template, **question), Report()
    stack = evaluation.evaluate(asked, report, random_strings=lambda name, _: name)
    report.check()
    return stack


def outputs(text: str) -> dict[str, Plain]:
    """The outputs of a template of that text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "main.yaml"
        path.write_text(text, encoding="utf-8")
        return evaluation.outputs(root(path), Report())


def value(expression: Plain, **sections: Mapping[str, Plain]) -> Plain:
    """What an expression is worth in a template with such other sections."""
    output = {"outputs": {"it": {"value": expression}}}
    return outputs(json.dumps({"heat_template_version": "wallaby", **sections, **output}))["it"]
