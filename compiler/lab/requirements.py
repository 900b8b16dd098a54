"""What the lab needs of the machine: root, and a handful of Debian packages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable

from compiler.lab.system import LabError, Progress, run

# Podman is for the machine that builds the images; the nodes bring their own.
PACKAGES = (
    ("ip", "iproute2"),
    ("mmdebstrap", "mmdebstrap"),
    ("systemd-nspawn", "systemd-container"),
    ("ssh", "openssh-client"),
    ("docker-registry", "docker-registry"),
    ("podman", "podman"),
)
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


def missing_packages(installed: Callable[[str], bool] | None = None) -> tuple[str, ...]:
    """The Debian packages whose commands the machine lacks, in alphabetical order."""
    is_installed = installed or _is_installed
    return tuple(sorted(package for command, package in PACKAGES if not is_installed(command)))


def install_command(packages: Iterable[str]) -> tuple[str, ...]:
    """The command that installs packages, word by word as it would be typed."""
    return ("apt-get", "install", "-y", *packages)


def require_packages() -> None:
    """LabError that names the exact command, when packages are missing."""
    if packages := missing_packages():
        raise LabError(
            f"the lab needs packages that are not installed: {', '.join(packages)}",
            hint=f"install them with `{' '.join(install_command(packages))}`, or use `--install`",
        )


def install_packages(progress: Progress) -> None:
    """Install what is missing, if anything is."""
    if packages := missing_packages():
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        progress("apt-get update")
        run(("apt-get", "update"), env=quiet)
        progress(" ".join(install_command(packages)))
        run(install_command(packages), env=quiet)


def require_root() -> None:
    """LabError for everybody but root: nodes need mounts, bridges and cgroups."""
    if os.geteuid():
        raise LabError("the lab needs root", hint="run the same command with sudo, or as root")


def _is_installed(command: str) -> bool:
    return shutil.which(command, path=_PATH) is not None
