"""What is not supported for any container, with the reason and the place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from compiler.diagnostics import CompileError, Problem
from compiler.model import secret
from compiler.model.container import Container, Healthcheck, Kind, Refusal, Volume
from compiler.node import Plain, Sequence, plain
from compiler.stages.lower.container import FIELDS, Definition


def check(definition: Definition) -> None:
    """Raise one CompileError with everything about a container that no backend supports."""
    problems = (
        *_unsupported(definition),
        *_secrets(definition),
        *_volumes(definition),
        *_control_characters(definition),
        *(each.problem(definition.container) for each in _REFUSALS if each.is_wrong(definition.container)),
    )
    if problems:
        raise CompileError.of(problems)


def _unsupported(definition: Definition) -> Iterator[Problem]:
    """Keys that TripleO accepts and that have no meaning under systemd."""
    for key, is_refused, reason in _UNSUPPORTED:
        if key in definition.node.entries and is_refused(plain(definition.node.entries[key])):
            yield _problem(definition, key, f"is not supported: {reason}")


_UNSUPPORTED: tuple[tuple[str, Callable[[Plain], bool], str], ...] = (
    ("remove", lambda value: value is False, "a stopped container is always removed; only its unit stays"),
    (
        "state",
        lambda value: value is not None,
        "a container in a template always runs; remove the container instead",
    ),
    ("conmon_pidfile", lambda value: value is not None, "conmon itself tells systemd the main process"),
    ("interactive", lambda value: value is True, "a unit has no terminal to read from"),
)


def without_effect(definition: Definition) -> Iterator[Problem]:
    """Keys that a container of this kind does not use."""
    keys, reason = _WITHOUT_EFFECT[definition.container.kind]
    for key, node in definition.node.entries.items():
        value = plain(node)
        if key in keys and value is not False and value not in (None, "", [], {}):
            yield _problem(definition, key, f"has no effect: {reason}")


_OF_EXECS = frozenset(
    (
        *("after", "alias", "depends_on", "env_file", "environment", "exit_codes", "family", "privileged"),
        *("requires", "restart", "start_order", "systemd_exec_flags", "timeout", "user"),
    )
)
_WITHOUT_EFFECT: dict[Kind, tuple[frozenset[str], str]] = {
    Kind.SERVICE: (frozenset(), ""),
    Kind.RUN_ONCE: (
        frozenset(("log_tag", "pre_stop_exec")),
        "a container that runs once logs to its unit's journal and ends by itself",
    ),
    Kind.EXEC: (
        frozenset((*FIELDS, "entrypoint", "image")) - _OF_EXECS,
        "an `exec` runs in a container that is defined elsewhere",
    ),
}


def _secrets(definition: Definition) -> Iterator[Problem]:
    """A secret may be in the environment, which is a private file; everything else ends up in argv."""
    for key, node in definition.node.entries.items():
        if key != "environment" and secret.names(str(plain(node))):
            hint = "pass it in `environment`, or in a file of `config_data`"
            yield _problem(definition, key, "would expose a secret to every user of the host", hint)


def _volumes(definition: Definition) -> Iterator[Problem]:
    """`source:target[:options]`: an absolute path or a volume's name, and an absolute path."""
    node = definition.node.entries.get("volumes")
    for item in node.items if isinstance(node, Sequence) else ():
        text = str(plain(item) or "")
        if text and (not _VOLUME.fullmatch(text) or ".." in re.split("[/:]", text)):
            yield Problem(
                f"`{text}` is not a valid volume",
                item.span,
                "write `source:target` or `source:target:options`, with absolute paths or a volume's name",
            )


_VOLUME = re.compile(r"/[^:]*|(?:/[^:]*|[A-Za-z0-9][A-Za-z0-9_.-]*):/[^:]*(?::[^:]*)?")


def _control_characters(definition: Definition) -> Iterator[Problem]:
    """A unit's lines cannot contain any; in a file of environment variables a line break starts another."""
    for key, field in _TEXT_FIELDS.items():
        refused = _BREAKS if key == "environment" else _CONTROLS
        if any(refused.search(text) for text in _texts(getattr(definition.container, field))):
            hint = "put the text into a file of `config_data`"
            yield _problem(definition, key, "contains a line break or another control character", hint)


_TEXT_FIELDS = {key: field for key, (field, _) in FIELDS.items()} | {
    key: key for key in ("command", "entrypoint", "healthcheck", "image")
}
_BREAKS = re.compile(r"[\r\n\0]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def _texts(value: object) -> Iterator[str]:
    """Every text in a field of a container."""
    if isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Healthcheck):
        yield value.test
    elif isinstance(value, str | Volume):
        yield str(value)


def _problem(definition: Definition, key: str, said: str, hint: str | None = None) -> Problem:
    return Problem(
        f"`{key}` of container `{definition.container.name}` {said}", definition.key_span(key), hint
    )


_NETWORK_SYSCTLS: tuple[str, ...] = ("net.",)
_IPC_SYSCTLS: tuple[str, ...] = ("kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.")


def _sets_what_it_shares(container: Container) -> bool:
    """Whether a sysctl belongs to no namespace, or to one that is the host's."""
    own = () if container.network == "host" else _NETWORK_SYSCTLS
    own += () if container.ipc == "host" else _IPC_SYSCTLS
    return not all(key.startswith(own) for key, _ in container.sysctls)


_REFUSALS = (
    Refusal(
        "sysctl",
        _sets_what_it_shares,
        "would change the host, not the container: set it in `host_prep`",
    ),
    Refusal(
        "hostname",
        lambda each: bool(each.hostname) and each.uts == "host",
        "cannot be combined with the host's uts namespace, which has the host's name",
    ),
    Refusal(
        "kill_mode",
        lambda each: each.kill_mode == "none",
        "cannot be `none`: systemd deprecates it, and processes would be left running",
    ),
    Refusal(
        "healthcheck",
        lambda each: bool(each.healthcheck) and each.kind is not Kind.SERVICE,
        "is not supported: a container that runs once is judged by its exit code",
    ),
)
