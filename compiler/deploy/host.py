"""The host program: what runs on a host while `heatsink` talks to it.

One file that needs no more than Debian's python3-minimal (3.9 up): no `shutil`, `hmac` or `concurrent`. It is
sent over the connection that it then answers on: requests come in on stdin, one JSON object a line (one
with `size` has that many bytes of zlib behind it), events go out on stdout, one JSON object a line. It keeps
nothing in memory that it cannot find again: what is to be done follows from what is wanted and what is
installed, so a push that died is finished by the next one.

    /var/lib/heatsink/generations/<n>/   manifest.json, secrets.json (0600), root/: the bundle as pushed
    /var/lib/heatsink/current, previous  links to generations that came up
    /var/lib/heatsink/installed.json     what lies here now, and the hash with which each unit came up
    /var/lib/heatsink/state              what the greeting (protocol.py) reads; absent while things change
    /var/lib/heatsink/salt, lock
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import grp
import hashlib
import json
import os
import pwd
import re
import stat
import subprocess
import sys
import time
import urllib.parse
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

FORMAT = 1
KEPT = 10  # generations
PULLS = 4  # images pulled at the same time
HEARTBEAT = 5.0  # seconds of silence after which a sign of life is given
RESTARTS = 5  # a unit that systemd had to restart this often while it should come up has failed
LOCK_PATIENCE = 5.0  # seconds that a host program whose pusher died gets to end its step
JOURNAL_LINES = 10
# An engine prints the ids of what it starts, what it did not find to remove, and conmon's own troubles.
CHATTER = re.compile(r"^[0-9a-f]{64}$|No such container: |^conmon [0-9a-f]+ <n")

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
BEGIN, END = "# BEGIN heatsink", "# END heatsink"

# Applied in this order: owners of directories must exist first, and a module brings its own sysctl keys.
PREPARATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/etc/sysusers.d/", ("systemd-sysusers",)),
    ("/etc/tmpfiles.d/", ("systemd-tmpfiles", "--create")),
    ("/etc/modules-load.d/", ("/usr/lib/systemd/systemd-modules-load",)),
    ("/etc/sysctl.d/", ("/usr/lib/systemd/systemd-sysctl",)),
)
# A module or key that this kernel lacks does not stop a boot either: the unit that needs it will say so.
MAY_FAIL = ("/etc/modules-load.d/", "/etc/sysctl.d/")

SECRET = re.compile(rb"@\{heatsink:secret:([A-Za-z_][A-Za-z0-9_]*)((?:\|(?:url|json))*)\}")
CODINGS: Mapping[str, Callable[[str], str]] = {
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "json": lambda value: json.dumps(value)[1:-1],
}
PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "ActiveEnterTimestamp",
    "StateChangeTimestamp",
)

T = TypeVar("T")


class Refusal(Exception):  # noqa: N818 - it is the host's answer, not a fault of the program
    """Something the operator must know and can mend: what is wrong, and what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PusherLeft(Exception):  # noqa: N818 - an end like any other; the next push goes on from here
    """The other side closed the connection."""


def main() -> int:
    """Answer one request. Exit status 0: done, 1: refused or a unit failed, 2: the pusher left."""
    machine = Machine(root=os.environ.get("HEATSINK_ROOT", ""))
    pusher = Pusher(sys.stdin.buffer, sys.stdout.buffer)
    try:
        request = pusher.hear()
        return VERBS[request["do"]](machine, pusher, request)
    except Refusal as refusal:
        pusher.tell("refused", message=str(refusal), hint=refusal.hint)
        return 1
    except PusherLeft:
        return 2
    except OSError as error:  # a full disk, a folder where a file should be, a program that is not there
        hint = "free some space and push again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        pusher.tell("refused", message=f"{error.strerror}: `{error.filename or STATE}`", hint=hint)
        return 1


# The two ends of the conversation.


class Pusher:
    """The other side: requests and payloads in, events out."""

    def __init__(self, requests: BinaryIO, events: BinaryIO) -> None:
        self._requests = requests
        self._events = events
        self._present = True

    def hear(self) -> dict[str, Any]:
        """The next request; raises PusherLeft at the end of input."""
        line = self._requests.readline()
        if not line.endswith(b"\n"):
            raise PusherLeft
        request: dict[str, Any] = json.loads(line)
        return request

    def payload(self, size: int) -> bytes:
        """The `size` compressed bytes behind a request, as they were before."""
        packed = self._requests.read(size)
        if len(packed) < size:
            raise PusherLeft
        return zlib.decompress(packed)

    def wait_for(self, word: str | int) -> None:
        """Wait for the word to go on, which is given when every host is there."""
        if self.hear().get("go") != word:
            raise PusherLeft

    def tell(self, event: str, **fields: object) -> None:
        """Say what happened. A step that has begun is ended also when nobody listens any more."""
        if self._present:
            try:
                self._events.write(json.dumps({"event": event, **fields}).encode() + b"\n")
                self._events.flush()
            except BrokenPipeError:
                self._present = False


