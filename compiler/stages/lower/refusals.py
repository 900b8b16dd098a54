"""What is not supported for any container, with the reason and the place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from compiler.diagnostics import CompileError, Problem, closest
from compiler.host.layout import OWN_SERVICES
from compiler.model.container import Container, Kind, Refusal, Restart, unit_name
from compiler.node import Mapping, Node, Plain, Sequence, plain
from compiler.node.hidden import made_of, quoted
from compiler.stages.lower import images
from compiler.stages.lower.container import Definition


def check(definition: Definition) -> None:
    """Raise one CompileError with everything about a container that no backend supports."""
    problems = (
        *_reserved(definition),
        *_like_an_id(definition),
        *_unsupported(definition),
        *_volumes(definition),
        *images.invalid(definition),
        *_control_characters(definition),
        *_names_of_variables(definition),
        *(each.problem(definition.container) for each in _REFUSALS if each.is_wrong(definition.container)),
    )
    if problems:
        raise CompileError.of(problems)


def _reserved(definition: Definition) -> Iterator[Problem]:
    """A name whose unit is one of heatsink's own."""
    name = definition.container.name
    if name in _RESERVED:
        message = f"container `{name}` would be the unit `{unit_name(name)}`, which is heatsink's own"
        yield Problem(message, definition.place, "choose another name")


_RESERVED = frozenset((*OWN_SERVICES, "health"))  # the last one on docker


def _like_an_id(definition: Definition) -> Iterator[Problem]:
    """A name that engines take for the beginning of an id, when no container has it.

    `podman run --replace --name db`, `podman rm db` and `docker rm db` delete the container whose id begins
    with `db` then, whoever it belongs to (https://github.com/containers/podman/pull/2563).
    """
    container = definition.container
    if container.kind is not Kind.EXEC and not container.name.strip(_DIGITS_OF_IDS):
        message = (
            f"podman and docker take the name of container `{container.name}` for the beginning of an id"
        )
        name = f"{container.service}_{container.name}"
        hint = f"choose one with a character besides 0 to 9 and a to f, such as `{name}`"
        yield Problem(message, definition.place, hint)


_DIGITS_OF_IDS = "0123456789abcdef"


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
    ("kernel_memory", lambda value: value is not None, "cgroup version 2 has no such limit"),
    ("interactive", lambda value: value is True, "a unit has no terminal to read from"),
    (
        "publish",
        lambda value: value is not None,
        "no port is published, as containers use the host's network",
    ),
    ("expose", lambda value: value is not None, "containers use the host's network; list their `ports`"),
    (
        "networks",
        lambda value: value is not None,
        "containers use the host's network; `net` joins another one",
    ),
)


def without_effect(definition: Definition) -> Iterator[Problem]:
    """Keys that a container of this kind does not use."""
    for key, node in definition.node.entries.items():
        value, reason = plain(node), _no_effect(key, definition.container)
        if reason and value is not False and value not in (None, "", [], {}):
            yield _problem(definition, key, f"has no effect: {reason}")


def _no_effect(key: str, container: Container) -> str | None:
    if container.kind is Kind.RUN_ONCE and key in ("log_tag", "pre_stop_exec", "reload"):
        return "a container that runs once logs to its unit's journal and ends by itself"
    if container.schedule and key == "start_order":
        return "a container with a schedule starts when it is time"
    if container.kind is Kind.EXEC and key not in _OF_EXECS:
        return "an `exec` runs in a container that is defined elsewhere"
    return None


_KEYS_OF_EXECS = """
action after alias bootstrap check_interval command config_volume depends_on detach env_file
environment exit_codes family ports privileged remove requires restart schedule start_order
systemd_exec_flags timeout user
"""
_OF_EXECS = frozenset(_KEYS_OF_EXECS.split())


def _volumes(definition: Definition) -> Iterator[Problem]:
    """Volumes that are not an absolute path or a name, an absolute path, and perhaps options."""
    node = definition.node.entries.get("volumes")
    for item in node.items if isinstance(node, Sequence) else ():
        text = str(plain(item) or "")
        if text and (not _VOLUME.fullmatch(text) or ".." in re.split("[/:]", text)):
            yield Problem(
                f"`{text}` is not a valid volume",
                item.span,
                "write `source:target` or `source:target:options`, with absolute paths or a volume's name",
            )

        yield from _mount_options(text, item)


