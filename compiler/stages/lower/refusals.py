"""What no container can have, and what a backend cannot do for it: refused with the reason and the place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from compiler.diagnostics import CompileError, Problem
from compiler.model import secret
from compiler.model.container import Backend, Container, Healthcheck, Kind, Volume
from compiler.node import Plain, Sequence, plain
from compiler.stages.lower.container import FIELDS, Definition


def check(definition: Definition, backend: Backend) -> None:
    """Raise one CompileError with everything about a container that cannot be carried out."""
    found = (
        *_senseless(definition),
        *_secrets(definition),
        *_volumes(definition),
        *_control_characters(definition),
        *_of_backend(definition, backend),
    )
    if found:
        raise CompileError.of(found)


def _senseless(each: Definition) -> Iterator[Problem]:
    """Keys that TripleO accepts and that have no meaning under systemd."""
    for key, is_refused, reason in _SENSELESS:
        if key in each.node.entries and is_refused(plain(each.node.entries[key])):
            yield _problem(each, key, f"is refused: {reason}")


_SENSELESS: tuple[tuple[str, Callable[[Plain], bool], str], ...] = (
    ("remove", lambda value: value is False, "a stopped container is always removed, its unit is what stays"),
    ("state", lambda value: value is not None, "what a template names runs; take the container away instead"),
    ("conmon_pidfile", lambda value: value is not None, "systemd learns the main process from conmon itself"),
    ("interactive", lambda value: value is True, "a unit has no terminal to read from"),
)


def _secrets(each: Definition) -> Iterator[Problem]:
    """A secret may stand in the environment, which is a private file; everything else ends in argv."""
    for key, node in each.node.entries.items():
        if key != "environment" and secret.names(str(plain(node))):
            hint = "pass it in `environment`, or in a file of `config_data`"
            yield _problem(each, key, "would show a secret to everybody on the host", hint)


def _volumes(each: Definition) -> Iterator[Problem]:
    """`source:target[:options]`: an absolute path or a volume's name, and an absolute path."""
    node = each.node.entries.get("volumes")
    for item in node.items if isinstance(node, Sequence) else ():
        text = str(plain(item) or "")
        if text and (not _VOLUME.fullmatch(text) or ".." in re.split("[/:]", text)):
            yield Problem(
                f"`{text}` is no volume",
                item.span,
                "write `source:target` or `source:target:options`, with absolute paths or a volume's name",
            )


_VOLUME = re.compile(r"/[^:]*|(?:/[^:]*|[A-Za-z0-9][A-Za-z0-9_.-]*):/[^:]*(?::[^:]*)?")


def _control_characters(each: Definition) -> Iterator[Problem]:
    """A unit's lines cannot hold any; in a file of environment variables a line break begins another."""
    for key, field in _TEXT_FIELDS.items():
        refused = _BREAKS if key == "environment" else _CONTROLS
        if any(refused.search(text) for text in _texts(getattr(each.container, field))):
            hint = "put the text into a file of `config_data`"
            yield _problem(each, key, "holds a line break or another control character", hint)


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


def _of_backend(each: Definition, backend: Backend) -> Iterator[Problem]:
    for row in (*_EVERYWHERE, *_REFUSALS.get(backend, ())):
        if row.key in each.node.entries and row.is_wrong(each.container):
            yield _problem(each, row.key, row.reason)


def _problem(each: Definition, key: str, said: str, hint: str | None = None) -> Problem:
    return Problem(f"`{key}` of container `{each.container.name}` {said}", each.key_span(key), hint)


@dataclass(frozen=True, slots=True)
class _Refusal:
    key: str
    is_wrong: Callable[[Container], bool]
    reason: str


_NETWORK_SYSCTLS: tuple[str, ...] = ("net.",)
_IPC_SYSCTLS: tuple[str, ...] = ("kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue.")


def _sets_what_it_shares(container: Container) -> bool:
    """Whether a sysctl belongs to no namespace, or to one that is the host's."""
    own = () if container.network == "host" else _NETWORK_SYSCTLS
    own += () if container.ipc == "host" else _IPC_SYSCTLS
    return not all(key.startswith(own) for key, _ in container.sysctls)


def _joins_network(container: Container) -> bool:
    return container.network.startswith("container:")


def _has_unknown_docker_option(container: Container) -> bool:
    return any(set(volume.options) - _DOCKER_VOLUME_OPTIONS for volume in container.volumes)


_DOCKER_VOLUME_OPTIONS = frozenset(
    ("ro", "rw", "z", "Z", "nocopy", "shared", "rshared", "slave", "rslave", "private", "rprivate")
)
_EVERYWHERE = (
    _Refusal(
        "sysctl",
        _sets_what_it_shares,
        "would be the host's own, not the container's: set it in `host_prep`",
    ),
    _Refusal(
        "hostname",
        lambda each: bool(each.hostname) and each.uts == "host",
        "cannot be had together with the host's uts, which is the host's name",
    ),
    _Refusal(
        "kill_mode",
        lambda each: each.kill_mode == "none",
        "cannot be none: systemd deprecates it, and processes would stay behind",
    ),
    _Refusal(
        "healthcheck",
        lambda each: bool(each.healthcheck) and each.kind is not Kind.SERVICE,
        "is never run: a container that runs once is judged by its exit code",
    ),
)
_NO_SWAPPINESS = _Refusal(
    "mem_swappiness",
    lambda each: each.memory_swappiness is not None,
    "stops podman from starting it: cgroup version 2 knows no swappiness",
)
_REFUSALS = {
    Backend.DOCKER: (
        _Refusal(
            "hostname",
            lambda each: bool(each.hostname) and _joins_network(each),
            "cannot be had on docker together with another container's network",
        ),
        _Refusal(
            "extra_hosts",
            lambda each: bool(each.extra_hosts) and _joins_network(each),
            "cannot be had on docker together with another container's network",
        ),
        _Refusal(
            "uts",
            lambda each: each.uts not in (None, "host"),
            "knows only `host` on docker, where a container has its own if nothing is said",
        ),
        _Refusal(
            "pid",
            lambda each: each.pid == "private",
            "knows no `private` on docker, where a container has its own if nothing is said",
        ),
        _Refusal(
            "annotation",
            lambda each: bool(each.annotations),
            "cannot be had on docker 20.10, which knows no annotations: use `label`",
        ),
        _Refusal(
            "volumes",
            _has_unknown_docker_option,
            "has an option that docker does not know: it knows ro, rw, z, Z, nocopy and propagation",
        ),
    ),
    Backend.PODMAN: (_NO_SWAPPINESS,),
    Backend.QUADLET: (
        _NO_SWAPPINESS,
        _Refusal(
            "kill_mode",
            lambda each: each.kill_mode == "process",
            "cannot be process on quadlet: its generator takes only mixed and control-group",
        ),
    ),
}
