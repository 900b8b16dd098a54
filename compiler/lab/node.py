"""One node: a Debian system booted by systemd-nspawn, which reboots and crashes as a host does."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from subprocess import run as run_process
from typing import Literal

from compiler.lab import network
from compiler.lab.base import DEFAULT_RELEASE, Engine, Release
from compiler.lab.cgroup import Cgroup, program_cgroup
from compiler.lab.place import SHARED, Lab
from compiler.lab.system import LabError, run, wait_until

NodeState = Literal["up", "cut", "off"]

_STORES: Mapping[Engine, str] = {"podman": "/var/lib/containers", "docker": "/var/lib/docker"}
_NSPAWN = Path("/run/systemd/nspawn")
_DEVICES = ("/dev/fuse", "/dev/net/tun")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabNode:
    """A node of the lab; its state is read from the kernel each time.

    `base` is the root that it was created from and that remains the lower layer of its disk.
    """

    lab: Lab
    number: int
    engine: Engine
    release: Release = DEFAULT_RELEASE
    base: Path

    @property
    def name(self) -> str:
        """The name and host name: `node1`."""
        return f"node{self.number}"

    @property
    def address(self) -> str:
        """Its IPv4 address on the lab's bridge: `198.18.77.11` for node 1."""
        return f"{self.lab.subnet}.{10 + self.number}"

    @property
    def address6(self) -> str:
        """Its IPv6 address: `fd00:198:18:77::11` for node 1."""
        return f"{self.lab.subnet6}::{10 + self.number}"

    @property
    def folder(self) -> Path:
        """The folder of the node on the machine."""
        return self.lab.state / self.name

    @property
    def root(self) -> Path:
        """Where its root file system is mounted."""
        return self.folder / "root"

    @property
    def console(self) -> Path:
        """The console output of its systemd."""
        return self.folder / "console.log"

    @property
    def cable(self) -> str:
        """The bridge's end of its network cable; the kernel allows 15 characters."""
        return f"vb-{self._machine}"

    @property
    def state(self) -> NodeState:
        """`up`, `cut` off the network, or `off`."""
        if not self._cgroup.populated:
            return "off"
        return "cut" if network.unplugged(self.cable) else "up"

    @property
    def record_file(self) -> Path:
        """The file with the node's record, for `load`."""
        return self.folder / "node.json"

    @property
    def finished(self) -> bool:
        """Whether its disk has been created completely."""
        return self._host_key.exists()

    @property
    def host_key(self) -> str:
        """The public half of its ssh host key, as in known_hosts: `ssh-ed25519 AAAA…`."""
        return " ".join(self._host_key.read_text().split()[:2])

    @property
    def _host_key(self) -> Path:
        return self.folder / "host_key.pub"

    @property
    def _machine(self) -> str:
        return f"{self.lab.bridge}-{self.number}"

    @property
    def _cgroup(self) -> Cgroup:
        return program_cgroup(self.lab.bridge, self.name)

    def ssh_command(self, *options: str) -> tuple[str, ...]:
        """The ssh command that logs in to the node as root; append the command to run there."""
        settings = (
            f"IdentityFile={self.lab.identity_file}", "IdentitiesOnly=yes", "BatchMode=yes",
            f"UserKnownHostsFile={self.lab.known_hosts}", "StrictHostKeyChecking=yes",
            "ConnectTimeout=2", "LogLevel=ERROR",
        )  # fmt: skip
        flags = (word for setting in settings for word in ("-o", setting))
        return ("ssh", "-F", "none", *flags, *options, f"root@{self.address}")

    def run(self, argv: Sequence[str], *, stdin: str = "", seconds: float = 60) -> str:
        """Run a command on the node over ssh and return its stdout; LabError when it fails."""
        done = self.attempt(argv, stdin=stdin, seconds=seconds)
        if done.returncode:
            raise LabError(
                f"`{shlex.join(argv)}` failed on {self.name} with status {done.returncode}",
                hint=done.stderr.strip() or None,
            )
        return done.stdout

    def attempt(self, argv: Sequence[str], *, stdin: str = "", seconds: float = 60) -> CompletedProcess[str]:
        """Run a command on the node over ssh and return its result, even if it failed.

        Status 255 means that ssh could not log in, 124 that the command took longer than `seconds`.
        """
        words = (*self.ssh_command(), shlex.join(argv))
        try:
            return run_process(
                words, input=stdin, capture_output=True, text=True, check=False, timeout=seconds
            )
        except TimeoutExpired:
            return CompletedProcess(words, 124, "", f"no answer within {seconds:g} s")

    def boot_id(self) -> str:
        """The kernel's id of this boot of the node, which changes with each reboot."""
        return self.run(("cat", "/proc/sys/kernel/random/boot_id")).strip()

    def boot(self) -> None:
        """Start the node if it is off; `wait` returns when it is up."""
        if self._cgroup.populated:
            return
        self.mount()
        self.lab.shared.mkdir(exist_ok=True)
        network.remove(self.cable)
        # If the machine mounts cgroup v1 too, nspawn gives the node version 2 only with this variable.
        self._cgroup.start(
            _nspawn(self, self._machine), log=self.console, env={"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        )

    def wait(self, *, seconds: float = 120, after: str | None = None) -> None:
        """Return when sshd answers and systemd has finished its boot (another boot than `after`)."""
        deadline = time.monotonic() + seconds

        def booted() -> bool:
            if self.state == "off":
                raise LabError(f"{self.name} has powered off", hint=f"see {self.console}")
            # While the node boots, its new cable exists for a moment before it is connected.
            if not wait_until(lambda: self.state != "cut", seconds=5):
                raise LabError(f"{self.name} is disconnected", hint=f"run `heatsink lab heal {self.number}`")
            left = max(1.0, deadline - time.monotonic())
            words = self.attempt(("sh", "-c", _BOOTED), seconds=left).stdout.split()
            return len(words) == 2 and words[0] != after and words[1] in ("running", "degraded")

        if not wait_until(booted, seconds=seconds):
            raise LabError(f"{self.name} did not boot within {seconds:g} s", hint=f"see {self.console}")

    def settle(self, *, seconds: float = 120, after: str | None = None) -> None:
        """Wait as `wait` does, and start the node again if it is off.

        When much starts together, an nspawn occasionally exits in its first second without a message; a
        second start works.
        """
        try:
            self.wait(seconds=seconds, after=after)
        except LabError:
            if self.state != "off":
                raise
            self.boot()
            self.wait(seconds=seconds, after=after)

    def reboot(self, *, seconds: float = 120) -> None:
        """Run `systemctl reboot` on the node, and wait until it is up again."""
        before = self.boot_id()
        self.attempt(("systemctl", "reboot"))
        self.settle(seconds=seconds, after=before)

    def crash(self) -> None:
        """Power the node off abruptly: kill all its processes at once, and keep its disk."""
        self._cgroup.kill()
        network.remove(self.cable)

    def cut(self) -> None:
        """Disconnect the node's network cable."""
        self._check_on()
        network.switch(self.cable, "down")

    def heal(self) -> None:
        """Reconnect the node's network cable."""
        self._check_on()
        network.switch(self.cable, "up")

    def mount(self) -> None:
        """Mount the node's root: an overlay of its own changes over the base."""
        if os.path.ismount(self.root):
            return
        layers = f"lowerdir={self.base},upperdir={self.folder}/upper,workdir={self.folder}/work"
        run(("mount", "-t", "overlay", "overlay", "-o", layers, self.root))

    def destroy(self) -> None:
        """Power the node off and delete all its files from the machine."""
        self.crash()
        _sweep(self.root, self._machine)
        if os.path.ismount(self.root):
            run(("umount", "--recursive", self.root))
        shutil.rmtree(self.folder)

    def _check_on(self) -> None:
        if self.state == "off":
            raise LabError(f"{self.name} is off", hint=f"run `heatsink lab boot {self.number}`")


# `--wait` returns when the boot has finished, also if the system is degraded.
_BOOTED = "cat /proc/sys/kernel/random/boot_id; systemctl is-system-running --wait"


def load(lab: Lab, number: int) -> LabNode:
    """The node of that number; LabError if it does not exist."""
    try:
        record = json.loads((lab.state / f"node{number}" / "node.json").read_text())
    except FileNotFoundError:
        raise LabError(f"there is no node{number}", hint="run `heatsink lab list` to see the nodes") from None
    if record["subnet"] != lab.subnet:
        raise LabError(
            f"node{number} belongs to subnet {record['subnet']}, not to {lab.subnet}",
            hint=f"use `--subnet {record['subnet']}`",
        )
    return LabNode(
        lab=lab,
        number=number,
        engine=record["engine"],
        release=record.get("release", DEFAULT_RELEASE),  # nodes of earlier versions have none
        base=Path(record["base"]),
    )


def _sweep(root: Path, machine: str) -> None:
    """Remove what a killed nspawn leaves in /run: a folder, and a lock named after the root's inode."""
    with suppress(FileNotFoundError):
        inode = root.stat()
        (_NSPAWN / f"locks/inode-{inode.st_dev}:{inode.st_ino}").unlink()
    with suppress(FileNotFoundError):
        (_NSPAWN / "propagate" / machine).rmdir()


def node_record(node: LabNode) -> dict[str, str]:
    """The content of `node.json`, which `load` reads."""
    return {
        "engine": node.engine,
        "release": node.release,
        "base": str(node.base),
        "subnet": node.lab.subnet,
    }


def _nspawn(node: LabNode, machine: str) -> tuple[str | Path, ...]:
    """The command that boots a node. It needs no systemd on the machine: no unit, no machined."""
    binds = (f"--bind={device}" for device in _DEVICES if Path(device).exists())
    return (
        "systemd-nspawn", "--quiet", "--boot", "--console=pipe", "--register=no", "--keep-unit",
        f"--directory={node.root}", f"--machine={machine}", f"--hostname={node.name}",
        f"--network-bridge={node.lab.bridge}", "--link-journal=no", "--private-users=no",
        # Nodes share the machine's clock and must not set it; podman and docker need the other capabilities.
        "--capability=all", "--drop-capability=CAP_SYS_TIME", "--system-call-filter=@keyring bpf @mount",
        # Container storage uses overlays, which do not work on top of an overlay.
        f"--bind={node.folder}/store:{_STORES[node.engine]}", f"--bind={node.lab.shared}:{SHARED}", *binds,
    )  # fmt: skip