def _mount_options(text: str, item: Node) -> Iterator[Problem]:
    """Options of a volume that no engine knows; those with a value, such as `idmap=…`, are not checked."""
    for option in ",".join(text.split(":")[2:]).split(","):
        if option and "=" not in option and option not in _MOUNT_OPTIONS:
            hint = closest(option, _MOUNT_OPTIONS) or "options are `ro`, `rw`, `z`, `Z`, `shared` and so on"
            yield Problem(f"unknown option `{option}` of the volume `{text}`", item.span, hint)


# https://docs.podman.io/en/latest/markdown/podman-run.1.html, and `docker run --volume`
_NAMES_OF_MOUNT_OPTIONS = """
O U Z bind cached consistent copy delegated dev exec idmap nocopy nodev noexec nosuid private rbind ro
rprivate rshared rslave runbindable rw shared slave suid unbindable z
"""
_MOUNT_OPTIONS = frozenset(_NAMES_OF_MOUNT_OPTIONS.split())

_VOLUME = re.compile(r"/[^:]*|(?:/[^:]*|[A-Za-z0-9][A-Za-z0-9_.-]*):/[^:]*(?::[^:]*)?")


def _control_characters(definition: Definition) -> Iterator[Problem]:
    """Characters that neither a unit nor a file of environment variables can contain."""
    for key, node in definition.node.entries.items():
        refused, name = _REFUSED_CHARACTERS.get(key, _CONTROLS)
        if any(refused.search(text) for text in _texts(plain(node))):
            yield _problem(definition, key, f"contains {name}", "put the text into a file of `config_data`")


def _names_of_variables(definition: Definition) -> Iterator[Problem]:
    """A file of environment variables has comments, and no way to write other names."""
    node = definition.node.entries.get("environment", definition.node)
    for name, _ in definition.container.environment:
        if not _VARIABLE.fullmatch(name):
            key = node.key_node(name) if isinstance(node, Mapping) else made_of(node, node)
            yield Problem(
                f"{quoted(name, key)} is not a name of an environment variable",
                key.span,
                "a name has no `=`, no spaces, and does not begin with `#`",
            )


_VARIABLE = re.compile(r"[^\s=#][^\s=]*")

# Engines read a file of variables line by line; they pass on a tab, an ESC or a DEL as it is.
_CONTROLS = (re.compile(r"[\x00-\x1f\x7f]"), "a line break or another control character")
_REFUSED_CHARACTERS = {
    "environment": (re.compile(r"[\r\n\0]"), "a line break or another control character"),
    **dict.fromkeys(
        ("command", "entrypoint", "healthcheck", "pre_stop_exec", "reload"),
        (re.compile(r"\0"), "a null character"),
    ),
}


def _texts(value: Plain) -> Iterator[str]:
    """Every text in a value, keys as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *_texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


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
        "alias",
        lambda each: (each.alias or "").startswith(("heatsink-", "heatsink.")),
        "must not be a name as heatsink's own units have it",
    ),
    Refusal(
        "family",
        lambda each: re.fullmatch("step[0-5]", each.family or "") is not None,
        "is the name of a step: choose another one",
    ),
    Refusal(
        "sysctl",
        _sets_what_it_shares,
        "would change the host, not the container: set it in `host_prep`",
    ),
    Refusal(
        "env_file",
        lambda each: not all(path.startswith("/") for path in each.env_files),
        "must name files on the host by absolute paths",
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
        "restart",
        lambda each: bool(each.schedule) and each.restart is not Restart.NO,
        "cannot be combined with `schedule`: it runs to its end each time",
    ),
    Refusal(
        "healthcheck",
        lambda each: bool(each.healthcheck) and each.kind is not Kind.SERVICE,
        "is not supported: a container that runs once is judged by its exit code",
    ),
)
