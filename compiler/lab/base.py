"""Base systems of the nodes: one Debian root per engine, built once and never changed.

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

Engine = Literal["podman", "docker"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

_SUITE = "trixie"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_COMMON = (
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "iproute2", "iptables", "nftables",
    "procps", "python3-minimal", "ca-certificates",
)  # fmt: skip
_OF_ENGINE: dict[Engine, tuple[str, ...]] = {
    "podman": ("podman", "crun", "netavark"),
    "docker": ("docker.io", "docker-cli"),
}
# Each node has host keys of its own, so the shared root must not contain any. Nodes have no kernel of
# their own to load modules into: the service would always fail.
_HOOKS = (
    'rm -f "$1"/etc/ssh/ssh_host_*',
    'systemctl --root="$1" --quiet enable systemd-networkd.service',
    'systemctl --root="$1" --quiet mask systemd-modules-load.service',
)


def recipe(engine: Engine) -> tuple[str, ...]:
    """The mmdebstrap command that creates an engine's root, without its last argument, the folder."""
    packages = ",".join((*_COMMON, *_OF_ENGINE[engine]))
    hooks = (f"--customize-hook={hook}" for hook in _HOOKS)
    return ("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", *hooks, _SUITE)


def base(engine: Engine, *, cache: Path) -> Path:
    """The folder of an engine's root, whether it is built or not."""
    digest = hashlib.sha256("\n".join(recipe(engine)).encode()).hexdigest()
    return cache / f"{engine}-{digest[:12]}"


def build_base(engine: Engine, *, cache: Path, progress: Progress) -> Path:
    """Build an engine's root if it does not exist yet (about 20 s and 300 MB), and return its folder."""
    root = base(engine, cache=cache)
    with locked(cache / "lock"):
        if not root.is_dir():
            progress(f"building the base system for {engine} (once)")
            _build(engine, root)
    return root


def _build(engine: Engine, root: Path) -> None:
    building = root.with_name(f"{root.name}.building")
    if building.exists():
        shutil.rmtree(building)
    keyring = (f"--keyring={_KEYRING}",) if _KEYRING.exists() else ()
    run((*recipe(engine), building, *keyring))
    building.rename(root)
