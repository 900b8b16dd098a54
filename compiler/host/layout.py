"""Where heatsink keeps its own on a host, and where artifacts may lie."""

from __future__ import annotations

import os

STATE = "/var/lib/heatsink"
WRITABLE = ("/etc/", "/opt/", "/srv/", "/usr/local/", "/var/lib/")
OWN = (
    *(f"{STATE}/{name}" for name in ("generations", "current", "previous", "stamps")),
    *(f"{STATE}/{name}" for name in ("installed.json", "state", "salt", "lock")),
    "/etc/hosts",
    "/usr/local/lib/heatsink",
)
UNIT_FOLDERS = ("/etc/systemd/system/", "/etc/containers/systemd/")
HOSTS = f"{STATE}/hosts"


# Applied in this order: owners of directories must exist first, and a module brings its own sysctl keys.
PREPARATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/etc/sysusers.d/", ("systemd-sysusers",)),
    ("/etc/tmpfiles.d/", ("systemd-tmpfiles", "--create")),
    ("/etc/modules-load.d/", ("/usr/lib/systemd/systemd-modules-load",)),
    ("/etc/sysctl.d/", ("/usr/lib/systemd/systemd-sysctl",)),
)
# A module or key that this kernel lacks does not stop a boot either: the unit that needs it will say so.
MAY_FAIL = ("/etc/modules-load.d/", "/etc/sysctl.d/")


def is_writable(path: str) -> bool:
    """Whether an artifact may lie at a path: absolute, normalised, below WRITABLE and not one of our own."""
    own = any(path == name or path.startswith(f"{name}/") for name in OWN)
    return os.path.normpath(path) == path and path.startswith(WRITABLE) and not own and "\0" not in path
