"""Images that cannot be had: nothing on the host is changed, and it takes no longer than it may."""

from __future__ import annotations

import time

import pytest

from compiler.lab import LabNode
from tests.support.footprint import footprint
from tests.support.nodes import Operator
from tests.support.registries import DIGEST, REGISTRIES

pytestmark = [pytest.mark.lab, pytest.mark.backends]


@pytest.mark.parametrize("fault", REGISTRIES)
def test_an_image_that_cannot_be_had_changes_nothing(operator: Operator, node: LabNode, fault: str) -> None:
    operator.writes(operator.container("one", config="old"))
    operator.push()
    before = footprint(node)
    image = f"{node.lab.registry}/shop/web@{DIGEST}"
    operator.writes(operator.container("one", config="new", image=image))
    began = time.monotonic()
    with REGISTRIES[fault](node.lab):
        said = operator.push("--pull-timeout", "8", code=1)
    assert f"error: {node.name}: image `{image}` cannot be pulled: " in said
    assert time.monotonic() - began < 30
    assert footprint(node) == before
