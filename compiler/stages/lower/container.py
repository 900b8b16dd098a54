"""One container definition of `docker_config` to a Container.

Most keys are TripleO's (tripleo_container_manage), with their meaning there; docs/containers.md lists all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from compiler.diagnostics import CompileError
from compiler.model.config import Port
from compiler.model.container import Container, Kind, Restart, Volume
from compiler.model.service import Part
from compiler.node import Mapping, Node, Sequence, mapping_of, plain
from compiler.node.hidden import quoted
from compiler.source import Span
from compiler.stages.lower import sources
from compiler.stages.lower.healthcheck import healthcheck, is_disabled
from compiler.stages.lower.keys import Keys
from compiler.stages.lower.schedule import schedule


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

    def value_span(self, key: str) -> Span:
        """Where the value of a key is written: in an environment, if a parameter has it from there."""
        return self.node.entries[key].span if key in self.node.entries else self.place

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
    keys = Keys(node)
    kind = _kind(keys)
    container = Container(
        name=name,
        service=part.service,
        kind=kind,
        step=int(part.path[-2].removeprefix("step_")),
        image="" if kind is Kind.EXEC else image(_image(keys, part)),
        alias=keys.text("alias") or (f"{alias_prefix}{name}.service" if alias_prefix else None),
        sources=sources.of_container(part),
        places=sources.places((part,)),
        written=node,
        place=part.place,
    )
    for with_keys in (_with_words, _with_process, _with_surroundings, _with_limits, _with_unit, _with_reload):
        container = with_keys(container, keys)
    return Definition(
        container=container,
        bootstrap=keys.flag("bootstrap"),
        config_volume=keys.text("config_volume"),
        ports=ports(node.entries.get("ports"), name),
        node=node,
        place=part.place,
    )


def ports(listed: Node | None, owner: str) -> tuple[Port, ...]:
    """Ports as `ports` and `host_ports` list them: numbers, or mappings of port, protocol, address."""
    return tuple(_port(item, owner) for item in listed.items) if isinstance(listed, Sequence) else ()


def _port(item: Node, owner: str) -> Port:
    keys = Keys(item if isinstance(item, Mapping) else mapping_of({"port": item}, item))
    return Port(
        number=keys.number("port") or 0,
        protocol=keys.text("protocol") or "tcp",
        address=keys.text("address"),
        owner=owner,
        place=item.span,
    )


def _kind(keys: Keys) -> Kind:
    if keys.text("action") == "exec":
        return Kind.EXEC
    if "schedule" in keys:
        return Kind.RUN_ONCE
    stays = _restart(keys) is not Restart.NO or keys.flag("detach")
    return Kind.SERVICE if stays else Kind.RUN_ONCE


def _image(keys: Keys, part: Part) -> str:
    image = keys.text("image")
    if image is None:
        raise CompileError(f"container `{part.path[-1]}` has no `image`", part.place, "add `image: …`")
    return image


def _with_words(container: Container, keys: Keys) -> Container:
    """Command and entrypoint; an entrypoint's further words go before the command, as engines want it."""
    command = keys.words("command")
    if container.kind is Kind.EXEC:
        if len(command) < 2:
            raise CompileError(
                "an `exec` needs a command: the container's name, then what to run in it",
                container.key_span("command"),
            )
        return replace(container, container=command[0], command=command[1:])
    entrypoint = keys.words("entrypoint")
    if not entrypoint:
        return replace(container, command=command)
    return replace(container, entrypoint=entrypoint[0], command=entrypoint[1:] + command)


def _with_process(container: Container, keys: Keys) -> Container:
    return replace(
        container,
        environment=_environment(keys),
        hidden=_hidden_variables(keys.node.entries.get("environment")),
        env_files=keys.strings("env_file"),
        user=keys.text("user"),
        groups=keys.strings("group_add"),
        privileged=keys.flag("privileged"),
        cap_add=keys.strings("cap_add"),
        cap_drop=keys.strings("cap_drop"),
        security_opt=keys.strings("security_opt"),
        labels=keys.pairs("label"),
        annotations=keys.pairs("annotation"),
        log_tag=keys.text("log_tag"),
        tty=keys.flag("tty"),
    )


def _environment(keys: Keys) -> tuple[tuple[str, str], ...]:
    node = keys.node.entries.get("environment")
    for item in node.items if isinstance(node, Sequence) else ():
        if "=" not in str(plain(item)):
            name = "NAME" if item.is_hidden else str(plain(item))
            raise CompileError(
                f"{quoted(name, item)} of `environment` has no value",
                item.span,
                f"write `{name}=value`: variables of the host are not passed on",
            )
    return keys.pairs("environment")


