"""Paths on a host: heatsink's own, those of artifacts, and which artifacts prepare the host."""

from __future__ import annotations

PROGRAM = "/usr/local/lib/heatsink/host"
ETC_HOSTS = "/etc/hosts"
UNITS = "/etc/systemd/system"
QUADLETS = "/etc/containers/systemd"
RECOVERY = f"{UNITS}/heatsink-recovery.service"
RECOVERY_LINK = f"{UNITS}/sysinit.target.wants/heatsink-recovery.service"
OWN_SERVICES = ("recovery", "revert")  # heatsink-recovery.service …: names that no container may have
OWN_QUADLETS = f"{QUADLETS}/heatsink"
PODMAN_SETTINGS = "/etc/containers/containers.conf.d/heatsink.conf"

HOME = "/var/lib/heatsink"
GENERATIONS = f"{HOME}/generations"
STAGING = f"{GENERATIONS}/.staging"
TRASH = f"{GENERATIONS}/.trash"
LAYERS = f"{GENERATIONS}/.layers"  # of images that are pulled
PULL_HOME = f"{GENERATIONS}/.home"  # of the engine while it pulls
CURRENT = f"{HOME}/current"
PREVIOUS = f"{HOME}/previous"
INSTALLED = f"{HOME}/installed.json"
SUMMARY = f"{HOME}/state"  # what the greeting reads
SALT = f"{HOME}/salt"
LOCK = f"{HOME}/lock"
PENDING = f"{HOME}/pending"  # the change that is not confirmed yet
CONFIRMED = f"{HOME}/confirmed"  # the seal of the change that is: the greeting writes it
HISTORY = f"{HOME}/history"
IMAGES = f"{HOME}/images.json"  # those that heatsink has pulled, and those that generations need
RECORDS = (
    *(INSTALLED, SUMMARY, SALT, PENDING, CONFIRMED, HISTORY, IMAGES, CURRENT, PREVIOUS),
    *(RECOVERY, RECOVERY_LINK, ETC_HOSTS),
)
STAMPS = f"{HOME}/stamps"  # one for each run-once unit that is done

# Artifacts as well: environment files of containers, and the names for /etc/hosts.
ENVIRONMENTS = f"{HOME}/env"
HOSTS = f"{HOME}/hosts"

# The home folder of engines that pull, as a bundle has it: `.docker/config.json`, `.config/containers/…`.
REGISTRIES = "/var/lib/config-data/registries"
DOCKER_AUTHORITIES = "/etc/docker/certs.d"  # HOST:PORT/*.crt, which its daemon reads

TAKEN = f"{HOME}/taken"  # what was in the place of files that a bundle took over

TMPFILES = "/etc/tmpfiles.d/heatsink.conf"
SYSCTL = "/etc/sysctl.d/90-heatsink.conf"
MODULES = "/etc/modules-load.d/heatsink.conf"
SYSUSERS = "/etc/sysusers.d/heatsink.conf"

NETWORKS = "/etc/systemd/network"  # of systemd-networkd

# In this order: owners of directories must exist first, and kernel modules define sysctl keys.
PREPARATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/etc/sysusers.d/", ("systemd-sysusers",)),
    ("/etc/tmpfiles.d/", ("systemd-tmpfiles", "--create")),
    ("/etc/modules-load.d/", ("/usr/lib/systemd/systemd-modules-load",)),
    ("/etc/sysctl.d/", ("/usr/lib/systemd/systemd-sysctl",)),
)
# A module or key that this kernel lacks does not stop a boot either; the unit that needs it will fail.
MAY_FAIL = ("/etc/modules-load.d/", "/etc/sysctl.d/")


def defines_units(path: str) -> bool:
    """Whether a change of this file or link requires a daemon-reload."""
    return path.startswith((f"{UNITS}/", f"{QUADLETS}/"))


def defines_networks(path: str) -> bool:
    """Whether systemd-networkd must be told of a change of this file."""
    return path.startswith(f"{NETWORKS}/")


def is_preparation(path: str) -> bool:
    """Whether a file prepares the host: it is installed and applied before all others."""
    return path.startswith(tuple(folder for folder, _ in PREPARATIONS))