@dataclasses.dataclass(frozen=True)
class Machine:
    """The host. With a root, a picture of a host below that folder: files there, their owners left alone."""

    root: str = ""

    def path(self, path: str) -> Path:
        """Where an absolute path of the host is found."""
        return Path(self.root + path)

    def owns(self) -> bool:
        """Whether files are given to the owners that the manifest names."""
        return not self.root

    def has(self, program: str) -> bool:
        """Whether a program can be run here by its name."""
        folders = os.environ.get("PATH", os.defpath).split(":")
        return any(os.access(f"{folder}/{program}", os.X_OK) for folder in folders)

    def run(self, argv: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """The command's end, with what it wrote; never an exception for its exit status."""
        process = self.start(argv, **environment)
        output, complaint = process.communicate()
        return subprocess.CompletedProcess(argv, process.returncode, output, complaint)

    def start(self, argv: Sequence[str], **environment: str) -> subprocess.Popen[str]:
        """A command that runs by itself, its output caught."""
        return subprocess.Popen(
            argv,
            env={**os.environ, "LC_ALL": "C", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )


# What a generation is.


@dataclasses.dataclass(frozen=True)
class File:
    """One file of the manifest."""

    path: str
    mode: str
    owner: str
    sha256: str
    size: int
    sensitive: bool


@dataclasses.dataclass(frozen=True)
class Link:
    """One symbolic link of the manifest."""

    path: str
    target: str


@dataclasses.dataclass(frozen=True)
class Unit:
    """One unit of the manifest."""

    name: str
    kind: str
    step: int
    hash: str
    service: str = ""
    container: str = ""
    stamp: str | None = None
    health: bool = False
    images: Sequence[str] = ()
    secrets: Sequence[str] = ()

    @property
    def is_target(self) -> bool:
        """Whether it only gathers others."""
        return self.kind == "target"

    @property
    def runs_once(self) -> bool:
        """Whether it is up when it is done."""
        return self.kind == "run-once"


@dataclasses.dataclass(frozen=True)
class Generation:
    """A bundle as it was pushed to this host, and the values of its secrets."""

    manifest: bytes
    secrets: Mapping[str, str]
    engine: str
    files: Sequence[File]
    links: Sequence[Link]
    units: Sequence[Unit]
    volumes: Sequence[str] = ()
    folder: str = f"{STATE}/generations/.staging"

    @classmethod
    def of(cls, manifest: bytes, secrets: Mapping[str, str]) -> Generation:
        """A manifest's bytes, understood."""
        entries = json.loads(manifest)
        return cls(
            manifest=manifest,
            secrets=secrets,
            engine="docker" if entries["backend"] == "docker" else "podman",
            files=[_made(File, entry) for entry in entries["files"]],
            links=[_made(Link, entry) for entry in entries["links"]],
            units=[_made(Unit, entry) for entry in entries["units"]],
            volumes=entries.get("volumes", ()),
        )

    @property
    def number(self) -> int:
        """Its number; 0 as long as it is not kept."""
        name = self.folder.rpartition("/")[2]
        return int(name) if name.isdigit() else 0

    @property
    def services(self) -> list[Unit]:
        """Its units without the targets, in start order."""
        return [unit for unit in self.units if not unit.is_target]

    def content(self, machine: Machine, file: File) -> bytes:
        """A file as it is to lie on the host, secrets put in."""
        content = machine.path(f"{self.folder}/root{file.path}").read_bytes()
        return with_secrets(content, self.secrets) if file.sensitive else content

    def hashes(self, salt: str) -> dict[str, str]:
        """Unit → what differs if and only if it must restart: its own hash and the values of its secrets."""
        return {
            unit.name: digest(salt, unit.hash, {name: self.secrets[name] for name in unit.secrets})
            for unit in self.services
        }


def _made(kind: Callable[..., T], entry: Mapping[str, Any]) -> T:
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: value for key, value in entry.items() if key in known})


def digest(salt: str, manifest: str, secrets: Mapping[str, str]) -> str:
    """What tells a generation from every other: its manifest's hash and its secrets' values.

    Keyed with the host's own salt, so that a weak secret cannot be guessed from it elsewhere.
    """
    text = json.dumps([manifest, sorted(secrets.items())])
    return hashlib.blake2b(text.encode(), key=salt.encode(), digest_size=32).hexdigest()


def with_secrets(content: bytes, secrets: Mapping[str, str]) -> bytes:
    """The content with each `@{heatsink:secret:NAME|coding}` replaced by the value, coded left to right."""

    def value(match: re.Match[bytes]) -> bytes:
        text = secrets[match[1].decode()]
        for coding in filter(None, match[2].decode().split("|")):
            text = CODINGS[coding](text)
        return text.encode()

    return SECRET.sub(value, content)


# What lies on the host.


@dataclasses.dataclass
class Installed:
    """What heatsink put on this host. Written before things happen as well, so it never says too little."""

    generation: int = 0
    engine: str = ""
    reload: bool = False  # systemd has not read the units' files since they changed
    files: list[str] = dataclasses.field(default_factory=list)
    links: list[str] = dataclasses.field(default_factory=list)
    folders: list[str] = dataclasses.field(default_factory=list)  # those that we made
    units: dict[str, str] = dataclasses.field(
        default_factory=dict
    )  # name → the hash it came up with, "" before
    prepared: dict[str, str] = dataclasses.field(default_factory=dict)  # path → hash of what was applied

    @classmethod
    def on(cls, machine: Machine) -> Installed:
        """What the host says; nothing at all before the first push."""
        try:
            return _made(cls, json.loads(machine.path(f"{STATE}/installed.json").read_bytes()))
        except FileNotFoundError:
            return cls()

    def save(self, machine: Machine) -> None:
        """Put it on the disk."""
        write(machine.path(f"{STATE}/installed.json"), json.dumps(dataclasses.asdict(self)).encode(), 0o600)


