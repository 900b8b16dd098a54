"""What the lab needs on the machine: root, and a few Debian packages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from compiler.lab.system import LabError, Progress, run

# Podman builds the images on this machine; the nodes have their own.
PACKAGES = (
    ("ip", "iproute2"),
    ("mmdebstrap", "mmdebstrap"),
    ("systemd-nspawn", "systemd-container"),
    ("ssh", "openssh-client"),
    ("docker-registry", "docker-registry"),
    ("podman", "podman"),
)
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INSTANCES = 8192
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


def missing_packages(installed: Callable[[str], bool] | None = None) -> tuple[str, ...]:
    """The Debian packages whose commands are missing on the machine, sorted."""
    is_installed = installed or _is_installed
    return tuple(sorted(package for command, package in PACKAGES if not is_installed(command)))


def install_command(packages: Iterable[str]) -> tuple[str, ...]:
    """The command that installs packages."""
    return ("apt-get", "install", "-y", *packages)


def require_packages() -> None:
    """Raise LabError with the command that installs them if packages are missing."""
    if packages := missing_packages():
        raise LabError(
            f"the lab needs packages that are not installed: {', '.join(packages)}",
            hint=f"install them with `{' '.join(install_command(packages))}`, or use `--install`",
        )


def install_packages(progress: Progress) -> None:
    """Install the missing packages, if any."""
    if packages := missing_packages():
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        progress("apt-get update")
        run(("apt-get", "update"), env=quiet)
        progress(" ".join(install_command(packages)))
        run(install_command(packages), env=quiet)


def require_root() -> None:
    """Raise LabError unless we are root: nodes need mounts, bridges and cgroups."""
    if os.geteuid():
        raise LabError("the lab needs root", hint="run the same command with sudo, or as root")


def allow_inotify() -> None:
    """Raise the number of inotify instances that root may have.

    All nodes share them, and some fifteen use up the kernel's 128: the systemd of the next ends at once.
    """
    if int(_INOTIFY.read_text()) < _INSTANCES:
        _INOTIFY.write_text(f"{_INSTANCES}\n")


def _is_installed(command: str) -> bool:
    return shutil.which(command, path=_PATH) is not None
