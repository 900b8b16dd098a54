"""The stamp of a run-once container: a file whose name carries the hash of what the container runs.

It exists once the container has run, so the container runs again exactly when the hash changes. An upgrade of
heatsink must not change it: every schema migration of every fleet would run again.

Every user of a host can read the name, in the unit, and could guess a short secret by the hash. So hidden
values are not in it, and a change of one does not run the container again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as AbstractMapping
from dataclasses import fields

from compiler.host.layout import STAMPS
from compiler.model.artifact import File
from compiler.model.container import Container

# The fields of the first release, in its order. The list stays as it is, whatever becomes of the fields.
_FIRST = """
    name service kind step start_order family image container command entrypoint environment env_files
    network pid ipc uts cgroupns privileged user groups volumes volumes_from devices tmpfs cap_add
    cap_drop security_opt ulimits sysctls extra_hosts hostname annotations labels pids_limit memory
    memory_swap memory_swappiness cpu_shares cpuset_cpus log_tag interactive tty stop_signal
    stop_grace_period healthcheck restart restart_retries exit_codes timeout depends_on requires after
    kill_mode pre_stop_exec systemd_exec_flags alias files stamp sources
"""
FIRST_FIELDS = tuple(_FIRST.split())
# Hashed as these values: a field that is gone, and fields that change nothing of what runs.
CONSTANT: dict[str, object] = {
    "interactive": False,
    "requires": (),
    "after": (),
    "alias": None,
    "stamp": None,
    "sources": (),
}
WITHOUT_EFFECT = frozenset(("documentation",))  # later fields that change nothing of what runs


def stamp(container: Container, files: AbstractMapping[str, File]) -> str:
    """The path of a run-once container's stamp. `files`: the host's configuration files, by path."""
    digest = hashlib.sha256(meaning(container).encode())
    for path in container.files:
        digest.update(f"{path}\0{_meaning(files[path])}\0".encode())
    return f"{STAMPS}/{container.name}.{digest.hexdigest()[:12]}"


def _meaning(file: File) -> str:
    """The meaning of a file as the first release wrote it: references in INI files had no coding.

    Of one with hidden values, all else counts.
    """
    if file.public is not None:
        return hashlib.sha256(file.public).hexdigest()
    content = file.content if file.unsourced is None else file.unsourced
    uncoded = content.replace(b"|ini}", b"}") if file.sensitive else content
    return file.meaning if uncoded == content else hashlib.sha256(uncoded).hexdigest()


def meaning(container: Container) -> str:
    """What a container runs, as text. A field of a later release counts where it differs from its default."""
    now = {field.name: getattr(container, field.name) for field in fields(container)}
    shown = tuple(pair for pair in container.environment if pair[0] not in container.hidden)
    hashed = now | CONSTANT | {"environment": shown}
    first = {name: hashed[name] for name in FIRST_FIELDS}
    later = {
        field.name: now[field.name]
        for field in fields(container)
        if field.compare
        and field.name not in (first.keys() | WITHOUT_EFFECT)
        and now[field.name] != field.default
    }
    return f"Container({', '.join(f'{name}={value!r}' for name, value in (first | later).items())})"
