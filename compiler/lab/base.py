"""Base systems of the nodes: one Debian root per engine and release, built once and never changed.

A node mounts it as the lower layer of an overlay, and a lower layer must not change under a mount:
https://docs.kernel.org/filesystems/overlayfs.html#changes-to-underlying-filesystems
A changed recipe therefore gets a folder of its own, named after its digest.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Literal, get_args

from compiler.lab.system import Progress, locked, run
from compiler.lab.users import SUDO_RULES

Engine = Literal["podman", "docker"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
Release = Literal["trixie", "bookworm"]
RELEASES: tuple[Release, ...] = get_args(Release)
DEFAULT_RELEASE: Release = "trixie"

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_COMMON = (
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "iproute2", "iptables", "nftables",
    "procps", "sudo", "ca-certificates",
)  # fmt: skip
_OF_ENGINE: dict[Engine, tuple[str, ...]] = {
    "podman": ("podman", "netavark"),
    "docker": ("docker.io",),
}
# In Debian 12, python3-minimal has no `json`, docker.io contains the client, and crun does not work where
# CAP_SYS_RESOURCE is missing: it wants to lock any amount of memory.
_OF_RELEASE: dict[tuple[Release, Engine], tuple[str, ...]] = {
    ("trixie", "podman"): ("python3-minimal", "crun"),
    ("trixie", "docker"): ("python3-minimal", "docker-cli"),
    ("bookworm", "podman"): ("python3", "runc"),
    ("bookworm", "docker"): ("python3",),
}
# A base that is lost is built again: there is no need to wait for the disk.
_FAST = ("--dpkgopt=force-unsafe-io",)
# Each node has host keys of its own, so the shared root must not contain any. Nodes have no kernel of
# their own to load modules into: the service would always fail.
_HOOKS = (
    'rm -f "$1"/etc/ssh/ssh_host_*',
    'systemctl --root="$1" --quiet enable systemd-networkd.service',
    'systemctl --root="$1" --quiet mask systemd-modules-load.service',
    *(f'chroot "$1" useradd --no-user-group --create-home --shell /bin/bash {user}' for user in SUDO_RULES),
)


def recipe(engine: Engine, release: Release) -> tuple[str, ...]:
    """The mmdebstrap command that creates a root, without its last argument, the folder."""
    packages = ",".join((*_COMMON, *_OF_ENGINE[engine], *_OF_RELEASE[release, engine]))
    hooks = (f"--customize-hook={hook}" for hook in _HOOKS)
    return ("mmdebstrap", "--quiet", "--variant=minbase", *_FAST, f"--include={packages}", *hooks, release)


def base(engine: Engine, release: Release, *, cache: Path) -> Path:
    """The folder of a root, whether it is built or not."""
    digest = hashlib.sha256("\n".join(recipe(engine, release)).encode()).hexdigest()
    return cache / f"{release}-{engine}-{digest[:12]}"


def build_base(engine: Engine, release: Release, *, cache: Path, progress: Progress) -> Path:
    """Build a root if it does not exist yet (about 20 s and 300 MB), and return its folder."""
    root = base(engine, release, cache=cache)
    with locked(cache / "lock"):
        if not root.is_dir():
            progress(f"building the base system for {engine} on {release} (once)")
            _build(recipe(engine, release), root)
    return root


def _build(command: tuple[str, ...], root: Path) -> None:
    building = root.with_name(f"{root.name}.building")
    if building.exists():
        shutil.rmtree(building)
    keyring = (f"--keyring={_KEYRING}",) if _KEYRING.exists() else ()
    run((*command, building, *keyring))
    building.rename(root)
