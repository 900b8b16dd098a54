"""Cases of emit: containers as JSON, and what a backend makes of them; and systemd's quoting, read anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from compiler.diagnostics import Report
from compiler.model.artifact import Artifacts
from compiler.model.container import Backend, Container, Healthcheck, Kind, Restart, Volume
from compiler.model.host import LoweredHost
from compiler.stages.emit.backends import container_artifacts
from compiler.stages.emit.host import emit
from compiler.stages.emit.hosts_block import hosts_block

CASES = Path(__file__).parents[1] / "golden/emit"


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
    return each if each.kind is Kind.SERVICE else replace(each, restart=Restart.NO, stamp=stamp)


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
    "healthcheck": lambda given: Healthcheck(**given),
}


def write(made_of: Artifacts, folder: Path) -> None:
    """Files under their paths, and all that is said about them as record.json."""
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
    (folder / "record.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def host(backend: Backend, *containers: Container) -> Artifacts:
    """Everything of a host that runs these containers."""
    lowered = LoweredHost(name="host", role="Role", backend=backend, containers=containers)
    report = Report()
    emitted = list(emit([lowered], hosts_block(()), report))
    report.check()
    return emitted[0].artifacts


def entries(text: str, key: str) -> list[str]:
    """The values of a key of a unit file, continued lines joined."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line.partition("=")[2] for line in lines if line.partition("=")[0] == key]


def command_lines(value: str) -> list[list[str]]:
    """The commands of one Exec line as systemd.service(5), "Command lines", and systemd.syntax(7) have it.

    Written from the manual pages, not from what emit does: quotes around whole words, C escapes, `;` alone
    between commands, `%%` and `$$`; a variable or a specifier that would be expanded is an error.
    """
    commands: list[list[str]] = [[]]
    for word, was_quoted in _words(value.replace("\\\n", " ")):
        if word == ";" and not was_quoted:
            commands.append([])
        else:
            commands[-1].append(_unexpanded(word))
    return commands


def words(value: str) -> list[str]:
    """The words of a list, in which no variable is expanded."""
    return [word.replace("%%", "%") for word, _ in _words(value)]


def _words(text: str) -> Iterator[tuple[str, bool]]:
    place = 0
    while place < len(text):
        if text[place] in " \t":
            place += 1
            continue
        word, quote, was_quoted = "", "", False
        while place < len(text) and (quote or text[place] not in " \t"):
            character = text[place]
            place += 1
            if character == "\\":
                word += _ESCAPES[text[place]]
                place += 1
            elif character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote, was_quoted = character, True
            else:
                word += character
        assert not quote, f"unbalanced quotes in {text}"
        yield word, was_quoted


_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "s": " "}


def _unexpanded(word: str) -> str:
    for sign in "%$":
        pairs = word.split(sign * 2)
        assert not any(sign in part for part in pairs), f"{sign} would be expanded in {word}"
        word = sign.join(pairs)
    return word
