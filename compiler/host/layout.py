"""Paths on a host: heatsink's own, those of artifacts, and which artifacts prepare the host."""

from __future__ import annotations

import os

PROGRAM = "/usr/local/lib/heatsink/host"
ETC_HOSTS = "/etc/hosts"
UNITS = "/etc/systemd/system"
QUADLETS = "/etc/containers/systemd"
RECOVERY = f"{UNITS}/heatsink-recovery.service"
RECOVERY_LINK = f"{UNITS}/sysinit.target.wants/heatsink-recovery.service"
PODMAN_SETTINGS = "/etc/containers/containers.conf.d/heatsink.conf"

HOME = "/var/lib/heatsink"
GENERATIONS = f"{HOME}/generations"
STAGING = f"{GENERATIONS}/.staging"
TRASH = f"{GENERATIONS}/.trash"
CURRENT = f"{HOME}/current"
PREVIOUS = f"{HOME}/previous"
INSTALLED = f"{HOME}/installed.json"
SUMMARY = f"{HOME}/state"  # what the greeting reads
SALT = f"{HOME}/salt"
LOCK = f"{HOME}/lock"
PENDING = f"{HOME}/pending"  # the change that is not confirmed yet
CONFIRMED = f"{HOME}/confirmed"  # the seal of the change that is: the greeting writes it
HISTORY = f"{HOME}/history"
STAMPS = f"{HOME}/stamps"  # one for each run-once unit that is done

# Artifacts as well: environment files of containers, and the names for /etc/hosts.
ENVIRONMENTS = f"{HOME}/env"
HOSTS = f"{HOME}/hosts"

WRITABLE = ("/etc/", "/opt/", "/srv/", "/usr/local/", "/var/lib/")
OWN = (
    *(GENERATIONS, CURRENT, PREVIOUS, INSTALLED, SUMMARY, SALT, LOCK, STAMPS, PENDING, CONFIRMED, HISTORY),
    *(RECOVERY, RECOVERY_LINK),
    ETC_HOSTS,
    os.path.dirname(PROGRAM),  # noqa: PTH120 - a path of the host
)

# In this order: owners of directories must exist first, and kernel modules define sysctl keys.
PREPARATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/etc/sysusers.d/", ("systemd-sysusers",)),
    ("/etc/tmpfiles.d/", ("systemd-tmpfiles", "--create")),
    ("/etc/modules-load.d/", ("/usr/lib/systemd/systemd-modules-load",)),
    ("/etc/sysctl.d/", ("/usr/lib/systemd/systemd-sysctl",)),
)
# A module or key that this kernel lacks does not stop a boot either; the unit that needs it will fail.
MAY_FAIL = ("/etc/modules-load.d/", "/etc/sysctl.d/")


def is_writable(path: str) -> bool:
    """Whether an artifact may have this path: absolute, normalised, below WRITABLE and not heatsink's own."""
    own = any(path == name or path.startswith(f"{name}/") for name in OWN)
    return os.path.normpath(path) == path and path.startswith(WRITABLE) and not own and "\0" not in path


def defines_units(path: str) -> bool:
    """Whether a change of this file or link requires a daemon-reload."""
    return path.startswith((f"{UNITS}/", f"{QUADLETS}/"))


def is_preparation(path: str) -> bool:
    """Whether a file prepares the host: it is installed and applied before all others."""
    return path.startswith(tuple(folder for folder, _ in PREPARATIONS))
