"""Build arguments: values of `ARG` in Dockerfiles, and proxies, which every build gets.

https://docs.docker.com/reference/dockerfile/#predefined-args
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from compiler.diagnostics import CompileError, HeatsinkError, Problem, closest
from compiler.node import Scalar

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")
PROXIES = frozenset((*_PROXIES, *map(str.upper, _PROXIES)))
"""What builds get under these names does not change the image, and is not part of its hash."""

_ARG = re.compile(r"^[ \t]*ARG[ \t]+(.+)$", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def declared(dockerfile: str) -> set[str]:
    """The names of all `ARG` lines."""
    words = (word for line in _ARG.findall(dockerfile) for word in line.split())
    return {word.partition("=")[0] for word in words}


def applicable(arguments: Mapping[str, str], dockerfile: str) -> dict[str, str]:
    """Those of the arguments that a Dockerfile uses, and the proxies among them, sorted."""
    names = declared(dockerfile) | PROXIES
    return {name: arguments[name] for name in sorted(arguments) if name in names}


def check_used(arguments: Mapping[str, Scalar], dockerfile: str) -> None:
    """Raise CompileError with the arguments of an image that its Dockerfile does not declare."""
    names = declared(dockerfile)
    problems = [
        Problem(f"the Dockerfile has no `ARG {name}`", value.span, closest(name, names))
        for name, value in arguments.items()
        if name not in names | PROXIES
    ]
    if problems:
        raise CompileError.of(problems)


def from_words(words: Iterable[str], environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The arguments of `--build-arg NAME=VALUE`; the value of `--build-arg NAME` is in the environment."""
    for word in words:
        name, is_set, value = word.partition("=")
        if not _NAME.fullmatch(name):
            raise HeatsinkError(f"`--build-arg {word}` is not valid", hint="write it as `NAME=VALUE`")
        if not is_set and name not in environment:
            raise HeatsinkError(f"`--build-arg {name}` has no value", hint=f"add one, or set `${name}`")
        yield name, value if is_set else environment[name]


def check_known(arguments: Iterable[str], dockerfiles: Iterable[str]) -> None:
    """Raise HeatsinkError with the arguments that none of the Dockerfiles declares."""
    known = PROXIES.union(*map(declared, dockerfiles))
    unknown = [
        Problem(f"no selected image has `ARG {name}`", None, closest(name, known))
        for name in arguments
        if name not in known
    ]
    if unknown:
        raise HeatsinkError.of(unknown)
