"""Long-running programs, each in a control group of its own.

The kernel then knows what pid files only guess: a program runs while its group has a process, and one
write to `cgroup.kill` kills everything it ever started. After a reboot the groups are gone, so nothing
stale can be mistaken for a node.
https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import environ
from pathlib import Path

from compiler.lab.system import LabError, wait_until

_UNIFIED = Path("/sys/fs/cgroup")
_HYBRID = _UNIFIED / "unified"
# Each start gets a new group below: nspawn delegates controllers from its own group, and from then on the
# kernel refuses processes in that one ("no internal processes").
_ENTER = 'own=$(mktemp -d "$0/XXXXXX") && echo 0 > "$own/cgroup.procs" && exec "$@"'
# systemd-nspawn --keep-unit exits with 133 when its system reboots, and must be started again.
_SUPERVISE = 'while "$@"; [ $? -eq 133 ]; do :; done'


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A cgroup v2: `heatsink-lab/<lab>/<name>`."""

    path: Path

    @property
    def populated(self) -> bool:
        """Whether any process runs in the group or below it."""
        with suppress(OSError):  # the group does not exist, or is being removed
            return "populated 1" in (self.path / "cgroup.events").read_text()
        return False

    def start(self, program: Sequence[str | Path], *, log: Path, env: Mapping[str, str]) -> None:
        """Start `program` in the group, with its output appended to `log`; restart it when it reboots.

        When this returns the group is populated: the supervising shell enters it before it forks.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._pass_controllers_down()
        supervised = ("sh", "-c", _SUPERVISE, "supervise", *self._inside(program))
        argv = [str(word) for word in self._inside(("setsid", "--fork", *supervised))]
        with log.open("ab") as output:
            completed = subprocess.run(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**environ, **env}, cwd="/",
                check=False,
            )  # fmt: skip
        if completed.returncode:
            raise LabError(f"`{program[0]}` cannot be started in {self.path}", hint=f"see {log}")

    def kill(self) -> None:
        """Kill every process of the group at once, wait until they have ended, and remove the group."""
        with suppress(FileNotFoundError):
            (self.path / "cgroup.kill").write_text("1")
        if not wait_until(lambda: _removed(self.path) and _removed(_mirror(self.path)), seconds=20):
            raise LabError(
                f"the processes in {self.path} cannot be killed", hint="inspect them with `systemd-cgls`"
            )

    def _inside(self, argv: Sequence[str | Path]) -> tuple[str | Path, ...]:
        return ("sh", "-c", _ENTER, self.path, *argv)

    def _pass_controllers_down(self) -> None:
        """Let children limit memory, cpu and pids, if the machine's cgroup v2 has these controllers."""
        for group in (self.path.parent.parent, self.path.parent, self.path):
            for name in (group / "cgroup.controllers").read_text().split():
                with suppress(OSError):  # a controller used by cgroup v1, or for the root only
                    (group / "cgroup.subtree_control").write_text(f"+{name}")


def program_cgroup(lab: str, name: str) -> Cgroup:
    """The group of one program of a lab."""
    return Cgroup(_labs() / lab / name)


def any_runs(lab: str) -> bool:
    """Whether anything of a lab still runs."""
    return Cgroup(_labs() / lab).populated


def kill_all(lab: str) -> None:
    """Kill everything of a lab that still runs, and remove its groups."""
    Cgroup(_labs() / lab).kill()
    for labs in (_labs(), _mirror(_labs())):
        with suppress(OSError):  # another lab exists, or none ever did
            labs.rmdir()


def _labs() -> Path:
    return _root() / "heatsink-lab"


def _root() -> Path:
    # In the hybrid layout, cgroup v2 is mounted one level deeper.
    return _HYBRID if _HYBRID.is_dir() else _UNIFIED


def _mirror(path: Path) -> Path:
    """The copy of a group that nspawn creates in systemd's cgroup v1 tree, in the hybrid layout only."""
    return _UNIFIED / "systemd" / path.relative_to(_root())


def _removed(path: Path) -> bool:
    folders = (folder for folder in path.rglob("*") if folder.is_dir())
    try:
        for folder in (*sorted(folders, reverse=True), path):
            folder.rmdir()
    except FileNotFoundError:
        return not path.exists()
    except OSError:  # a process has not ended yet
        return False
    return True
