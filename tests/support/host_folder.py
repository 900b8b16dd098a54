"""A folder that stands for a host: real shell and host program, stand-in systemd and podman; and a build."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from compiler.deploy.activation import PushOptions
from compiler.deploy.bundle import BundleFolder, bundle_folder, read_fleet
from compiler.deploy.local import LocalTransport
from compiler.deploy.outcome import DryRun, Outcome
from compiler.deploy.push import dry_run, push
from compiler.deploy.rollback import remove, roll_back
from compiler.deploy.sessions import Sessions
from compiler.deploy.status import Built, HostStatus, statuses
from compiler.deploy.transport import Transport
from compiler.model.artifact import Artifacts
from compiler.model.config import Port
from compiler.model.container import Backend
from compiler.model.credential import Credential
from tests.support import bundles, in_process

ROOT = Path(__file__).parents[2]
OPTIONS = PushOptions(steps=(0, 1, 2, 3, 4, 5), timeout=20, settle=0)

# A unit is active when there is a file of its name, and stops with those that it requires. Run-once units
# are done as soon as they start, and `ran` has the names of their stamps. A file of the unit's name in
# `shown` has further properties, which count; one in `from` says where a unit that is somebody else's comes
# from. No program is started unless units require others: the host program asks it hundreds of times.
SYSTEMCTL = r"""#!/bin/sh
cd "${0%/*}/active"
units=../../root/etc/systemd/system
verb=$1
shift
echo "$verb" >>../calls
requiring=
find_requiring() {
  [ ! -e ../requires ] || requiring=$(
    grep -lsE "^(Requires|BindsTo|PartOf)=$1\$" $units/*.service | sed 's|.*/||' | tr '\n' ' ')
}
stop() {
  [ ! -e "$1" ] || rm -f "$1"
  find_requiring "$1"
  for dependent in $requiring; do
    [ ! -e "$dependent" ] || (stop "$dependent")
  done
}
start() {
  if [ -e "$units/$1" ]; then
    while read -r line; do
      case $line in ConditionPathExists=!*)
        stamp=../../root${line#*!}
        [ ! -e "$stamp" ] || return 0
        [ -d "${stamp%/*}" ] || mkdir -p "${stamp%/*}"
        : >"$stamp"
        echo "${stamp##*/}" >>../ran ;;
      esac
    done <"$units/$1"
  fi
  : >"$1"
  echo "$1" >>../started
}
restart() {
  stop "$1"
  start "$1"
}
show() {
  state=inactive origin=
  [ ! -e "$1" ] || state=active
  [ ! -e "../from/$1" ] || read -r origin <"../from/$1"
  find_requiring "$1"
  printf 'Id=%s\nLoadState=loaded\nActiveState=%s\nResult=success\nNRestarts=0\n' "$1" "$state"
  printf 'RequiredBy=%s\nFragmentPath=%s\n' "$requiring" "$origin"
  [ ! -e "../shown/$1" ] || cat "../shown/$1"
  echo
}
is_active() {
  state=inactive
  [ ! -e "$1" ] || state=active
  if [ -e "../shown/$1" ]; then
    while IFS== read -r key value; do
      [ "$key" != ActiveState ] || state=$value
    done <"../shown/$1"
  fi
  echo "$state"
}
for unit in "$@"; do
  case $unit in -*) continue ;; esac
  case $verb in
    start | stop | restart | show) "$verb" "$unit" ;;
    is-active) is_active "$unit" ;;
  esac
