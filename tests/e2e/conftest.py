"""Nodes to push to, of which nothing else knows, and an operator for each test.

Tests with the mark `backends` run on one backend, podman, Quadlet or docker; with --long on each.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from compiler import lab as labs
from compiler.lab import Engine, LabNode
from compiler.model.container import Backend
from tests.support.containers import IMAGE
from tests.support.images import make_image
from tests.support.nodes import Operator, clean, lab_of_tests

BACKENDS = tuple(Backend)
FIRST: dict[Engine, int] = {"podman": 1, "docker": 3}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests with the mark `backends` are there for each."""
    if metafunc.definition.get_closest_marker("backends"):
        metafunc.parametrize("backend", BACKENDS, ids=str, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Share them out among the backends; the same test always has the same one."""
    if not config.getoption("--long"):
        left_out = [item for item in items if not _is_chosen(item)]
        items[:] = [item for item in items if _is_chosen(item)]
        config.hook.pytest_deselected(items=left_out)


def _is_chosen(item: pytest.Item) -> bool:
    """Whether a test has the backend that its name chooses."""
    if not item.get_closest_marker("backends"):
        return True
    backend: Backend = item.callspec.params["backend"]
    name = item.name.replace(backend, "")
    return backend == BACKENDS[zlib.crc32(name.encode()) % len(BACKENDS)]


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Backend:
    """What runs the containers of a test."""
    backend: Backend = getattr(request, "param", Backend.PODMAN)
    return backend


@pytest.fixture(params=labs.ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine, for tests that have a node of each."""
    engine: Engine = request.param
    return engine


@pytest.fixture(scope="session")
def nodes_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Engine], tuple[LabNode, ...]]]:
    """Two nodes of an engine, which boot when a test asks for them first, with an image."""
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 1) as lab:

        @cache
        def nodes(engine: Engine) -> tuple[LabNode, ...]:
            booted = labs.up(lab, 2, engine=engine, first=FIRST[engine])
            for node in booted:
                make_image(node, IMAGE)
            return booted

        yield nodes


@pytest.fixture
def nodes(nodes_of: Callable[[str], tuple[LabNode, ...]], backend: Backend) -> tuple[LabNode, ...]:
    return nodes_of(backend.engine)


@pytest.fixture
def node(nodes: tuple[LabNode, ...]) -> LabNode:
    return nodes[0]


@pytest.fixture
def operator(nodes: tuple[LabNode, ...], backend: Backend, tmp_path: Path) -> Operator:
    """Pushes to one node, whose key is known."""
    clean(nodes[0])
    (tmp_path / "known_hosts").write_text(nodes[0].lab.known_hosts.read_text())
    return Operator(tmp_path, nodes[:1], backend=backend)


@pytest.fixture
def fleet(operator: Operator, nodes: tuple[LabNode, ...]) -> Operator:
    """Pushes to two nodes."""
    clean(nodes[1])
    return Operator(operator.folder, nodes, backend=operator.backend)
