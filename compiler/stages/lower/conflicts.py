"""What cannot work on one host: duplicates, mounts without a source, a circular order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

from compiler.diagnostics import Problem, closest
from compiler.model.config import ConfigFile, Port
from compiler.model.container import Volume
from compiler.model.host_prep import HostPrep
from compiler.stages.lower.container import Definition

# What every systemd host with a container engine has; `/**` is a path and all below it.
_USUAL_PATHS = """
/ /boot /dev/** /proc/** /run /sys/** /tmp /usr /var/log /var/tmp
/etc/ca-certificates /etc/group /etc/hosts /etc/localtime /etc/machine-id /etc/nsswitch.conf /etc/passwd
/etc/pki/** /etc/resolv.conf /etc/ssl/** /etc/timezone
/lib/modules /run/dbus /run/docker.sock /run/lock /run/podman /run/podman/podman.sock
/run/systemd/** /run/udev /usr/share/ca-certificates /usr/share/zoneinfo/**
/var/lib/containers /var/lib/docker /var/run/docker.sock
"""
HOST_PATHS = tuple(_USUAL_PATHS.split())
# Networks that need no `network create`, with or without options behind a colon.
_OF_ENGINES = ("bridge", "container", "default", "host", "none", "ns", "pasta", "private", "slirp4netns")
_SHARING = frozenset(("shared", "rshared", "slave", "rslave", "z"))


def conflicts(
    *,
    host: str,
    definitions: tuple[Definition, ...],
    present: tuple[Definition, ...],
    files: tuple[ConfigFile, ...],
    preps: tuple[HostPrep, ...],
    ports: tuple[Port, ...],
    host_paths: tuple[str, ...],
    host_networks: tuple[str, ...],
) -> tuple[Problem, ...]:
    """Everything in a host's containers that cannot work together.

    `definitions` are all that its services define, `present` those that run on this very host.
    """
    problems = (
        *_same_names(host, definitions),
        *_same_paths(host, files),
        *_same_ports(host, [*ports, *(port for each in present for port in each.ports)]),
        *_same_mounts(host, present),
        *_same_units(host, present),
        *_missing_sources(host, present, _made(files, preps), (*HOST_PATHS, *host_paths)),
        *_missing_networks(host, present, host_networks),
        *_unknown_names(definitions),
        *_waiting_for_schedules(definitions),
    )
    return problems or tuple(_circles(present))


def _same_names(host: str, definitions: Iterable[Definition]) -> Iterator[Problem]:
    first: dict[str, Definition] = {}
    for definition in definitions:
        other = first.setdefault(definition.container.name, definition)
        if other is not definition:
            yield Problem(
                f"two containers of host `{host}` have the name `{definition.container.name}`",
                definition.place,
                f"the other is at {other.place.place}, of service `{other.container.service}`",
            )


def _same_units(host: str, present: tuple[Definition, ...]) -> Iterator[Problem]:
    """Aliases that are another container's; none is the name of a unit of heatsink."""
    owners: dict[str, Definition] = {}
    for definition in present:
        name, alias = definition.container.name, definition.container.alias
        if alias is None:
            continue
        other = owners.setdefault(alias, definition)
        if other is not definition:
            yield Problem(
                f"`alias` of container `{name}`: host `{host}` already has a unit `{alias}`",
                definition.key_span("alias"),
                f"it belongs to container `{other.container.name}`, at {other.place.place}",
            )


def _same_paths(host: str, files: Iterable[ConfigFile]) -> Iterator[Problem]:
    first: dict[str, ConfigFile] = {}
    for file in files:
        other = first.setdefault(file.path, file)
        if other is not file:
            yield Problem(
                f"two services of host `{host}` write `{file.path}`",
                file.place,
                f"the other is at {other.place.place}",
            )


def _same_ports(host: str, ports: list[Port]) -> Iterator[Problem]:
    by_number: dict[int, list[Port]] = {}
    for port in ports:
        for other in by_number.setdefault(port.number, []):
            if port.collides_with(other) and port.listener != other.listener:
                name = f"{port.number}/{port.protocol}"
                yield Problem(
                    f"{other.listener} and {port.listener} both listen on port {name} of host `{host}`",
                    port.place,
                    f"the other is at {other.place.place}; use another port or address for one of them",
                )
        by_number[port.number].append(port)


def _same_mounts(host: str, present: Iterable[Definition]) -> Iterator[Problem]:
    """Two services that write to one path of the host. A mount option (`shared`, `slave`, `z`) declares
    that a path is shared; paths that every host has are exempt."""
    first: dict[str, Definition] = {}
    for definition in present:
        for position, volume in enumerate(definition.container.volumes):
            if not _is_exclusive(volume):
                continue
            other = first.setdefault(volume.source, definition)
            if other.container.service != definition.container.service:
                names = f"`{other.container.name}` and `{definition.container.name}`"
                yield Problem(
                    f"{names} both write to `{volume.source}` of host `{host}`",
                    definition.item_span("volumes", position),
                    "mount it read-only in one of them, or with the option `z` in both to share it",
                )


def _is_exclusive(volume: Volume) -> bool:
    own = volume.is_bind and volume.is_writable and not _SHARING.intersection(volume.options)
    return own and not _matches(volume.source, HOST_PATHS)


def _made(files: Iterable[ConfigFile], preps: Iterable[HostPrep]) -> frozenset[str]:
    """Every path that an artifact or a tmpfiles line creates, with the folders above."""
    paths = [each.path for each in files] + [entry.path for prep in preps for entry in prep.tmpfiles]
    return frozenset(paths) | {str(parent) for path in paths for parent in PurePosixPath(path).parents}


def _missing_sources(
    host: str, present: Iterable[Definition], made: frozenset[str], provided: tuple[str, ...]
) -> Iterator[Problem]:
    for definition in present:
        name = definition.container.name
        for position, volume in enumerate(definition.container.volumes):
            if volume.is_bind and volume.source not in made and not _matches(volume.source, provided):
                yield Problem(
                    f"nothing creates `{volume.source}` on host `{host}`, and `{name}` mounts it",
                    definition.item_span("volumes", position),
                    "create it with `host_prep: {tmpfiles: …}`, or add it to `HostPaths` if hosts provide it",
                )


def _missing_networks(
    host: str, present: Iterable[Definition], existing: tuple[str, ...]
) -> Iterator[Problem]:
    for definition in present:
        network = definition.container.network
        if network.partition(":")[0] not in (*_OF_ENGINES, *existing):
            yield Problem(
                f"nothing creates the network `{network}` on host `{host}`, and "
                f"`{definition.container.name}` joins it",
                definition.key_span("net"),
                "use `host`, or add it to `HostNetworks` if hosts provide it",
            )


def _matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is one of some, of which `/path/**` is a path and all below it."""
    return any(
        path == pattern or (pattern.endswith("/**") and f"{path}/".startswith(pattern[:-2]))
        for pattern in patterns
    )


def _unknown_names(definitions: tuple[Definition, ...]) -> Iterator[Problem]:
    names = {definition.container.name for definition in definitions}
    for definition in definitions:
        own = definition.container.name
        for key, name in definition.references:
            if name not in names:
                yield Problem(
                    f"`{key}` of `{own}` names `{name}`, which is not a container on this host",
                    definition.key_span(key),
                    closest(name, names),
                )


def _waiting_for_schedules(definitions: tuple[Definition, ...]) -> Iterator[Problem]:
    """Containers that need one that runs by a schedule: it is there from time to time only."""
    scheduled = {each.container.name for each in definitions if each.container.schedule}
    for definition in definitions:
        for key, name in definition.references:
            if name in scheduled:
                yield Problem(
                    f"`{key}` of `{definition.container.name}` names `{name}`, which runs by a schedule",
                    definition.key_span(key),
                    "name a container that runs all the time, or once",
                )


def _circles(present: tuple[Definition, ...]) -> Iterator[Problem]:
    """Circles of steps, start orders, `after` and `requires` together."""
    graph: dict[str, set[str]] = {f"step {step}": {f"step {step - 1}"} for step in range(1, 6)}
    names = {definition.container.name for definition in present}
    orders: dict[tuple[int, int], list[str]] = {}
    for definition in present:
        container = definition.container
        orders.setdefault((container.step, container.start_order), []).append(container.name)
        before = {f"step {container.step - 1}"} if container.step > 0 else set()
        before |= {name for _, name in definition.references if name in names}
        graph.setdefault(container.name, set()).update(before)
        graph.setdefault(f"step {container.step}", set()).add(container.name)
    for (step, order), members in orders.items():
        lower = [number for at, number in orders if at == step and number < order]
        for member in members if lower else ():
            graph[member].update(orders[step, max(lower)])
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][:0:-1]  # graphlib lists the awaited name first
        in_circle = next(definition for definition in present if definition.container.name in circle)
        turn = circle.index(in_circle.container.name)
        ordered = [*circle[turn:], *circle[:turn], in_circle.container.name]
        yield Problem(
            f"circular order of containers: {' -> '.join(ordered)}",
            in_circle.place,
            "each waits for the next: remove one `after`, `requires`, `start_order` or step",
        )