@contextlib.contextmanager
def locked(machine: Machine, owner: str) -> Iterator[None]:
    """Keep every other pusher out, or refuse and say who is at it."""
    path = machine.path(f"{STATE}/lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        deadline = time.monotonic() + LOCK_PATIENCE
        while not _flock(lock.fileno()):
            if time.monotonic() > deadline:
                lock.seek(0)
                raise Refusal(f"is being changed by {lock.read().strip()}", hint="wait until that has ended")
            time.sleep(0.1)
        lock.truncate(0)
        lock.write(f"{owner} since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
        lock.flush()
        yield
        lock.truncate(0)


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def generations(machine: Machine) -> list[int]:
    """The numbers of the generations kept here, ascending."""
    folder = machine.path(f"{STATE}/generations")
    return sorted(int(path.name) for path in folder.glob("[0-9]*")) if folder.is_dir() else []


def generation(machine: Machine, number: int) -> Generation:
    """A generation kept here."""
    folder = f"{STATE}/generations/{number}"
    secrets = json.loads(machine.path(f"{folder}/secrets.json").read_bytes())
    kept = Generation.of(machine.path(f"{folder}/manifest.json").read_bytes(), secrets)
    return dataclasses.replace(kept, folder=folder)


def keep(machine: Machine, staged: Generation) -> Generation:
    """Give a staged generation the next number."""
    if staged.number:
        return staged
    folder = f"{STATE}/generations/{max(generations(machine), default=0) + 1}"
    machine.path(staged.folder).rename(machine.path(folder))
    return dataclasses.replace(staged, folder=folder)


def linked(machine: Machine, name: str) -> int:
    """The number that `current` or `previous` stands at; 0 for none."""
    path = machine.path(f"{STATE}/{name}")
    return int(path.readlink().name) if path.is_symlink() else 0


def salt_of(machine: Machine) -> str:
    """The host's own salt, made when first asked for."""
    path = machine.path(f"{STATE}/salt")
    if not path.exists():
        write(path, os.urandom(32).hex().encode(), 0o600)
    return path.read_text()


# The verbs.


def push(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Take a bundle in and switch it on, or with `dry` only say what that would change."""
    wanted = Generation.of(pusher.payload(request["size"]), request["secrets"])
    with locked(machine, request["by"]):
        check_paths(wanted)
        check_engine(machine, wanted)
        staged = stage(machine, pusher, wanted)
        try:
            check_units(machine, staged)
            return activate(machine, pusher, staged, request)
        finally:
            if machine.path(wanted.folder).exists():  # it was not wanted, or not good enough, to be kept
                remove_tree(machine.path(wanted.folder))


def rollback(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Switch on a generation kept here: `to`, or the last one that came up before what lies here now."""
    with locked(machine, request["by"]):
        number = request["to"] or _before(machine)
        kept = generations(machine)
        if number not in kept:
            numbers = ", ".join(map(str, kept)) or "none"
            raise Refusal(
                f"generation {number} is not kept here" if number else "there is no generation to go back to",
                hint=f"kept here: {numbers}",
            )
        return activate(machine, pusher, generation(machine, number), request)


def _before(machine: Machine) -> int:
    current = linked(machine, "current")
    return current if Installed.on(machine).generation != current else linked(machine, "previous")


def activate(machine: Machine, pusher: Pusher, wanted: Generation, request: Mapping[str, Any]) -> int:
    """Make the host what a generation says: check, install, then start one step after the other."""
    installed = Installed.on(machine)
    salt = salt_of(machine)
    plan = planned(machine, wanted, installed, salt)
    if request.get("dry"):
        pusher.tell("plan", **plan.summary())
        return 0
    pull(machine, pusher, wanted, plan.images)
    pusher.tell("ready", **plan.summary())
    pusher.wait_for("install")
    make_volumes(machine, wanted)
    wanted = keep(machine, wanted)
    activation = Activation(machine, pusher, wanted, installed, salt, request["timeout"])
    activation.install(plan)
    pusher.tell("installed", written=len(plan.writes) + len(plan.links), removed=len(plan.removals))
    for step in request["steps"]:
        pusher.wait_for(step)
        if not activation.bring_up(step):
            return 1
    pusher.wait_for("finish")
    return activation.finish(settle=request["settle"])


def status(machine: Machine, pusher: Pusher, _: Mapping[str, Any]) -> int:
    """Say how every unit of the installed generation is."""
    number = Installed.on(machine).generation
    if not number:
        pusher.tell("status", generation=0, current=0, units=[])
        return 0
    wanted = generation(machine, number)
    states = unit_states(machine, _names(wanted.services))
    healths = healths_of(machine, wanted.engine, [unit for unit in wanted.services if unit.health])
    pusher.tell(
        "status",
        generation=number,
        current=linked(machine, "current"),
        units=[_report(machine, unit, states[unit.name], healths) for unit in wanted.services],
    )
    return 0


def _report(machine: Machine, unit: Unit, state: State, healths: Mapping[str, str]) -> dict[str, object]:
    health = healths.get(unit.container, "")
    up = is_up(machine, unit, state) and health != "unhealthy"
    return {
        "service": unit.service,
        "unit": unit.name,
        "container": unit.container,
        "step": unit.step,
        "up": up,
        "state": "done" if up and unit.runs_once else state.words,
        "since": state.since,
        "restarts": state.restarts,
        "health": health,
    }


VERBS = {"push": push, "rollback": rollback, "status": status}


# Taking a bundle in.


def check_paths(wanted: Generation) -> None:
    """Refuse a manifest that would write where no artifact belongs."""
    for path in [file.path for file in wanted.files] + [link.path for link in wanted.links]:
        if not is_writable(path):
            raise Refusal(f"the bundle may not write `{path}`", hint=f"allowed: {', '.join(WRITABLE)}")


def is_writable(path: str) -> bool:
    """Whether an artifact may lie at a path: absolute, normalised, below WRITABLE and not one of our own."""
    own = any(path == name or path.startswith(f"{name}/") for name in OWN)
    return os.path.normpath(path) == path and path.startswith(WRITABLE) and not own and "\0" not in path


def check_engine(machine: Machine, wanted: Generation) -> None:
    """Refuse when containers are wanted and nothing is here that runs them."""
    if any(unit.images for unit in wanted.units) and not machine.has(wanted.engine):
        package = {"docker": "docker.io"}.get(wanted.engine, wanted.engine)
        hint = f"install it (Debian: apt-get install {package}), or give the host another ContainerBackend"
        raise Refusal(f"`{wanted.engine}` is not installed", hint)


def stage(machine: Machine, pusher: Pusher, wanted: Generation) -> Generation:
    """The generation on this host's disk: one already kept, or a new one made of what is sent."""
    known = next((kept for kept in _kept(machine) if _same(kept, wanted)), None)
    blobs = _blobs(machine, wanted)
    lacking = [file for file in _distinct(wanted.files) if file.sha256 not in blobs]
    pusher.tell("lacks", blobs=[file.sha256 for file in lacking])
    received = _received(pusher, lacking)
    if known and not lacking:
        return known
    staging = machine.path(wanted.folder)
    staging.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if staging.exists():
        remove_tree(staging)
    _write_tree(staging / "root", wanted.files, blobs, received)
    write(staging / "manifest.json", wanted.manifest, 0o600)
    write(staging / "secrets.json", json.dumps(dict(wanted.secrets)).encode(), 0o600)
    return wanted


def _kept(machine: Machine) -> Iterator[Generation]:
    return (generation(machine, number) for number in reversed(generations(machine)))


def _same(one: Generation, other: Generation) -> bool:
    return one.manifest == other.manifest and one.secrets == other.secrets


def _distinct(files: Iterable[File]) -> list[File]:
    return list({file.sha256: file for file in files}.values())


def _blobs(machine: Machine, wanted: Generation) -> dict[str, Path]:
    """Hash → a file of a kept generation with that content; what it holds is looked at, not believed."""
    needed = {file.sha256 for file in wanted.files}
    found: dict[str, Path] = {}
    for kept in _kept(machine):
        for file in kept.files:
            if file.sha256 in needed and file.sha256 not in found:
                path = machine.path(f"{kept.folder}/root{file.path}")
                if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256:
                    found[file.sha256] = path
    return found


def _received(pusher: Pusher, lacking: Sequence[File]) -> dict[str, bytes]:
    """Hash → content of what was lacking: it is sent as one piece, in the order asked for."""
    if not lacking:
        return {}
    rest = memoryview(pusher.payload(pusher.hear()["size"]))
    received: dict[str, bytes] = {}
    for file in lacking:
        received[file.sha256] = bytes(rest[: file.size])
        rest = rest[file.size :]
        if hashlib.sha256(received[file.sha256]).hexdigest() != file.sha256:
            raise Refusal(
                f"`{file.path}` arrived with another content than its manifest says", hint="compile again"
            )
    return received


def _write_tree(
    root: Path, files: Sequence[File], blobs: Mapping[str, Path], received: Mapping[str, bytes]
) -> None:
    """Lay a generation's files out; content that an older one has is shared with it."""
    root.mkdir(parents=True, mode=0o700)
    for file in files:
        path = Path(f"{root}{file.path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.sha256 in blobs:
            os.link(blobs[file.sha256], path)
        else:
            path.write_bytes(received[file.sha256])


def check_units(machine: Machine, wanted: Generation) -> None:
    """Let systemd and Quadlet read the staged units before any of them replaces a good one."""
    root = machine.path(f"{wanted.folder}/root")
    folder = root / "etc/systemd/system"
    units = sorted(str(path) for path in folder.glob("*") if path.is_file())
    if units and machine.has("systemd-analyze"):
        # Of the units alone: an odd unit of the distribution's that ours depend on is not the bundle's fault.
        argv = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units)
        done = machine.run(argv, SYSTEMD_UNIT_PATH=f"{folder}:")
        _require(done, "systemd does not accept the units", cut=str(root))
    quadlets = root / "etc/containers/systemd"
    generator = "/usr/lib/systemd/system-generators/podman-system-generator"
    if quadlets.is_dir() and Path(generator).exists():
        done = machine.run((generator, "--dryrun"), QUADLET_UNIT_DIRS=str(quadlets))
        _require(done, "podman does not accept the Quadlet files", cut=str(root))


def _require(done: subprocess.CompletedProcess[str], message: str, cut: str = "") -> None:
    """Refuse with what a command that failed complained of, `cut` taken out of it."""
    if done.returncode:
        complaint = done.stderr.replace(cut, "") if cut else done.stderr
        lines = [line for line in complaint.splitlines() if line.strip()] or [
            f"exit status {done.returncode}"
        ]
        raise Refusal("\n  ".join((f"{message}:", *lines[:10])))


# Images.


def pull(machine: Machine, pusher: Pusher, wanted: Generation, images: Sequence[str]) -> None:
    """Fetch the images that are not here yet, a few at a time, before anything on the host is touched."""
    missing = _not_here(machine, wanted.engine, images) if images else []
    if not missing:
        return
    pusher.tell("progress", text=f"pulling {_counted(len(missing), 'image')}")
    problems = [problem for problem in _pulls(machine, pusher, wanted.engine, missing) if problem]
    if problems:
        hint = "nothing on the host was changed; `heatsink images push` provides images"
        raise Refusal("\n  ".join(problems), hint)


def _not_here(machine: Machine, engine: str, images: Sequence[str]) -> list[str]:
    """The images whose digest is not here. A tag may have moved, so one is always fetched again."""
    listing = machine.run((engine, "images", "--digests", "--format", "{{.Repository}}@{{.Digest}}"))
    here = set(listing.stdout.split())
    return sorted(set(images) - here)


def _pulls(machine: Machine, pusher: Pusher, engine: str, images: Sequence[str]) -> Iterator[str | None]:
    """Fetch images; of each what went wrong, if anything did."""
    waiting = list(images)
    running: dict[str, subprocess.Popen[str]] = {}
    while waiting or running:
        while waiting and len(running) < PULLS:
            image = waiting.pop(0)
            running[image] = machine.start((engine, "pull", "--quiet", image))
        _beat(lambda: any(one.poll() is not None for one in running.values()), pusher, "pulling images")
        for image in [image for image, one in running.items() if one.poll() is not None]:
            yield _pull_problem(machine, engine, image, running.pop(image))


def _pull_problem(machine: Machine, engine: str, image: str, done: subprocess.Popen[str]) -> str | None:
    complaint = done.communicate()[1].strip()
    here = (
        machine.run((engine, "image", "inspect", "--format", "{{.Id}}", image)) if done.returncode else done
    )
    if here.returncode == 0:
        return None
    lines = complaint.splitlines() or [f"exit status {done.returncode}"]
    return f"image `{image}` cannot be pulled: {lines[-1].strip()}"


def make_volumes(machine: Machine, wanted: Generation) -> None:
    """Make the named volumes that are missing. Left to the engine, two containers that start at the same
    moment with the same new volume both try to make it, and one fails."""
    if not wanted.volumes:
        return
    here = machine.run((wanted.engine, "volume", "ls", "--format", "{{.Name}}")).stdout.split()
    for name in sorted(set(wanted.volumes) - set(here)):
        done = machine.run((wanted.engine, "volume", "create", name))
        _require(done, f"the volume `{name}` cannot be made")


# What must change.


@dataclasses.dataclass(frozen=True)
class Plan:
    """The differences between what lies on the host and what is wanted."""

    writes: Sequence[File]
    links: Sequence[Link]
    removals: Sequence[str]
    stops: Sequence[str]
    starts: Sequence[Unit]

    @property
    def images(self) -> list[str]:
        """Those of the units that will start."""
        return sorted({image for unit in self.starts for image in unit.images})

    @property
    def written(self) -> list[str]:
        """The paths of files and links that are written."""
        return [file.path for file in self.writes] + [link.path for link in self.links]

    @property
    def rereads(self) -> bool:
        """Whether systemd must read its units again."""
        return any(path.startswith(UNIT_FOLDERS) for path in (*self.written, *self.removals))

    def summary(self) -> dict[str, list[str]]:
        """What an operator wants to know of it."""
        return {
            "writes": self.written,
            "removals": list(self.removals),
            "stops": list(self.stops),
            "starts": _names(self.starts),
        }


def planned(machine: Machine, wanted: Generation, installed: Installed, salt: str) -> Plan:
    """What has to be written, removed, stopped and started to make the host what is wanted."""
    states = unit_states(machine, _names(wanted.services))
    paths = {file.path for file in wanted.files} | {link.path for link in wanted.links}
    names = {unit.name for unit in wanted.units}
    other_engine = installed.engine not in ("", wanted.engine)
    return Plan(
        writes=[file for file in wanted.files if _differs(machine, file, wanted)],
        links=[link for link in wanted.links if not _is_link(machine.path(link.path), link.target)],
        removals=sorted({*installed.files, *installed.links} - paths),
        # Only the old unit knows how to stop a container of the other engine.
        stops=sorted(name for name in installed.units if name not in names or other_engine),
        starts=to_start(machine, wanted.services, wanted.hashes(salt), installed.units, states),
    )


def to_start(
    machine: Machine,
    units: Sequence[Unit],
    wanted: Mapping[str, str],
    known: Mapping[str, str],
    states: Mapping[str, State],
) -> list[Unit]:
    """The units whose hash is not the known one, or that are not up.

    A run-once unit of which nothing is known is done if its stamp says so: a push that ran it may have died.
    """

    def has_changed(unit: Unit) -> bool:
        before = known.get(unit.name, "")
        return before != wanted[unit.name] and not (unit.runs_once and not before)

    return [unit for unit in units if has_changed(unit) or not is_up(machine, unit, states[unit.name])]


def _differs(machine: Machine, file: File, wanted: Generation) -> bool:
    path = machine.path(file.path)
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != _mode(file):
            return True
        if machine.owns() and (found.st_uid, found.st_gid) != _owner(file.owner):
            return True
        return path.read_bytes() != wanted.content(machine, file)
    except FileNotFoundError:
        return True


def _mode(file: File) -> int:
    return 0o600 if file.sensitive else int(file.mode, 8)


def _owner(owner: str) -> tuple[int, int] | None:
    """Numbers of a `user:group`; None while one of them does not exist."""
    user, _, group = owner.partition(":")
    try:
        return (
            int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid,
            int(group) if group.isdigit() else grp.getgrnam(group).gr_gid,
        )
    except KeyError:
        return None


def _is_link(path: Path, target: str) -> bool:
    return path.is_symlink() and str(path.readlink()) == target


# Changing the host.


class Activation:
    """One generation on its way from staged to current."""

    def __init__(
        self,
        machine: Machine,
        pusher: Pusher,
        wanted: Generation,
        installed: Installed,
        salt: str,
        timeout: float,
    ) -> None:
        self._machine = machine
        self._pusher = pusher
        self._wanted = wanted
        self._installed = installed
        self._salt = salt
        self._hashes = wanted.hashes(salt)
        self._timeout = timeout
        self._started: list[Unit] = []

    def install(self, plan: Plan) -> None:
        """Stop what disappears, put the files there, and let systemd read them: once, and only if it must."""
        machine, installed = self._machine, self._installed
        machine.path(f"{STATE}/state").unlink(missing_ok=True)
        self._announce(plan)
        if plan.stops:
            self._pusher.tell("progress", text=f"stopping {_counted(len(plan.stops), 'unit')}")
            self._systemctl("stop", plan.stops)
        self._prepare(plan.writes)
        self._write([file for file in plan.writes if not _preparation(file.path)])
        for link in plan.links:
            place_link(machine.path(link.path), link.target)
        self._remove(plan.removals)
        place_hosts(machine, self._wanted)
        relabel(machine, plan.written)
        if installed.reload:
            _require(machine.run(("systemctl", "daemon-reload")), "systemd could not read its units")
            installed.reload = False
        if plan.stops:
            machine.run(("systemctl", "reset-failed", *plan.stops))
        self._record()

    def _announce(self, plan: Plan) -> None:
        """Write down what will lie here before it does: nothing of ours is forgotten, whatever happens."""
        wanted, installed = self._wanted, self._installed
        folders = _missing_folders(self._machine, plan.written)
        installed.generation = wanted.number
        installed.engine = installed.engine or wanted.engine
        installed.reload = installed.reload or plan.rereads
        installed.files = sorted({*installed.files, *(file.path for file in wanted.files)})
        installed.links = sorted({*installed.links, *(link.path for link in wanted.links)})
        installed.folders = sorted({*installed.folders, *folders})
        installed.units = {**{unit.name: "" for unit in wanted.units}, **installed.units}
        installed.save(self._machine)

    def _record(self) -> None:
        """Write down that what should disappear has."""
        wanted, installed = self._wanted, self._installed
        names = {unit.name for unit in wanted.units}
        installed.engine = wanted.engine
        installed.files = [file.path for file in wanted.files]
        installed.links = [link.path for link in wanted.links]
        installed.units = {name: value for name, value in installed.units.items() if name in names}
        installed.prepared = {
            path: value for path, value in installed.prepared.items() if path in installed.files
        }
        installed.save(self._machine)

    def _prepare(self, writes: Sequence[File]) -> None:
        """Install the files that prepare the host, and apply those that were not applied yet."""
        self._write([file for file in writes if _preparation(file.path)])
        for prefix, command in PREPARATIONS:
            for file in self._wanted.files:
                if file.path.startswith(prefix) and self._installed.prepared.get(file.path) != file.sha256:
                    self._apply(prefix, command, file)

    def _apply(self, prefix: str, command: tuple[str, ...], file: File) -> None:
        done = self._machine.run((*command, str(self._machine.path(file.path))))
        if done.returncode and prefix in MAY_FAIL:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            self._pusher.tell("warning", text=f"{file.path}: {'; '.join(lines)}")
        else:
            _require(done, f"`{file.path}` cannot be applied")
        self._installed.prepared[file.path] = file.sha256
        self._installed.save(self._machine)

    def _write(self, files: Sequence[File]) -> None:
        """Install files: all beside their places first, so that renaming them is a matter of a moment."""
        beside: list[tuple[Path, Path]] = []
        for file in files:
            path = self._machine.path(file.path)
            owner = _owner(file.owner) if self._machine.owns() else None
            if self._machine.owns() and owner is None:
                raise Refusal(f"`{file.path}` belongs to `{file.owner}`, who does not exist here")
            beside.append(
                (write_beside(path, self._wanted.content(self._machine, file), _mode(file), owner), path)
            )
        for new, path in beside:
            new.replace(path)
        for folder in {path.parent for _, path in beside}:
            sync(folder)

    def _remove(self, paths: Sequence[str]) -> None:
        """Delete what is no longer wanted, and the folders made for it once they are empty."""
        for path in paths:
            self._machine.path(path).unlink(missing_ok=True)
        kept = []
        for folder in sorted(self._installed.folders, reverse=True):
            try:
                self._machine.path(folder).rmdir()
            except FileNotFoundError:
                continue
            except OSError:  # something lies in it: ours, or an operator's
                kept.append(folder)
        self._installed.folders = sorted(kept)

    def bring_up(self, step: int) -> bool:
        """Start the units of a step that changed or are not up, all at once. Whether they all came up."""
        units = [unit for unit in self._wanted.services if unit.step == step]
        since = time.time()
        starts = self._stop(units)
        if starts:
            self._pusher.tell("progress", text=f"step {step}: starting {_counted(len(starts), 'unit')}")
            # The target first: in its one transaction systemd keeps the order of all that hangs in it.
            targets = [unit for unit in self._wanted.units if unit.is_target and unit.step == step]
            self._systemctl("start", _names([*targets, *starts]))
        failures = self._wait(starts, deadline=time.monotonic() + self._timeout)
        self._note(units, failures)
        self._started += starts
        failed = self._failures(starts, failures, since)
        self._pusher.tell("step", step=step, started=_names(starts), failed=failed)
        return not failures

    def _stop(self, units: Sequence[Unit]) -> list[Unit]:
        """Stop those of the units that must start, and say which: they changed, or they are not up."""
        states = unit_states(self._machine, _names(units))
        starts = to_start(self._machine, units, self._hashes, self._installed.units, states)
        self._forget(starts)
        if failed := [unit.name for unit in starts if states[unit.name].active == "failed"]:
            self._machine.run(("systemctl", "reset-failed", *failed))
        running = [unit.name for unit in starts if states[unit.name].active not in ("inactive", "failed")]
        if not running:
            return starts
        self._systemctl("stop", running)
        states = unit_states(self._machine, _names(units))
        return to_start(self._machine, units, self._hashes, self._installed.units, states)

    def _forget(self, units: Sequence[Unit]) -> None:
        """Take back what is known of units before they start, and the stamps of those that changed."""
        for unit in units:
            if unit.stamp and self._installed.units[unit.name]:
                self._machine.path(unit.stamp).unlink(missing_ok=True)
            self._installed.units[unit.name] = ""
        if units:
            self._installed.save(self._machine)

    def _inactive(self, names: Sequence[str]) -> list[str]:
        states = unit_states(self._machine, names)
        return [name for name in names if states[name].active != "active"]

    def _systemctl(self, verb: str, names: Sequence[str]) -> None:
        """Have units started or stopped together. How they fared is asked of the units themselves."""
        if not names:
            return
        argv = ("systemctl", verb, *names)
        text = f"waiting for {_counted(len(names), 'unit')}"
        deadline = time.monotonic() + self._timeout
        with self._machine.start(argv) as job:
            while not _beat(lambda: job.poll() is not None, self._pusher, text):
                if time.monotonic() > deadline:
                    job.kill()

    def _wait(self, units: Sequence[Unit], deadline: float) -> dict[str, str]:
        """Wait until every unit is up or lost; the names of those that are lost, and why."""
        failures: dict[str, str] = {}
        waiting = list(units)
        beat, pause = time.monotonic(), 0.05
        while waiting:
            verdicts = verdicts_on(self._machine, self._wanted.engine, waiting)
            failures.update({name: why for name, why in verdicts.items() if why not in ("up", "waiting")})
            waiting = [unit for unit in waiting if verdicts[unit.name] == "waiting"]
            if waiting and time.monotonic() > deadline:
                failures.update({unit.name: f"not up after {self._timeout:g} s" for unit in waiting})
                break
            if time.monotonic() > beat + HEARTBEAT:
                beat = time.monotonic()
                self._pusher.tell("progress", text=f"waiting for {', '.join(_names(waiting))}")
            if waiting:
                time.sleep(pause)
                pause = min(1.0, pause * 2)
        return failures

    def _note(self, units: Sequence[Unit], failures: Mapping[str, str]) -> None:
        """Remember with which hash the units came up."""
        before = dict(self._installed.units)
        for unit in units:
            self._installed.units[unit.name] = "" if unit.name in failures else self._hashes[unit.name]
        if self._installed.units != before:
            self._installed.save(self._machine)

    def _failures(
        self, units: Sequence[Unit], failures: Mapping[str, str], since: float
    ) -> list[dict[str, object]]:
        """Why units are lost, with the last lines of their journals."""
        return [
            {
                "unit": unit.name,
                "why": failures[unit.name],
                "journal": [
                    _without(line, self._wanted.secrets) for line in journal(self._machine, unit, since)
                ],
            }
            for unit in units
            if unit.name in failures
        ]

    def finish(self, *, settle: float) -> int:
        """See that what started has stayed up, then make the generation current."""
        machine, wanted = self._machine, self._wanted
        targets = [unit.name for unit in wanted.units if unit.is_target]
        self._systemctl("start", self._inactive(targets))
        if self._started:
            since = time.time() - HEARTBEAT
            time.sleep(settle)
            failures = self._wait(wanted.services, deadline=time.monotonic() + self._timeout)
            if failures:
                self._note(wanted.services, failures)
                failed = self._failures(wanted.services, failures, since)
                self._pusher.tell("step", step=0, started=[], failed=failed)
                return 1
        clean_stamps(machine, wanted)
        switch(machine, wanted.number)
        write_state(machine, wanted, self._salt)
        collect_garbage(machine)
        self._pusher.tell("done", generation=wanted.number)
        return 0


def _preparation(path: str) -> bool:
    return any(path.startswith(prefix) for prefix, _ in PREPARATIONS)


def _missing_folders(machine: Machine, paths: Iterable[str]) -> set[str]:
    """The folders that will have to be made for some paths."""
    parents = {str(parent) for path in paths for parent in Path(path).parents}
    return {parent for parent in parents if not machine.path(parent).is_dir()}


def _without(line: str, secrets: Mapping[str, str]) -> str:
    """A line of a journal with the secrets taken out, should a service have logged one."""
    for value in secrets.values():
        if len(value) >= 6:
            line = line.replace(value, "********")
    return line


def clean_stamps(machine: Machine, wanted: Generation) -> None:
    """Remove the stamps of what is not wanted any more: if it comes back, it runs again."""
    stamps = {machine.path(unit.stamp) for unit in wanted.units if unit.stamp}
    for path in machine.path(f"{STATE}/stamps").glob("*"):
        if path not in stamps:
            path.unlink()


def switch(machine: Machine, number: int) -> None:
    """Make a generation that came up the current one."""
    current = linked(machine, "current")
    if current not in (0, number):
        place_link(machine.path(f"{STATE}/previous"), f"generations/{current}")
    place_link(machine.path(f"{STATE}/current"), f"generations/{number}")


def write_state(machine: Machine, wanted: Generation, salt: str) -> None:
    """Write what the next push looks at before any Python: digest, units to be up, stamps to exist."""
    value = digest(salt, hashlib.sha256(wanted.manifest).hexdigest(), wanted.secrets)
    services = [unit.name for unit in wanted.services if not unit.runs_once]
    stamps = [unit.stamp for unit in wanted.services if unit.stamp]
    lines = (f"{salt} {value} {wanted.number}", " ".join(services), " ".join(stamps), "")
    write(machine.path(f"{STATE}/state"), "\n".join(lines).encode(), 0o600)


def collect_garbage(machine: Machine) -> None:
    """Forget old generations."""
    spared = {linked(machine, "current"), linked(machine, "previous")}
    for number in generations(machine)[:-KEPT]:
        if number not in spared:
            remove_tree(machine.path(f"{STATE}/generations/{number}"))


def place_hosts(machine: Machine, wanted: Generation) -> None:
    """Keep our block in /etc/hosts as the bundle's list of hosts says; no list, no block."""
    file = next((file for file in wanted.files if file.path == HOSTS), None)
    lines = wanted.content(machine, file).decode() if file else ""
    path = machine.path("/etc/hosts")
    before = path.read_text() if path.exists() else ""
    after = with_block(before, lines)
    if after != before:
        write(path, after.encode(), 0o644)


def with_block(text: str, lines: str) -> str:
    """A hosts file with our marked block replaced, added or (no lines) taken out; all else as it was."""
    start, end = text.find(f"{BEGIN}\n"), text.find(f"{END}\n")
    before, after = (text[:start], text[end + len(END) + 1 :]) if 0 <= start < end else (text, "")
    if before and not before.endswith("\n"):
        before += "\n"
    block = f"{BEGIN}\n{lines.rstrip()}\n{END}\n" if lines.strip() else ""
    return before + block + after


def relabel(machine: Machine, paths: Sequence[str]) -> None:
    """Give new files the labels that SELinux wants of their places."""
    if paths and Path("/sys/fs/selinux/enforce").exists() and machine.has("restorecon"):
        machine.run(("restorecon", "-F", *(str(machine.path(path)) for path in paths)))


def write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, content, mode, None).replace(path)
    sync(path.parent)


def write_beside(path: Path, content: bytes, mode: int, owner: tuple[int, int] | None) -> Path:
    """A new file, on the disk, next to the place where it is to be. Nobody else ever reads a secret one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.heatsink")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if owner:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    return new


def place_link(path: Path, target: str) -> None:
    """Make a symbolic link, or point it somewhere else, in one go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.heatsink")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)


def remove_tree(folder: Path) -> None:
    """Delete a folder and all in it."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


def sync(folder: Path) -> None:
    """Put a folder's names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Units, as systemd and the engine see them.


@dataclasses.dataclass(frozen=True)
class State:
    """How systemd sees a unit."""

    active: str  # active, activating, inactive, failed, …
    sub: str
    result: str
    restarts: int
    since: int | None  # seconds since 1970

    @property
    def words(self) -> str:
        """As `systemctl status` says it."""
        return f"{self.active} ({self.sub})" if self.sub not in ("", self.active) else self.active


def unit_states(machine: Machine, names: Sequence[str]) -> dict[str, State]:
    """How each unit is, asked in one call; a unit that systemd does not know is inactive."""
    if not names:
        return {}
    argv = ("systemctl", "show", "--timestamp=unix", f"--property={','.join(PROPERTIES)}", *names)
    blocks = machine.run(argv).stdout.strip().split("\n\n")
    found = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
    return {name: _state(found[index] if index < len(found) else {}) for index, name in enumerate(names)}


def _state(properties: Mapping[str, str]) -> State:
    active = properties.get("ActiveState", "inactive")
    stamp = properties.get("ActiveEnterTimestamp" if active == "active" else "StateChangeTimestamp", "")
    return State(
        active=active,
        sub="not found" if properties.get("LoadState") == "not-found" else properties.get("SubState", ""),
        result=properties.get("Result", ""),
        restarts=int(properties.get("NRestarts") or 0),
        since=int(stamp[1:]) if stamp.startswith("@") and stamp[1:].isdigit() else None,
    )


def is_up(machine: Machine, unit: Unit, state: State) -> bool:
    """Whether a service is active, or what runs once has run: its stamp says so also after a reboot."""
    if unit.runs_once and unit.stamp:
        return machine.path(unit.stamp).exists() and state.active != "activating"
    return state.active == "active"


def verdicts_on(machine: Machine, engine: str, units: Sequence[Unit]) -> dict[str, str]:
    """Unit → `up`, `waiting`, or why it is lost."""
    states = unit_states(machine, _names(units))
    verdicts = {unit.name: _verdict(machine, unit, states[unit.name]) for unit in units}
    checked = [unit for unit in units if unit.health and verdicts[unit.name] == "up"]
    healths = healths_of(machine, engine, checked)
    for unit in checked:
        if healths.get(unit.container) != "healthy" and not answers(machine, engine, unit):
            verdicts[unit.name] = "waiting"
    return verdicts


def _verdict(machine: Machine, unit: Unit, state: State) -> str:
    if is_up(machine, unit, state):
        return "up"
    # With Restart=always a unit that never works is `activating`, not `failed`: the number of attempts tells.
    if state.restarts >= RESTARTS:
        return f"systemd had to restart it {state.restarts} times"
    if state.active in ("activating", "deactivating", "reloading"):
        return "waiting"
    return f"{state.words}, result {state.result}" if state.result != "success" else state.words


def healths_of(machine: Machine, engine: str, units: Sequence[Unit]) -> dict[str, str]:
    """Container → what the engine says of its health, asked in one call."""
    names = [unit.container for unit in units]
    found = {_name_of(container): container for container in _inspected(machine, engine, names)}
    return {name: _health_of(found[name]) for name in names if name in found}


def _inspected(machine: Machine, engine: str, names: Sequence[str]) -> list[dict[str, Any]]:
    if not names:
        return []
    # Of containers that are gone both engines complain on stderr, and still describe the others.
    done = machine.run((engine, "inspect", "--type", "container", *names))
    containers: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return containers


def _name_of(container: Mapping[str, Any]) -> str:
    return str(container["Name"]).lstrip("/")


def _health_of(container: Mapping[str, Any]) -> str:
    state = container["State"]
    return str((state.get("Health") or state.get("Healthcheck") or {}).get("Status") or "")


def answers(machine: Machine, engine: str, unit: Unit) -> bool:
    """Whether a container's own health check succeeds now: the engine looks only once an interval."""
    found = _inspected(machine, engine, (unit.container,))
    test = ((found[0].get("Config") or {}).get("Healthcheck") or {}).get("Test") if found else None
    if not test:
        return False
    command = ("/bin/sh", "-c", test[1]) if test[0] == "CMD-SHELL" else tuple(test[1:])
    return machine.run((engine, "exec", unit.container, *command)).returncode == 0


def journal(machine: Machine, unit: Unit, since: float) -> list[str]:
    """The last lines that a unit, its container and systemd wrote about it, without the engines' chatter."""
    matches = [f"_SYSTEMD_UNIT={unit.name}", "+", f"UNIT={unit.name}"]
    matches += ["+", f"CONTAINER_NAME={unit.container}"] if unit.container else []
    fields = "--output-fields=MESSAGE,PODMAN_EVENT"
    options = (
        "--no-pager",
        "--output=json",
        fields,
        f"--lines={10 * JOURNAL_LINES}",
        f"--since=@{int(since)}",
    )
    lines = machine.run(("journalctl", *options, *matches)).stdout.splitlines()
    said = (line for entry in map(json.loads, lines) for line in _said(entry, unit.container))
    return list(said)[-JOURNAL_LINES:]


def _said(entry: Mapping[str, Any], container: str) -> Iterator[str]:
    """The lines of a journal's entry that tell an operator anything."""
    message = entry.get("MESSAGE")
    if "PODMAN_EVENT" in entry or not isinstance(message, str):  # what is no text comes as a list of bytes
        return
    for line in message.splitlines():
        if line.strip() not in ("", container) and not CHATTER.search(line):
            yield line


def _beat(done: Callable[[], bool], pusher: Pusher, text: str) -> bool:
    """Wait for something, at most as long as one may be silent; give a sign of life if it takes longer."""
    deadline, pause = time.monotonic() + HEARTBEAT, 0.005
    while not done():
        if time.monotonic() > deadline:
            pusher.tell("progress", text=text)
            return False
        time.sleep(pause)
        pause = min(0.1, pause * 1.5)
    return True


def _names(units: Iterable[Unit]) -> list[str]:
    return [unit.name for unit in units]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


if __name__ == "__main__":
    sys.exit(main())
