"""No key of a container is dropped in silence: schema, lowering and every backend take the same ones."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from compiler import schemas
from compiler.diagnostics import CompileError
from compiler.model.artifact import Artifacts
from compiler.model.container import Backend, Container, Healthcheck, Kind, Restart, Schedule, Volume
from compiler.model.service import Part
from compiler.node import expect_mapping, from_plain
from compiler.source import Source, Span
from compiler.stages.emit import backends
from compiler.stages.lower import refusals
from compiler.stages.lower.container import Definition, definition
from tests.support.emit_cases import made

PLACE = Span(Source("web.yaml"), 1, 1, 1, 1)
BASES: dict[Kind, dict[str, Any]] = {
    Kind.SERVICE: {
        "image": "example/web:1",
        "command": "one two",
        "restart": "always",
        "healthcheck": {"test": "true"},
    },
    Kind.RUN_ONCE: {"image": "example/web:1", "command": "one two"},
    Kind.EXEC: {"action": "exec", "command": "db two"},
}
UNUSED = {
    ("action", Kind.EXEC),  # what makes it one
    ("check_interval", Kind.EXEC),  # a part of `healthcheck`, which is refused there
    ("check_interval", Kind.RUN_ONCE),
    ("detach", Kind.EXEC),  # TripleO's; decides between the two other kinds
    ("detach", Kind.SERVICE),
    ("family", Kind.EXEC),  # one that is stopped would stop its step too (emit/service_unit.py)
    ("family", Kind.RUN_ONCE),
    ("restart", Kind.EXEC),
}

# A value of every key of the schema that means something else than leaving the key out.
KEYS: dict[str, Any] = {
    "action": "exec",
    "after": ["db"],
    "alias": "web.service",
    "annotation": {"a": "b"},
    "blkio_weight": 500,
    "bootstrap": True,
    "cap_add": ["NET_ADMIN"],
    "cap_drop": ["NET_RAW"],
    "cgroupns": "host",
    "check_interval": 7,
    "command": "three",
    "config_volume": "other",
    "conmon_pidfile": "/run/web.pid",
    "cpu_period": 100000,
    "cpu_quota": 50000,
    "cpu_shares": 512,
    "cpuset_cpus": "0-3",
    "cpuset_mems": "0",
    "depends_on": ["openvswitch.service"],
    "detach": True,
    "documentation": "https://example.com/web",
    "device": ["/dev/kvm"],
    "entrypoint": "/bin/sh",
    "env_file": ["/etc/web.env"],
    "environment": {"A": "b"},
    "exit_codes": [0, 3],
    "expose": ["80"],
    "extra_hosts": ["db:10.0.0.1"],
    "family": "nova",
    "group_add": ["kvm"],
    "healthcheck": {"test": "false"},
    "hostname": "web",
    "image": "example/other:1",
    "interactive": True,
    "ipc": "host",
    "kernel_memory": "512m",
    "kill_mode": "process",
    "label": {"a": "b"},
    "log_tag": "other",
    "mem_limit": "512m",
    "mem_reservation": "256m",
    "mem_swappiness": 0,
    "memswap_limit": "1g",
    "net": "none",
    "networks": ["frontend"],
    "pid": "host",
    "pids_limit": 100,
    "ports": [80],
    "pre_stop_exec": "/bin/drain",
    "privileged": True,
    "publish": ["8080:80"],
    "reload": "SIGUSR1",
    "remove": False,
    "requires": ["db"],
    "restart": "on-failure:3",
    "schedule": "daily",
    "security_opt": ["label=disable"],
    "start_order": 2,
    "state": "present",
    "stop_grace_period": "1m",
    "stop_signal": "SIGINT",
    "sysctl": {"net.core.somaxconn": 1},
    "systemd_exec_flags": {"Nice": 5},
    "timeout": 60,
    "tmpfs": ["/run"],
    "tty": True,
    "ulimit": ["nofile=16"],
    "user": "42",
    "uts": "private",
    "volumes": ["data:/data"],
    "volumes_from": ["db"],
}

# A value of every field of Container that emit must spell; what only places and orders it is not here.
FIELDS: dict[str, Any] = {
    "after": ("db",),
    "alias": "web.service",
    "annotations": (("a", "b"),),
    "blkio_weight": 500,
    "cap_add": ("NET_ADMIN",),
    "cap_drop": ("NET_RAW",),
    "cgroupns": "host",
    "command": ("three",),
    "cpu_period": 100000,
    "cpu_quota": 50000,
    "cpu_shares": 512,
    "cpuset_cpus": "0-3",
    "cpuset_mems": "0",
    "depends_on": ("openvswitch.service",),
    "devices": ("/dev/kvm",),
    "documentation": ("https://example.com/web",),
    "entrypoint": "/bin/sh",
    "env_files": ("/etc/web.env",),
    "environment": (("A", "b"),),
    "exit_codes": (0, 3),
    "extra_hosts": ("db:10.0.0.1",),
    "family": "nova",
    "files": ("/var/lib/config-data/web/web.conf",),
    "groups": ("kvm",),
    "healthcheck": Healthcheck(test="true"),
    "hostname": "web",
    "image": "example/other:1",
    "ipc": "host",
    "kill_mode": "process",
    "labels": (("a", "b"),),
    "log_tag": "other",
    "memory": "512m",
    "memory_reservation": "256m",
    "memory_swap": "1g",
    "memory_swappiness": 0,
    "name": "other",
    "network": "none",
    "no_healthcheck": True,
    "pid": "host",
    "pids_limit": 100,
    "pre_stop_exec": ("/bin/drain",),
    "privileged": True,
    "reload_command": ("/bin/reload",),
    "reload_signal": "SIGUSR1",
    "requires": ("db",),
    "restart": Restart.ON_FAILURE,
    "restart_retries": 3,
    "security_opt": ("label=disable",),
    "service": "other",
    "sources": ("web.yaml:1 web",),
    "start_order": 2,
    "step": 4,
    "stop_grace_period": 60,
    "stop_signal": "SIGINT",
    "sysctls": (("net.core.somaxconn", "1"),),
    "systemd_exec_flags": (("Nice", "5"),),
    "timeout": 60,
    "tmpfs": ("/run",),
    "tty": True,
    "ulimits": ("nofile=16",),
    "user": "42",
    "uts": "private",
    "volumes": (Volume(source="data", target="/data"),),
    "volumes_from": ("db",),
}
OTHER_KINDS: dict[str, tuple[Kind, Any]] = {
    "container": (Kind.EXEC, "other"),
    "kind": (Kind.RUN_ONCE, Kind.SERVICE),
    "schedule": (Kind.RUN_ONCE, Schedule(interval=60)),
    "stamp": (Kind.RUN_ONCE, "/var/lib/heatsink/stamps/other"),
}
NO_KEYS = {"hidden", "place", "places", "written"}  # for messages and plans, and what its variables hold


def test_every_key_of_the_schema_has_a_value_here() -> None:
    schema = json.loads(schemas.text("role_data"))
    assert sorted(KEYS) == sorted(schema["$defs"]["container"]["properties"])


@pytest.mark.parametrize("backend", list(Backend))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_key_of_the_schema_changes_something_or_is_told(kind: Kind, backend: Backend) -> None:
    without = meaning(lowered(BASES[kind]), backend)
    dropped = [key for key in KEYS if (key, kind) not in UNUSED and is_dropped(key, kind, backend, without)]
    assert dropped == []


def is_dropped(key: str, kind: Kind, backend: Backend, without: tuple[object, ...]) -> bool:
    """Whether a key makes no difference, and nothing says so."""
    try:
        changed = lowered(BASES[kind] | {key: KEYS[key]})
        backends.check(changed.container, backend)
    except CompileError:
        return False
    return not list(refusals.without_effect(changed)) and meaning(changed, backend) == without


def lowered(container: dict[str, Any]) -> Definition:
    node = expect_mapping(from_plain(container, "web.yaml"), "a container")
    part = Part(
        service="web",
        path=("docker_config", "step_1", "web"),
        node=node,
        place=PLACE,
        places=(),
        shared=True,
    )
    made = definition(part, lambda image: image)
    refusals.check(made)
    stamp = "/var/lib/heatsink/stamps/web" if made.container.runs_once else None
    return replace(made, container=replace(made.container, stamp=stamp))


def meaning(made: Definition, backend: Backend) -> tuple[object, ...]:
    """What comes of a definition: what a backend writes, and what only the whole host needs."""
    return spelled(made.container, backend), made.bootstrap, made.config_volume, made.ports, made.references


def test_every_field_of_a_container_has_a_value_here() -> None:
    names = {field.name for field in fields(Container)}
    assert sorted(names - NO_KEYS) == sorted({*FIELDS, *OTHER_KINDS})


@pytest.mark.parametrize("backend", list(Backend))
def test_every_backend_spells_or_refuses_every_field(backend: Backend) -> None:
    wanted = {field: (Kind.SERVICE, value) for field, value in FIELDS.items()} | OTHER_KINDS
    dropped = [field for field, (kind, value) in wanted.items() if is_unspelled(field, value, kind, backend)]
    assert dropped == []


def is_unspelled(field: str, value: object, kind: Kind, backend: Backend) -> bool:
    base = made({"kind": kind, "container": "db", "command": ["one", "two"]})
    changed = replace(base, **{field: value})
    try:
        backends.check(changed, backend)
    except CompileError:
        return False
    return spelled(changed, backend) == spelled(base, backend)


def spelled(container: Container, backend: Backend) -> Artifacts:
    return backends.container_artifacts(container, backend)
