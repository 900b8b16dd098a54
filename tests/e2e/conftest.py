"""Two nodes to push to, of which nothing else knows, and an operator for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler import lab as labs
from compiler.lab import LabNode
from tests.support.nodes import Operator, clean, lab_of_tests


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabNode, ...]]:
    lab = lab_of_tests(tmp_path_factory.mktemp("lab"), 1)
    yield labs.up(lab, 2)
    labs.down(lab)


@pytest.fixture
def node(nodes: tuple[LabNode, ...]) -> LabNode:
    return nodes[0]


@pytest.fixture
def operator(nodes: tuple[LabNode, ...], tmp_path: Path) -> Operator:
    """Pushes to one node, whose key is known."""
    clean(nodes[0])
    (tmp_path / "known_hosts").write_text(nodes[0].lab.known_hosts.read_text())
    return Operator(tmp_path, nodes[:1])


@pytest.fixture
def fleet(operator: Operator, nodes: tuple[LabNode, ...]) -> Operator:
    """Pushes to two nodes."""
    clean(nodes[1])
    return Operator(operator.folder, nodes)
