"""One container definition of `docker_config` to a Container. Regular keys are rows of a table.

Most keys are TripleO's (tripleo_container_manage), with their meaning there; docs/containers.md lists all. A
definition has passed its schema: every value has its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from compiler.diagnostics import CompileError
from compiler.model.config import Port
from compiler.model.container import Container, Healthcheck, Kind, Restart, Volume
from compiler.model.service import Part
from compiler.node import Mapping, Node, Plain, Sequence, plain
from compiler.source import Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Definition:
    """A container before the host it runs on is known, with the piece of input that defines it."""

    container: Container
    bootstrap: bool  # only on the service's first host
    config_volume: str | None
    ports: tuple[Port, ...]
    node: Mapping
    place: Span

    @property
    def references(self) -> tuple[tuple[str, str], ...]:
        """The other containers that it names, each with the key that names it."""
        container = self.container
        spaces = (("net", container.network), ("pid", container.pid), ("ipc", container.ipc))
        return (
            *(("after", name) for name in container.after),
            *(("requires", name) for name in container.requires),
            *(("volumes_from", value.partition(":")[0]) for value in container.volumes_from),
            *((key, value[len(_JOIN) :]) for key, value in spaces if value and value.startswith(_JOIN)),
            *([("command", container.container)] if container.kind is Kind.EXEC else []),
        )

    def key_span(self, key: str) -> Span:
        """Where a key of the definition is written, for messages."""
        return self.node.key_span(key) if key in self.node.entries else self.place

    def item_span(self, key: str, position: int) -> Span:
        """Where an item of a list is written."""
        items = self.node.entries.get(key)
        return items.items[position].span if isinstance(items, Sequence) else self.key_span(key)


_JOIN = "container:"  # of a namespace: another container's


def definition(part: Part, image: Callable[[str], str], alias_prefix: str = "") -> Definition:
    """The container that a part of docker_config defines.

    `image` completes an image's name; `alias_prefix` gives an alias to the unit of one that has none.
    """
    name = part.path[-1]
    node = part.node
    if not isinstance(node, Mapping):
        raise CompileError(f"container `{name}` must be a mapping, not {node.kind}", part.place)
    values = _plain_entries(node)
    kind = _kind(values)
    container = Container(
        name=name,
        service=part.service,
        kind=kind,
        step=int(part.path[-2].removeprefix("step_")),
        image="" if kind is Kind.EXEC else image(_required(values, "image", name, part)),
        healthcheck=_healthcheck(values),
        restart_retries=_retries(values.get("restart")),
        alias=f"{alias_prefix}{name}.service" if alias_prefix else None,
        sources=_sources(part),
        written=node,
        place=part.place,
    )
    container = replace(container, **_fields(values))
    return Definition(
        container=_with_words(container, values),
        bootstrap=values.get("bootstrap") is True,
        config_volume=_text(values["config_volume"]) if "config_volume" in values else None,
        ports=ports(values.get("ports", []), name, node.entries.get("ports"), part.place),
        node=node,
        place=part.place,
    )


def _fields(values: Values) -> dict[str, Any]:
    """What the keys of the table say, by field; a test holds the types against those of Container."""
    return {field: read(values[key]) for key, (field, read) in FIELDS.items() if key in values}


def ports(listed: Plain, owner: str, node: Node | None, place: Span) -> tuple[Port, ...]:
    """Ports as `ports` and `host_ports` list them: numbers, or mappings of port, protocol, address."""
    assert isinstance(listed, list)
    result = []
    for position, item in enumerate(listed):
        fields = item if isinstance(item, dict) else {"port": item}
        span = node.items[position].span if isinstance(node, Sequence) else place
        address = fields.get("address")
        result.append(
            Port(
                number=int(str(fields["port"])),
                protocol=str(fields.get("protocol", "tcp")),
                address=None if address is None else str(address),
                owner=owner,
                place=span,
            )
        )
    return tuple(result)


Values: TypeAlias = dict[str, Plain]


def _plain_entries(node: Mapping) -> Values:
    """The keys that are not null."""
    return {key: value for key, node in node.entries.items() if (value := plain(node)) is not None}


def _kind(values: Values) -> Kind:
    if values.get("action") == "exec":
        return Kind.EXEC
    stays = _restart(values.get("restart")) is not Restart.NO or values.get("detach") is True
    return Kind.SERVICE if stays else Kind.RUN_ONCE


def _with_words(container: Container, values: Values) -> Container:
    """Command and entrypoint; an entrypoint's further words go before the command, as engines want it."""
    command = _split(values.get("command", []))
    if container.kind is Kind.EXEC:
        if len(command) < 2:
            raise CompileError(
                "an `exec` needs a command: the container's name, then what to run in it",
                container.key_span("command"),
            )
        return replace(container, container=command[0], command=command[1:])
    entrypoint = _split(values.get("entrypoint", []))
    if not entrypoint:
        return replace(container, command=command)
    return replace(container, entrypoint=entrypoint[0], command=entrypoint[1:] + command)


def _required(values: Values, key: str, name: str, part: Part) -> str:
    if key not in values:
        raise CompileError(f"container `{name}` has no `{key}`", part.place, f"add `{key}: …`")
    return str(values[key])