def _hidden_variables(node: Node | None) -> frozenset[str]:
    if isinstance(node, Mapping):
        entries = node.entries.items()
        return frozenset(name for name, value in entries if value.is_hidden or node.key_node(name).is_hidden)
    items = node.items if isinstance(node, Sequence) else [] if node is None else [node]
    return frozenset(str(plain(item)).partition("=")[0] for item in items if item.is_hidden)


def _with_surroundings(container: Container, keys: Keys) -> Container:
    """What it sees of the host: namespaces, names and mounts."""
    return replace(
        container,
        network=keys.text("net") or container.network,
        pid=keys.text("pid"),
        ipc=keys.text("ipc"),
        uts=keys.text("uts"),
        cgroupns=keys.text("cgroupns"),
        hostname=keys.text("hostname"),
        extra_hosts=_extra_hosts(keys),
        sysctls=keys.pairs("sysctl"),
        volumes=tuple(map(_volume, keys.strings("volumes"))),
        volumes_from=keys.strings("volumes_from"),
        devices=keys.strings("device"),
        tmpfs=keys.strings("tmpfs"),
    )


def _extra_hosts(keys: Keys) -> tuple[str, ...]:
    """`name:address`: as listed, or from a mapping."""
    by_name = keys.mapping("extra_hosts")
    if by_name is None:
        return keys.strings("extra_hosts")
    return tuple(f"{name}:{by_name.text(name)}" for name in by_name.node.entries)


def _volume(text: str) -> Volume:
    source, _, rest = text.partition(":")
    target, _, options = rest.partition(":")
    return Volume(source=source, target=target or source, options=tuple(filter(None, options.split(","))))


def _with_limits(container: Container, keys: Keys) -> Container:
    cpus = keys.text("cpuset_cpus")
    return replace(
        container,
        ulimits=keys.strings("ulimit"),
        pids_limit=keys.number("pids_limit"),
        memory=keys.text("mem_limit"),
        memory_swap=keys.text("memswap_limit"),
        memory_reservation=keys.text("mem_reservation"),
        memory_swappiness=keys.number("mem_swappiness"),
        cpu_shares=keys.number("cpu_shares"),
        cpu_period=keys.number("cpu_period"),
        cpu_quota=keys.number("cpu_quota"),
        cpuset_cpus=None if cpus == "all" else cpus,
        cpuset_mems=keys.text("cpuset_mems"),
        blkio_weight=keys.number("blkio_weight"),
    )


def _with_reload(container: Container, keys: Keys) -> Container:
    """`reload`: a signal, if it is one word in capitals, or a command."""
    words = keys.words("reload")
    if len(words) == 1 and _SIGNAL.fullmatch(words[0]):
        return replace(container, reload_signal=words[0])
    return replace(container, reload_command=words)


_SIGNAL = re.compile(r"[A-Z]+[0-9]*")


def _with_unit(container: Container, keys: Keys) -> Container:
    """What systemd does with it: order, start, stop, restart."""
    return replace(
        container,
        start_order=keys.number("start_order") or 0,
        schedule=schedule(keys),
        after=keys.strings("after"),
        requires=keys.strings("requires"),
        depends_on=keys.strings("depends_on"),
        family=keys.text("family"),
        restart=_restart(keys),
        restart_retries=_retries(keys),
        healthcheck=healthcheck(keys),
        no_healthcheck=is_disabled(keys),
        timeout=keys.number("timeout") or container.timeout,
        exit_codes=keys.numbers("exit_codes") or container.exit_codes,
        pre_stop_exec=keys.words("pre_stop_exec"),
        stop_signal=keys.text("stop_signal"),
        stop_grace_period=keys.seconds("stop_grace_period", container.stop_grace_period),
        kill_mode=keys.text("kill_mode"),
        systemd_exec_flags=keys.pairs("systemd_exec_flags"),
        documentation=keys.strings("documentation"),
    )


def _restart(keys: Keys) -> Restart:
    word = str(keys.text("restart")).partition(":")[0]
    if word in ("always", "unless-stopped"):
        return Restart.ALWAYS
    return Restart.ON_FAILURE if word == "on-failure" else Restart.NO


def _retries(keys: Keys) -> int | None:
    _, _, count = str(keys.text("restart")).partition(":")
    return int(count) if count else None
