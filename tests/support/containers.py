"""A container that only sleeps, as each backend runs it, with a configuration file that it reads."""

from __future__ import annotations

from compiler.model.artifact import Artifacts, File
from compiler.model.container import Backend, Container, Healthcheck, Kind, Restart, Schedule, Volume
from compiler.stages.emit.backends import container_artifacts, extra_artifacts
from tests.support.bundles import CONFIG

IMAGE = "localhost/heatsink-test:1"  # tests/support/images.py makes it
STAYS = "exec sleep infinity"


def container(
    backend: Backend,
    name: str,
    *,
    step: int = 1,
    image: str = IMAGE,
    command: str = STAYS,
    config: str = "",
    volumes: tuple[Volume, ...] = (),
    healthcheck: Healthcheck | None = None,
    restart: Restart = Restart.ALWAYS,
    schedule: Schedule | None = None,
) -> Artifacts:
    """A container that runs a shell command, all the time or by a schedule; a configuration is in /config."""
    folder = f"{CONFIG}/{name}"
    files = (File(path=f"{folder}/{name}.conf", content=config.encode()),) if config else ()
    mounts = (Volume(source=folder, target="/config", options=("ro",)),) if config else ()
    made = Container(
        name=name,
        service=name,
        kind=Kind.RUN_ONCE if schedule else Kind.SERVICE,
        step=step,
        image=image,
        command=("sh", "-c", command),
        volumes=(*mounts, *volumes),
        files=tuple(file.path for file in files),
        healthcheck=healthcheck,
        restart=Restart.NO if schedule else restart,
        schedule=schedule,
        stop_grace_period=0,
    )
    return Artifacts(files=files) + container_artifacts(made, backend) + extra_artifacts([made], backend)
