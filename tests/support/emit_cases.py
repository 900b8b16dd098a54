"""Cases of emit: containers as JSON, and what a backend makes of them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from compiler.diagnostics import Report
from compiler.model.artifact import Artifacts
from compiler.model.container import Backend, Container, Healthcheck, Kind, Restart, Schedule, Volume
from compiler.model.host import LoweredHost
from compiler.stages.emit.backends import container_artifacts
from compiler.stages.emit.host import emit
from compiler.stages.emit.hosts_block import hosts_block

CASES = Path(__file__).parents[1] / "golden/emit"
RECORD = "record.json"
USUAL = CASES / "rights"  # its record is that of most cases, which have none of their own


def cases() -> list[Path]:
    """Folders that hold container.json, one container, or containers.json, those of a host."""
    return sorted(path.parent for path in CASES.glob("*/container*.json"))


def artifacts(case: Path, backend: Backend) -> Artifacts:
    """What a backend makes of a case."""
    if is_host(case):
        return host(backend, *map(made, _given(case / "containers.json")))
    return container_artifacts(container(case), backend)


def is_host(case: Path) -> bool:
    """Whether a case is all containers of a host."""
    return (case / "containers.json").exists()


def container(case: Path) -> Container:
    """The container of a case."""
    return made(_given(case / "container.json"))


def _given(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def made(given: dict[str, Any]) -> Container:
    """A container from the fields that are given, its volumes as `source:target:options`."""
    values = _USUAL | {key: _READ.get(key, _tuples)(value) for key, value in given.items()}
    each = Container(**values)
    stamp = f"/var/lib/heatsink/stamps/{each.name}.0123456789ab"
    if each.kind is Kind.SERVICE:
        return each
    return replace(each, restart=Restart.NO, stamp=stamp if each.runs_once else None)


_USUAL = {
    "name": "it",
    "service": "example",
    "image": "registry.example/it:1",
    "kind": Kind.SERVICE,
    "step": 3,
    "restart": Restart.ALWAYS,
}


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _volumes(given: list[str]) -> tuple[Volume, ...]:
    parts = ((*text.split(":"), "") for text in given)
    return tuple(
        Volume(source=source, target=target, options=tuple(filter(None, options.split(","))))
        for source, target, options, *_ in parts
    )


_READ = {
    "kind": Kind,
    "restart": Restart,
    "volumes": _volumes,
    "schedule": lambda given: Schedule(**{key: _tuples(value) for key, value in given.items()}),
    "healthcheck": lambda given: Healthcheck(**{key: _tuples(value) for key, value in given.items()}),
}


def write(made_of: Artifacts, folder: Path) -> None:
    """Files under their paths, and all that is said about them as RECORD."""
    for file in made_of.files:
        path = folder / file.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    record = {
        "files": {
            file.path: oct(file.mode)[2:] + (" sensitive" if file.sensitive else "") for file in made_of.files
        },
        "links": {link.path: link.target for link in made_of.links},
        "units": [{key: value for key, value in asdict(unit).items() if value} for unit in made_of.units],
    }
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def remove_usual_record(folder: Path, backend: Backend) -> None:
    """Remove the record of a case if it says what USUAL's does."""
    if (folder / RECORD).read_bytes() == (USUAL / "expected" / backend / RECORD).read_bytes():
        (folder / RECORD).unlink()


def host(backend: Backend, *containers: Container) -> Artifacts:
    """Everything of a host that runs these containers."""
    lowered = LoweredHost(name="host", role="Role", backend=backend, containers=containers)
    report = Report()
    emitted = list(emit([lowered], hosts_block(()), report))
    report.check()
    return emitted[0].artifacts
