"""Reads the lines of a host program as events. Every field is checked here, and nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from compiler.deploy.answers import NotUnderstoodError
from compiler.deploy.events import (
    Activated,
    ChangedThings,
    Comparison,
    Event,
    FilesInstalled,
    GenerationsKept,
    HistoryReported,
    HostRefusal,
    HostWarning,
    ImagesPulled,
    Item,
    KeptGeneration,
    Missing,
    PastChange,
    PlannedUnit,
    PlanSummary,
    Progress,
    RecordedChange,
    SecretsReported,
    StepEnded,
    Unconfirmed,
    UnitFailure,
    UnitsReported,
    UnitStatus,
)
from compiler.deploy.printable import printable, printable_lines
from compiler.host.manifest import NAME

_Field = Callable[[Any], Any]  # the value of a field in JSON → the value of the event; raises ValueError

LONGEST_TEXT = 64 << 10  # characters of a file that is shown
_LARGEST = 1 << 37  # also the last second that every platform can show, in the year 6325


def read_event(line: bytes) -> Event:
    """The event in a line, `{"event": NAME, …}`; fields that nobody reads may be missing, or anything.

    Raises NotUnderstoodError. No text of the event has control characters.
    """
    try:
        fields = _mapping(json.loads(line))
        make, readers = EVENTS[_string(fields.get("event"))]
        event: Event = _record(make, readers)(fields)
    except (ValueError, KeyError, RecursionError):  # of JSON that is none, or too deep
        raise NotUnderstoodError(_piece(line)) from None
    return event


def _piece(line: bytes) -> str:
    """What a line is, to be shown: a piece of it, unless it may hold values of secrets."""
    if b'"secrets"' in line:
        return "a report of secrets that is not valid"
    return f"`{printable(line.decode(errors='replace').strip(), 60)}`"


def _record(make: Callable[..., Any], readers: Mapping[str, _Field]) -> _Field:
    """A mapping with these fields, as a value."""

    def read(value: object) -> object:
        fields = _mapping(value)
        return make(**{name: read_field(fields[name]) for name, read_field in readers.items()})

    return read


def _many(read_entry: _Field) -> _Field:
    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("not a list")
        return tuple(map(read_entry, value))

    return read


def _optional(read_value: _Field) -> _Field:
    return lambda value: None if value is None else read_value(value)


def _by_name(read_value: _Field) -> _Field:
    return lambda value: {_text(name): read_value(entry) for name, entry in _mapping(value).items()}


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not a mapping")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _text(value: object) -> str:
    return printable(_string(value))


def _lines(value: object) -> str:
    return printable_lines(_string(value))


def _content(value: object) -> str:
    return printable_lines(_string(value), LONGEST_TEXT)


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST:
        raise ValueError("not a number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not true or false")
    return value


def _word(*words: str) -> _Field:
    def read(value: object) -> str:
        if (word := _string(value)) not in words:
            raise ValueError("not one of these words")
        return word

    return read


def _sha256(value: object) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text := _string(value)):
        raise ValueError("not a sha256")
    return text


def _name(value: object) -> str:
    if not re.fullmatch(NAME, text := _string(value)):
        raise ValueError("not the name of a secret")
    return text


def _secrets(value: object) -> dict[str, str]:
    return {_name(name): _string(text) for name, text in _mapping(value).items()}


def _items(*words: str) -> _Field:
    return _many(_record(Item, {"what": _word(*words), "name": _text}))


_PLANNED_UNIT = _record(
    PlannedUnit,
    {
        "unit": _text,
        "step": _optional(_number),
        "action": _word("stop", "start", "restart", "run"),
        "why": _text,
        "stops_with": _text,
        "causes": _items("unit", "file", "image", "secret"),
        "sources": _many(_text),
    },
)
_FAILURE = _record(UnitFailure, {"unit": _text, "why": _text, "journal": _many(_text), "hint": _text})
_UNIT_STATUS = _record(
    UnitStatus,
    {
        "service": _text,
        "unit": _text,
        "container": _text,
        "step": _number,
        "up": _flag,
        "state": _text,
        "since": _optional(_number),
        "restarts": _number,
        "health": _text,
        "why": _text,
    },
)
_PLAN = (
    PlanSummary,
    {
        "writes": _many(_text),
        "added": _many(_text),
        "private": _many(_text),
        "removals": _many(_text),
        "stops": _many(_text),
        "starts": _many(_text),
        "units": _many(_PLANNED_UNIT),
        "untouched": _many(_text),
        "pulls": _many(_text),
        "volumes": _many(_text),
        "consents": _items("removes", "takes"),
        "irreversible": _items("runs", "applies", "forgets", "destroys"),
        "digest": _sha256,
        "texts": _by_name(_content),
    },
)

_KEPT = _record(KeptGeneration, {"number": _number, "names": _many(_text)})
_CHANGED = _record(
    ChangedThings,
    {"what": _word("written", "removed", "started", "stopped"), "count": _number, "names": _many(_text)},
)
_CHANGE = _record(
    RecordedChange,
    {
        "at": _number,
        "result": _text,
        "why": _text,
        "action": _text,
        "change": _text,
        "by": _text,
        "generation": _number,
        "name": _text,
        "source": _text,
        "plan": _text,
        "changed": _many(_CHANGED),
    },
)

# The name of an event → its class, and what its fields must be.
EVENTS: Mapping[str, tuple[Callable[..., Any], Mapping[str, _Field]]] = {
    "progress": (Progress, {"text": _text}),
    "warning": (HostWarning, {"text": _text}),
    "refused": (HostRefusal, {"message": _lines, "hint": _lines}),
    "missing": (Missing, {"blobs": _many(_sha256)}),
    "plan": _PLAN,
    "ready": _PLAN,
    "pulled": (ImagesPulled, {}),
    "installed": (FilesInstalled, {}),
    "step": (StepEnded, {"started": _many(_text), "failed": _many(_FAILURE), "aftermath": _lines}),
    "unconfirmed": (Unconfirmed, {"seal": _sha256, "generation": _number}),
    "done": (Activated, {"generation": _number}),
    "status": (
        UnitsReported,
        {
            "at": _number,
            "generation": _number,
            "name": _text,
            "manifest": _optional(_sha256),
            "current": _number,
            "pending": _text,
            "changed": _many(_text),
            "problems": _many(_text),
            "units": _many(_UNIT_STATUS),
            "certificates": _secrets,
        },
    ),
    "kept": (
        GenerationsKept,
        {
            "current": _number,
            "previous": _number,
            "change": _text,
            "generations": _many(_KEPT),
            "past": _many(_record(PastChange, {"change": _text, "generation": _number})),
        },
    ),
    "history": (HistoryReported, {"changes": _many(_CHANGE)}),
    "comparison": (Comparison, {"plan": _record(*_PLAN), "texts": _by_name(_content)}),
    "secrets": (SecretsReported, {"names": _many(_name), "values": _secrets}),
}
