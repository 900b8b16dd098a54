"""Small bundles made by hand, of plain services and run-once units, to try pushing without compiling."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import add
from pathlib import Path

from compiler.model.artifact import Artifacts, File, Link, Unit, UnitKind
from compiler.model.config import Port
from compiler.model.container import Backend, Container, Kind, Schedule
from compiler.model.credential import Credential
from compiler.model.fleet import Connection, Fleet
from compiler.model.host import EmittedHost, LoweredHost
from compiler.model.host_prep import HostPrep
from compiler.source import Source, Span
from compiler.stages.bundle import tree
from compiler.stages.bundle.compiled import bundle
from compiler.stages.emit.backends import container_artifacts

SYSTEM = "/etc/systemd/system"
CONFIG = "/var/lib/config-data"
STAMPS = "/var/lib/heatsink/stamps"


def service(
    name: str,
    *,
    step: int = 1,
    command: str = "sleep infinity",
    config: str = "",
    images: tuple[str, ...] = (),
    restart: str = "no",
    restart_after: str = "100ms",
    sensitive: bool = False,
    requires: str = "",
    container: str = "",
) -> Artifacts:
    """A service that runs a shell command, and reads a configuration file if it is given the text of one.

    With a container's name it has a health check, which a stand-in of the engine reports.
    """
    path = f"{CONFIG}/{name}/{name}.conf"
    text = f"""
[Unit]
PartOf=heatsink.target
After=heatsink-step{step - 1}.target
{_needs(requires)}
StartLimitIntervalSec=0
[Service]
Type=exec
ExecStart=/bin/sh -c '{command.replace("%", "%%")}'
Restart={restart}
RestartSec={restart_after}
[Install]
WantedBy=heatsink-step{step}.target
"""
    files = [File(path=path, content=config.encode(), sensitive=sensitive)] if config else []
    return _unit(name, text, UnitKind.SERVICE, step=step, files=files, images=images, container=container)


def run_once(name: str, *, step: int = 1, command: str = "true", requires: str = "") -> Artifacts:
    """A unit that runs a shell command once for each change of it."""
    stamp = stamp_of(name, command)
    text = f"""
[Unit]
PartOf=heatsink.target
After=heatsink-step{step - 1}.target
{_needs(requires)}
StartLimitIntervalSec=60
StartLimitBurst=3
ConditionPathExists=!{stamp}
[Service]
Type=oneshot
RemainAfterExit=yes
Restart=on-failure
RestartSec=100ms
ExecStart=/bin/sh -c '{command.replace("%", "%%")}'
ExecStartPost=/bin/mkdir -p {STAMPS}
ExecStartPost=/bin/touch {stamp}
[Install]
RequiredBy=heatsink-step{step}.target
"""
    return _unit(name, text, UnitKind.RUN_ONCE, step=step, stamp=stamp)


def scheduled(name: str, *, image: str = "registry.example/backup:1") -> Artifacts:
    """A container that a timer starts every day, as compiling writes it."""
    container = Container(
        name=name,
        service=name,
        kind=Kind.RUN_ONCE,
        step=1,
        image=image,
        schedule=Schedule(calendar=("daily",)),
    )
    return container_artifacts(container, Backend.PODMAN)


def stamp_of(name: str, command: str = "true") -> str:
    """The file that says that a run-once unit is done."""
    return f"{STAMPS}/{name}.{hashlib.sha256(command.encode()).hexdigest()[:12]}"


def _needs(service: str) -> str:
    return f"Requires=heatsink-{service}.service\nAfter=heatsink-{service}.service" if service else ""


def prepared(path: str, text: str) -> Artifacts:
    """A file that prepares the host, or any other that no unit reads."""
    return Artifacts(files=(File(path=path, content=text.encode()),))


def taken_over(path: str, text: str) -> Artifacts:
    """A file in a place where another one may be, which is kept."""
    return Artifacts(files=(File(path=path, content=text.encode(), takes_over=(path,)),))


def port(number: int, owner: str, protocol: str = "tcp", address: str | None = None) -> Port:
    """A port on which a service listens."""
    nowhere = Span(Source("template.yaml", ""), 1, 1, 1, 1)
    return Port(number=number, owner=owner, protocol=protocol, address=address, place=nowhere)


def write_build(
    build: Path,
    hosts: Mapping[str, Iterable[Artifacts]],
    ways: Mapping[str, Connection] | None = None,
    *,
    backend: Backend = Backend.PODMAN,
    project: str = "",
    credentials: tuple[Credential, ...] = (),
    ports: tuple[Port, ...] = (),
    kernel_modules: tuple[str, ...] = (),
) -> None:
    """Write bundles as compiling does. Hosts without a way to them are this machine."""
    emitted = [
        EmittedHost(
            host=LoweredHost(
                name=name,
                role="Any",
                backend=backend,
                connection=(ways or {}).get(name, Connection()),
                ports=ports,
                prep=HostPrep(kernel_modules=kernel_modules),
            ),
            artifacts=reduce(add, (*parts, *map(_step_target, _steps(parts)), _top_target())),
        )
        for name, parts in hosts.items()
    ]
    bundles = tuple(bundle(emitted, project))
    fleet = Fleet(hosts=tuple(each.host for each in bundles), project=project, credentials=credentials)
    gone = tree.old_fleet(build).hosts.keys() - hosts.keys()
    tree.write(build, bundles, tree.fleet_json(fleet, {}, {}), gone)


def _unit(name: str, text: str, kind: UnitKind, *, step: int, stamp: str | None = None,
          files: Iterable[File] = (), images: tuple[str, ...] = (),
          container: str = "") -> Artifacts:  # fmt: skip
    unit = f"heatsink-{name}.service"
    file = File(path=f"{SYSTEM}/{unit}", content=text.encode())
    needs = "requires" if kind is UnitKind.RUN_ONCE else "wants"
    return Artifacts(
        files=(file, *files),
        links=(Link(path=f"{SYSTEM}/heatsink-step{step}.target.{needs}/{unit}", target=f"../{unit}"),),
        units=(
            Unit(
                name=unit,
                kind=kind,
                service=name,
                step=step,
                files=(file.path, *(each.path for each in files)),
                images=images,
                stamp=stamp,
                container=container,
                health=bool(container),
            ),
        ),
    )


def _steps(parts: Iterable[Artifacts]) -> range:
    """The steps of a host: 0 only if a unit is in it."""
    return range(min((1, *(unit.step for part in parts for unit in part.units))), 6)


def _step_target(step: int) -> Artifacts:
    before = f"heatsink-step{step - 1}.target"
    chain = f"Requires={before}\nAfter={before}\n" if step > 1 else ""
    return _target(f"heatsink-step{step}.target", f"[Unit]\nDescription=step {step}\n{chain}", step)


def _top_target() -> Artifacts:
    top = _target("heatsink.target", "[Unit]\nWants=heatsink-step5.target\nAfter=heatsink-step5.target\n", 0)
    link = Link(path=f"{SYSTEM}/multi-user.target.wants/heatsink.target", target="../heatsink.target")
    return top + Artifacts(links=(link,))


def _target(name: str, text: str, step: int) -> Artifacts:
    file = File(path=f"{SYSTEM}/{name}", content=text.encode())
    return Artifacts(
        files=(file,), units=(Unit(name=name, kind=UnitKind.TARGET, step=step, files=(file.path,)),)
    )