def _sources(part: Part) -> tuple[str, ...]:
    own = f"{part.place.place} {part.path[-1]}"
    return (own, *(f"{span.place} {name}" for name, span in part.places))


def _text(value: Plain) -> str:
    return str(value)


def _number(value: Plain) -> int:
    return int(str(value))


def _numbers(value: Plain) -> tuple[int, ...]:
    return tuple(map(_number, _items(value)))


def _items(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else [value]


def _split(value: Plain) -> tuple[str, ...]:
    """A list of words, or text split at blanks: TripleO does not interpret quotes there."""
    return tuple(value.split()) if isinstance(value, str) else tuple(map(str, _items(value)))


def _strings(value: Plain) -> tuple[str, ...]:
    """A list of texts, or one; empty ones are skipped."""
    return tuple(str(item) for item in _items(value) if item not in (None, "") or value == "")


def _pairs(value: Plain) -> tuple[tuple[str, str], ...]:
    """A mapping, or a list of `key=value`, sorted by key."""
    if isinstance(value, dict):
        return tuple(sorted((key, str(item)) for key, item in value.items()))
    pairs = (str(item).partition("=") for item in _items(value))
    return tuple(sorted((key, text) for key, _, text in pairs))


def _hosts(value: Plain) -> tuple[str, ...]:
    if isinstance(value, dict):
        return tuple(f"{name}:{address}" for name, address in value.items())
    return tuple(map(str, _items(value)))


def _volumes(value: Plain) -> tuple[Volume, ...]:
    return tuple(_volume(str(item)) for item in _items(value) if item)


def _volume(text: str) -> Volume:
    source, _, rest = text.partition(":")
    target, _, options = rest.partition(":")
    return Volume(source=source, target=target or source, options=tuple(filter(None, options.split(","))))


def _restart(value: Plain) -> Restart:
    word = str(value).split(":")[0]
    if word in ("always", "unless-stopped"):
        return Restart.ALWAYS
    return Restart.ON_FAILURE if word == "on-failure" else Restart.NO


def _retries(restart: Plain) -> int | None:
    _, _, count = str(restart).partition(":")
    return int(count) if count else None


_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")


def _seconds(value: Plain) -> int:
    """Seconds, or text such as 1m30s."""
    match = _DURATION.fullmatch(str(value))
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    return hours * 3600 + minutes * 60 + seconds


def _no_limit_is_none(value: Plain) -> str | None:
    return None if str(value) == "all" else str(value)


def _healthcheck(values: Values) -> Healthcheck | None:
    check = values.get("healthcheck")
    if not isinstance(check, dict) or not check:
        return None
    return Healthcheck(
        test=" ".join(_split(check["test"])),
        interval=_seconds(check.get("interval", values.get("check_interval", 30))),
        timeout=_seconds(check.get("timeout", 30)),
        retries=_number(check.get("retries", 3)),
        start_period=_seconds(check.get("start_period", 0)),
    )


FIELDS: dict[str, tuple[str, Callable[[Plain], object]]] = {
    "alias": ("alias", _text),
    "annotation": ("annotations", _pairs),
    "after": ("after", _strings),
    "cap_add": ("cap_add", _strings),
    "cap_drop": ("cap_drop", _strings),
    "cgroupns": ("cgroupns", _text),
    "cpu_shares": ("cpu_shares", _number),
    "cpuset_cpus": ("cpuset_cpus", _no_limit_is_none),
    "depends_on": ("depends_on", _strings),
    "device": ("devices", _strings),
    "env_file": ("env_files", _strings),
    "environment": ("environment", _pairs),
    "exit_codes": ("exit_codes", _numbers),
    "extra_hosts": ("extra_hosts", _hosts),
    "family": ("family", _text),
    "group_add": ("groups", _strings),
    "hostname": ("hostname", _text),
    "ipc": ("ipc", _text),
    "kill_mode": ("kill_mode", _text),
    "label": ("labels", _pairs),
    "log_tag": ("log_tag", _text),
    "mem_limit": ("memory", _text),
    "mem_swappiness": ("memory_swappiness", _number),
    "memswap_limit": ("memory_swap", _text),
    "net": ("network", _text),
    "pid": ("pid", _text),
    "pids_limit": ("pids_limit", _number),
    "pre_stop_exec": ("pre_stop_exec", _split),
    "privileged": ("privileged", bool),
    "requires": ("requires", _strings),
    "restart": ("restart", _restart),
    "security_opt": ("security_opt", _strings),
    "start_order": ("start_order", _number),
    "stop_grace_period": ("stop_grace_period", _seconds),
    "stop_signal": ("stop_signal", _text),
    "sysctl": ("sysctls", _pairs),
    "systemd_exec_flags": ("systemd_exec_flags", _pairs),
    "timeout": ("timeout", _seconds),
    "tmpfs": ("tmpfs", _strings),
    "tty": ("tty", bool),
    "ulimit": ("ulimits", _strings),
    "user": ("user", _text),
    "uts": ("uts", _text),
    "volumes": ("volumes", _volumes),
    "volumes_from": ("volumes_from", _strings),
}
