"""The table of backends, and what names them elsewhere."""

from __future__ import annotations

import json

import pytest

from compiler import schemas
from compiler.model.container import Backend
from compiler.stages.emit import backends


def test_every_backend_has_a_row() -> None:
    assert [backends.engine(backend) for backend in Backend] == [
        "/usr/bin/podman",
        "/usr/bin/podman",
        "/usr/bin/docker",
    ]


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("hosts", ("$defs", "backend")),
        ("role", ("$defs", "role", "properties", "ContainerBackend")),
    ],
)
def test_a_schema_takes_every_backend_and_no_other(schema: str, path: tuple[str, ...]) -> None:
    node = json.loads(schemas.text(schema))
    for key in path:
        node = node[key]
    assert node["enum"] == list(Backend)
