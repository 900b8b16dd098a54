"""Conversations of hosts that answer something else than a host program, from the greeting on."""

from __future__ import annotations

from tests.support.scripted import (
    DONE,
    GREETING,
    INSTALLED,
    MISSING,
    PLAN,
    PUSHED,
    READY,
    STEPS,
    line,
)

FAILURE = {"unit": "one", "why": "dead", "journal": ["last"], "hint": "look"}
JOB = {
    "unit": "one",
    "step": 1,
    "action": "start",
    "why": "new",
    "stops_with": "",
    "causes": [],
    "sources": [],
}


def greeting(old: str, new: str) -> bytes:
    return GREETING.replace(old.encode(), new.encode())


NOT_UNDERSTOOD = {
    "another greeting": ((b"Welcome to Debian\n",), "`Welcome to Debian`"),
    "no number": ((greeting("down 0", "down x"),), None),
    "a negative number": ((greeting("down 0", "down -1"),), None),
    "a huge number": ((greeting("down 0", f"down {'9' * 5000}"),), None),
    "digits of another script": ((greeting("down 0", "down ٣"),), None),
    "a salt of 65 bytes": ((greeting("5a" * 32, "s" * 65),), None),
    "a digest that is none": ((greeting(" - -", " x -"),), None),
    "neither up nor down": ((greeting("down", "left"),), None),
    "escapes in the greeting": ((b"\x1b]0;pwned\x07\n",), r"`\x1b]0;pwned\x07`"),
    "no text": ((GREETING, b"\xff\xfe\n"), "`\ufffd\ufffd`"),
    "no JSON": ((GREETING, b"a library prints this\n"), "`a library prints this`"),
    "an empty line": ((GREETING, b"\n"), "``"),
    "a list": ((GREETING, b"[1, 2]\n"), "`[1, 2]`"),
    "a number of 5,000 digits": ((GREETING, b"1" * 5000 + b"\n"), f"`{'1' * 60}…`"),
    "no event": ((GREETING, b'{"blobs": []}\n'), '`{"blobs": []}`'),
    "an event that is no text": ((GREETING, b'{"event": []}\n'), '`{"event": []}`'),
    "an unknown event": ((GREETING, line("lacks")), '`{"event": "lacks"}`'),
    "deep JSON": ((GREETING, b"[" * 100_000 + b"\n"), f"`{'[' * 60}…`"),
    "an unknown hash": (
        (GREETING, line("missing", blobs=["0" * 64])),
        "it misses files that are not in the bundle",
    ),
    "no hash": ((GREETING, line("missing", blobs=["x"])), None),
    "hashes that are no list": ((GREETING, line("missing", blobs="0" * 64)), None),
    "no hashes": ((GREETING, line("missing")), None),
    "a plan without fields": ((GREETING, MISSING, line("ready")), '`{"event": "ready"}`'),
    "paths that are numbers": ((GREETING, MISSING, line("ready", **{**PLAN, "writes": [1]})), None),
    "an unknown action": (
        (GREETING, MISSING, line("ready", **PLAN | {"units": [{**JOB, "action": "x"}]})),
        None,
    ),
    "a unit without a name": ((GREETING, MISSING, line("ready", **PLAN | {"units": [{}]})), None),
    "failures that are no list": (
        (*PUSHED[:4], line("step", step=0, started=[], failed=1, aftermath="")),
        None,
    ),
    "an odd failure": ((*PUSHED[:4], line("step", step=0, started=[], failed=["one"], aftermath="")), None),
    "a failure without a journal": (
        (*PUSHED[:4], line("step", step=0, started=[], failed=[{**FAILURE, "journal": None}], aftermath="")),
        None,
    ),
    "no generation": ((*PUSHED[:-1], line("done")), '`{"event": "done"}`'),
    "a generation that is true": ((*PUSHED[:-1], line("done", generation=True)), None),
    "a plan before what is missing": ((GREETING, READY), "`PlanSummary` instead of `Missing`"),
    "an end before the start": ((GREETING, MISSING, DONE), "`Activated` instead of `PlanSummary`"),
    "steps before installing": (
        (GREETING, MISSING, READY, *STEPS),
        "`StepEnded` instead of `FilesInstalled`",
    ),
    "installing before pulling": (
        (GREETING, MISSING, line("ready", **PLAN | {"pulls": ["image"]}), INSTALLED),
        "`FilesInstalled` instead of `ImagesPulled`",
    ),
    "installing twice": (
        (GREETING, MISSING, READY, INSTALLED, INSTALLED),
        "`FilesInstalled` instead of `StepEnded`",
    ),
    "a warning without text": ((GREETING, line("warning")), '`{"event": "warning"}`'),
    "progress that is a list": ((GREETING, line("progress", text=[])), None),
    "a refusal without a hint": ((GREETING, line("refused", message="no")), None),
}
