"""The health check of a container, as Compose and the engines write it.

test: curl -f http://localhost/               text for /bin/sh
test: [CMD-SHELL, curl -f http://localhost/]  the same
test: [CMD, curl, -f, http://localhost/]      a command and its arguments; `CMD` may be left out
test: [NONE]                                  no health check, not even the image's own
"""

from __future__ import annotations

from compiler.diagnostics import CompileError
from compiler.model.container import Healthcheck
from compiler.node import Sequence
from compiler.stages.lower.keys import Keys

_KEYWORDS = {
    "CMD": "must be followed by a command and its arguments",
    "CMD-SHELL": "must be followed by one string",
    "NONE": "must stand alone",
}


def healthcheck(keys: Keys) -> Healthcheck | None:
    """The health check that a container's keys define. Raises CompileError for one without a command."""
    check = keys.mapping("healthcheck")
    if check is None or is_disabled(keys):
        return None
    return Healthcheck(
        test=_test(check),
        interval=check.seconds("interval", keys.seconds("check_interval", 30)),
        timeout=check.seconds("timeout", 30),
        retries=check.number("retries") or 3,
        start_period=check.seconds("start_period", 0),
    )


def is_disabled(keys: Keys) -> bool:
    """Whether the image's own health check is switched off."""
    check = keys.mapping("healthcheck")
    return check is not None and _is_list(check) and check.words("test") == ("NONE",)


def _is_list(check: Keys) -> bool:
    return isinstance(check.node.entries["test"], Sequence)


def _test(check: Keys) -> str | tuple[str, ...]:
    words = check.words("test")
    match words:
        case ("CMD-SHELL", text) if _is_list(check):
            return text
        case ("CMD", _, *_) if _is_list(check):
            return words[1:]
        case (word, *_) if word in _KEYWORDS:
            raise _error(check, f"`{word}` {_KEYWORDS[word]}, in a list", "for example `[CMD, curl, -f, …]`")
        case ():
            raise _error(check, "must not be empty", "write `[NONE]` for no health check")
    return words if _is_list(check) else str(check.text("test")).strip()


def _error(check: Keys, said: str, hint: str) -> CompileError:
    return CompileError(f"`test` of a health check: {said}", check.node.entries["test"].span, hint)