done
"""

# The host program runs from its sources, which Python has compiled before: compiling the zip file takes three
# times as long as all that a push then does, and coverage does not see its lines. Without this file, what was
# sent runs.
_SITE = "" if "COVERAGE_PROCESS_CONFIG" in os.environ else "-S"
PYTHON = f"""#!/bin/sh
PYTHONPATH={ROOT} exec {sys.executable} {_SITE} -m compiler.host
"""

LOG_PATH = re.compile(r"^log: .*\n", re.M)
# Programs that do nothing and succeed.
SILENT = ("docker", "podman", "sync", "systemd-analyze", "systemd-run")


@dataclass(frozen=True)
class HostFolder:
    """A folder that stands for a host, and a build beside it."""

    folder: Path

    def writes(
        self,
        *parts: Artifacts,
        project: str = "",
        credentials: tuple[Credential, ...] = (),
        ports: tuple[Port, ...] = (),
        kernel_modules: tuple[str, ...] = (),
        backend: Backend = Backend.PODMAN,
    ) -> None:
        """Build a bundle. The stand-in systemctl looks for units that require another once there is one."""
        if any(b"\nRequires=heatsink-" in file.content for part in parts for file in part.files):
            (self.folder / "bin/requires").touch()
        build = self.folder / "build"
        bundles.write_build(
            build,
            {"localhost": parts},
            project=project,
            credentials=credentials,
            ports=ports,
            kernel_modules=kernel_modules,
            backend=backend,
        )

    @contextmanager
    def sessions(self, on_progress: Callable[[str], object] = lambda text: None) -> Iterator[Sessions]:
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        transport = LocalTransport(environment={"HEATSINK_ROOT": f"{self.folder}/root", "PATH": path})
        with Sessions(
            {"localhost": transport}, parallel=1, on_progress=lambda host, text: on_progress(text)
        ) as sessions:
            yield sessions

    def bundles(self) -> dict[str, BundleFolder]:
        build = self.folder / "build"
        return {host.name: bundle_folder(build, host) for host in read_fleet(build).hosts}

    def has_podman(self, version: str) -> None:
        """Let the stand-in podman say its version."""
        (self.folder / "bin/podman").write_text(f"#!/bin/sh\necho podman version {version}\n")

    def options(self, taken_over: str = "", base: PushOptions = OPTIONS) -> PushOptions:
        """How a push of the build changes the host."""
        is_built = (self.folder / "build").exists()
        project = read_fleet(self.folder / "build").project if is_built else ""
        return dataclasses.replace(base, project=project, taken_over=taken_over)

    def push(self, *, options: PushOptions = OPTIONS, **secrets: str) -> Outcome:
        with self.sessions() as sessions:
            return push(sessions, self.bundles(), secrets, self.options(base=options))[0]

    def push_taking_over(self, taken_over: str) -> Outcome:
        """A push to a host of another project."""
        with self.sessions() as sessions:
            return push(sessions, self.bundles(), {}, self.options(taken_over))[0]

    def progress(self, options: PushOptions) -> list[str]:
        """The texts that the host reports during a push."""
        texts: list[str] = []
        with self.sessions(texts.append) as sessions:
            push(sessions, self.bundles(), {}, options)
        return texts

    def push_while(self, doing: str, act: Callable[[], object]) -> Outcome:
        """A push; when the host reports that it is doing this, something else happens to it."""
        with self.sessions(lambda text: act() if text == doing else None) as sessions:
            return push(sessions, self.bundles(), {}, OPTIONS)[0]

    def push_over(self, transport: Transport) -> Outcome:
        """A push over another connection than the usual one."""
        with Sessions({"localhost": transport}, parallel=1, on_progress=lambda host, text: None) as sessions:
            return push(sessions, self.bundles(), {}, OPTIONS)[0]

    def dry_run(self, **secrets: str) -> DryRun:
        with self.sessions() as sessions:
            return dry_run(sessions, self.bundles(), secrets, self.options())[0]

    def rollback(self, to: int | str | None = None) -> Outcome:
        with self.sessions() as sessions:
            return roll_back(sessions, None if to is None else str(to), self.options())[0]

    def says(self, *arguments: str, code: int = 0, stdin: int | None = None) -> str:
        """What a command prints that is run beside the build, without the path of its log; it must end with
        this exit code."""
        with open(os.devnull) if stdin is None else os.fdopen(os.dup(stdin)) as read:  # noqa: PTH123
            ended, text = in_process.printed(arguments, self.folder, self.environment, read)
        assert ended == code, text
        return LOG_PATH.sub("", text)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands, for which this machine is the folder that stands for a host."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HEATSINK_ROOT": f"{self.folder}/root",
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "XDG_STATE_HOME": f"{self.folder}/state",
        }

    def remove(self) -> Outcome:
        with self.sessions() as sessions:
            return remove(sessions, self.options())[0]

    def status(self, **secrets: str) -> HostStatus:
        """Its state; values of secrets are compared if there are any."""
        is_built = (self.folder / "build").exists()
        manifest = self.bundles()["localhost"].host.manifest if is_built else ""
        with self.sessions() as sessions:
            return statuses(sessions, {"localhost": Built(manifest=manifest, secrets=secrets or None)})[0]

    def shows(self, service: str, **properties: object) -> None:
        """Let systemd report these properties of a service, whatever happens to it."""
        path = self.folder / "bin/shown" / f"heatsink-{service}.service"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))

    def installs(self, program: str, text: str) -> None:
        """Install a stand-in for a program: the text of a shell script."""
        path = self.folder / "bin" / program
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def heatsink(
        self, *arguments: str, entered: str = "", environment: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        """The command, run in the folder; this machine is the folder that stands for a host."""
        home = {"HOME": str(self.folder)}
        everything = {**self.environment, **home, **environment}
        return in_process.run(arguments, self.folder, everything, io.StringIO(entered))

    def path(self, path: str) -> Path:
        return self.folder / "root" / path.lstrip("/")

    def started(self) -> list[str]:
        return (self.folder / "bin" / "started").read_text().split()

    def systemctl(self, verb: str, service: str) -> None:
        """What somebody else tells systemd."""
        subprocess.run((self.folder / "bin/systemctl", verb, f"heatsink-{service}.service"), check=True)

    def calls(self) -> list[str]:
        return (self.folder / "bin" / "calls").read_text().split()


def host_folder(folder: Path) -> HostFolder:
    """An empty host on which nothing runs."""
    for name in ("bin/active", "bin/from", "root/etc", "root/var/lib"):
        (folder / name).mkdir(parents=True)
    stand_ins = {
        "systemctl": SYSTEMCTL,
        "python3": PYTHON,
        "sudo": '#!/bin/sh\nshift\nexec "$@"\n',
        **dict.fromkeys(SILENT, "#!/bin/sh\n"),
    }
    for name, text in stand_ins.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    return HostFolder(folder)


def rewrite_manifest(build: Path, old: str, new: str, host: str = "localhost") -> None:
    """Make a manifest say something else, as somebody who wants to harm would."""
    manifest = build / "hosts" / host / "manifest.json"
    manifest.write_text(manifest.read_text().replace(old, new))
    fleet = json.loads((build / "fleet.json").read_text())
    fleet["hosts"][host]["manifest"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    (build / "fleet.json").write_text(json.dumps(fleet))
