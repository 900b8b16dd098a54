"""The containers of one host put together: which waits for which, and which files each reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from compiler.model.container import Container
from compiler.stages.lower.config import CONFIG_DATA
from compiler.stages.lower.container import Definition


def containers(present: Iterable[Definition], paths: tuple[str, ...]) -> tuple[Container, ...]:
    """The containers of a host, by step, start order and name; `paths` are those of its config files."""
    orders = _start_orders(present)
    complete = (_complete(each, paths, orders) for each in present)
    return tuple(sorted(complete, key=lambda each: (each.step, each.start_order, each.name)))


def _start_orders(present: Iterable[Definition]) -> dict[str, tuple[str, ...]]:
    """For each container those of the same step with the next lower start order: it starts after them.

    Containers of one order start together, as TripleO's do. Nothing waits for one with a schedule.
    """
    steps: dict[int, dict[int, list[str]]] = {}
    result: dict[str, tuple[str, ...]] = {}
    for container in (each.container for each in present):
        if container.schedule:
            result[container.name] = ()
            continue
        steps.setdefault(container.step, {}).setdefault(container.start_order, []).append(container.name)
    for orders in steps.values():
        before: tuple[str, ...] = ()
        for _, names in sorted(orders.items()):
            result.update(dict.fromkeys(names, before))
            before = tuple(sorted(names))
    return result


def _complete(
    definition: Definition, paths: tuple[str, ...], orders: dict[str, tuple[str, ...]]
) -> Container:
    """The definition completed with what depends on the whole host: its order, and the files it reads."""
    container = definition.container
    return replace(
        container,
        after=tuple(
            dict.fromkeys(
                name for name in (*_named(definition, _FOLLOWED), *orders[container.name]) if name in orders
            )
        ),
        requires=tuple(name for name in _named(definition, _REQUIRED) if name in orders),
        files=_shown(paths, frozenset(_sources(definition))),
    )


# A container whose namespace is joined must run first, and the other cannot run without it.
_REQUIRED = frozenset(("requires", "net", "pid", "ipc"))
_FOLLOWED = frozenset(("after", "volumes_from"))


def _named(definition: Definition, keys: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for key, name in definition.references if key in keys))


def _sources(definition: Definition) -> Iterator[str]:
    yield from (volume.source for volume in definition.container.volumes if volume.is_bind)
    yield from definition.container.env_files
    if definition.config_volume:
        yield f"{CONFIG_DATA}/{definition.config_volume}"


def _shown(paths: tuple[str, ...], sources: frozenset[str]) -> tuple[str, ...]:
    """The files that mounts of these sources show to a container."""
    folders = tuple(f"{source.rstrip('/')}/" for source in sources)
    return tuple(path for path in paths if path in sources or path.startswith(folders))
