"""Units as podman's generator, systemd and the engines take them, on nodes of their own.

Each backend runs the same small stack; the tests go on from one another, and each leaves the stack whole.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from compiler import lab as labs
from compiler import shipped
from compiler.cli import main
from compiler.lab import LabNode
from compiler.lab.system import wait_until
from compiler.model.artifact import Artifacts, File
from compiler.model.container import Backend, Container
from compiler.stages.emit.backends import container_artifacts
from tests.support import emit_cases
from tests.support.images import make_image
from tests.support.nodes import lab_of_tests
from tests.support.units import command_lines, entries

pytestmark = pytest.mark.lab

IMAGE = "localhost/emit:1"
STAYS = "trap 'exit 0' TERM; trap 'echo reloaded' HUP; echo $0 is up; while :; do sleep 0.1; done"
ODD = "  50% of \"$5\" \\ 'x' ;#"
WEIRD = (
    "echo \"$HOME\" 100% 'x' a\\b ; ${X} $$ %n",
    *("a;b", "", " lead", "tab\\t", "ünï☃", "#", "--x=y", "b\\", 'q"'),
)
SHARED = "/srv/shared:/shared:shared"


def service(name: str, **fields: Any) -> Container:
    given = {"name": name, "service": "emit", "image": IMAGE, "command": ["sh", "-c", STAYS, name], "step": 1}
    return emit_cases.made({**given, "stop_grace_period": 5, **fields})


STACK = (
    service(
        "base", network="host", pid="host", ipc="host", user="7:8", volumes=[SHARED], tmpfs=["/scratch"],
        cap_add=["NET_ADMIN"], cap_drop=["MKNOD"], ulimits=["nofile=512:1024"],
        labels=[["note", ODD]], environment=[["ODD", ODD], ["EMPTY", ""]],
    ),
    service(
        "strong", privileged=True, network="none", uts="host", cgroupns="host",
        volumes=["/etc/hostname:/etc/name:ro,rslave", "/srv/two words:/srv/two words", "kept:/kept"],
    ),
    service("weird", command=["sh", "-c", STAYS, *WEIRD]),
    service(
        "sick", healthcheck={"test": 'sh -c "test ! -e /sick"', "interval": 2, "timeout": 2, "retries": 1}
    ),
    service(
        "policy", kind="exec", image="", container="base", step=2,
        command=["sh", "-c", 'echo "$0" >> /shared/policy', "it's 100% \"$x\""],
    ),
    service(
        "sync", kind="run-once", step=2, volumes=[SHARED], timeout=60,
        command=["sh", "-c", "echo try >> /shared/sync; echo syncing; test -e /shared/go"],
    ),
    service("late", step=3, family="web"),
    service("later", step=3, family="web", after=["late"], reload_signal="HUP"),
)  # fmt: skip
SERVICES = ("base", "strong", "weird", "sick", "late", "later")


@dataclass(frozen=True)
class Host:
    """A node that runs the stack by one backend."""

    node: LabNode
    backend: Backend

    @property
    def engine(self) -> str:
        return self.backend.engine

    def put(self, made: Artifacts) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for file in made.files:
                add(tar, file)
            for link in made.links:
                member = tarfile.TarInfo(link.path.lstrip("/"))
                member.type, member.linkname = tarfile.SYMTYPE, link.target
                tar.addfile(member)
        text = base64.b64encode(packed.getvalue()).decode()
        self.node.run(("sh", "-c", "base64 -d | tar -C / -x && systemctl daemon-reload"), stdin=text)

    def clear(self) -> None:
        """Take everything of ours off the node."""
        self.sh("systemctl stop heatsink.target 'heatsink-*'")
        self.sh("cd /etc/systemd/system && rm -rf heatsink* */heatsink* /etc/containers/systemd/heatsink")
        self.sh("rm -rf /var/lib/heatsink /srv/*; systemctl daemon-reload; systemctl reset-failed")
        self.sh("journalctl --rotate; journalctl --vacuum-time=1s")

    def sh(self, line: str, seconds: float = 60) -> str:
        return self.node.attempt(("sh", "-c", line), seconds=seconds).stdout

    def systemctl(self, *words: str) -> str:
        return self.node.attempt(("systemctl", *words)).stdout.strip()

    def inspect(self, name: str) -> Any:
        return json.loads(self.node.run((self.engine, "inspect", name)))[0]

    def pids(self) -> dict[str, int]:
        """The main process of each container that runs."""
        lines = self.sh(
            f"{self.engine} inspect --format '{{{{.Name}}}} {{{{.State.Pid}}}}' {' '.join(SERVICES)}"
        )
        found = (line.split() for line in lines.splitlines() if line)
        return {name.lstrip("/"): int(pid) for name, pid in found if pid != "0"}

    def whole(self) -> bool:
        """Whether every unit is as it should be when nothing happens."""
        units = [f"heatsink-{name}.service" for name in SERVICES]
        states = self.systemctl("is-active", "heatsink.target", "heatsink-step5.target", *units).split()
        return set(states) == {"active"} and set(self.pids()) == set(SERVICES)

    def becomes_whole(self) -> bool:
        return wait_until(self.whole, seconds=60)

    def report(self) -> str:
        """For the message of a test that fails."""
        return self.sh("systemctl list-units --all 'heatsink*'; journalctl --boot --lines=80")

    def journal(self, name: str) -> list[str]:
        return self.sh(f"journalctl --boot --output=cat --unit=heatsink-{name}.service").splitlines()


def add(tar: tarfile.TarFile, file: File) -> None:
    member = tarfile.TarInfo(file.path.lstrip("/"))
    member.size, member.mode = len(file.content), file.mode
    tar.addfile(member, io.BytesIO(file.content))


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LabNode]]:
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 4) as lab:
        (podman,) = labs.up(lab, 1)
        (docker,) = labs.up(lab, 1, engine="docker", first=2)
        yield {"podman": podman, "docker": docker}


@pytest.fixture(scope="module", params=list(Backend))
def host(request: pytest.FixtureRequest, nodes: dict[str, LabNode]) -> Iterator[Host]:
    """A node with the stack installed and running."""
    host = Host(nodes[request.param.engine], request.param)
    make_image(host.node, IMAGE)
    host.sh("mkdir -p '/srv/two words' /srv/shared && chmod 777 /srv/shared")
    host.put(emit_cases.host(host.backend, *STACK))
    host.systemctl("start", "--no-block", "heatsink.target")
    yield host
    host.clear()


def test_a_run_once_container_that_fails_is_tried_again(host: Host) -> None:
    wait_until(lambda: host.sh("cat /srv/shared/sync").count("try") > 1, seconds=60)
    tried = host.sh("cat /srv/shared/sync").count("try")
    host.sh("touch /srv/shared/go")
    assert tried > 1
    assert wait_until(lambda: host.systemctl("is-active", "heatsink-sync.service") == "active", seconds=30)


def test_everything_comes_up(host: Host) -> None:
    host.systemctl("start", "heatsink.target")
    assert host.becomes_whole(), host.report()


def test_what_runs_is_what_was_asked_for(host: Host) -> None:
    base, strong = host.inspect("base"), host.inspect("strong")
    settings = base["HostConfig"]
    assert (settings["NetworkMode"], settings["PidMode"], settings["IpcMode"]) == ("host", "host", "host")
    assert (base["Config"]["User"], settings["Privileged"]) == ("7:8", False)
    assert names(settings["CapAdd"]), names(settings["CapDrop"]) == ({"NET_ADMIN"}, {"MKNOD"})
    assert {"ODD=  50% of \"$5\" \\ 'x' ;#", "EMPTY="} <= set(base["Config"]["Env"])
    assert base["Config"]["Labels"]["note"] == ODD
    assert settings["Tmpfs"].keys() == {"/scratch"}
    limits = {limit["Name"].lower().removeprefix("rlimit_"): limit for limit in settings["Ulimits"]}
    assert (limits["nofile"]["Soft"], limits["nofile"]["Hard"]) == (512, 1024)
    assert mounts(base)["/shared"] == ("/srv/shared", True, "shared")
    settings = strong["HostConfig"]
    assert (settings["Privileged"], settings["UTSMode"], settings["NetworkMode"]) == (True, "host", "none")
    assert mounts(strong)["/etc/name"] == ("/etc/hostname", False, "rslave")
    assert mounts(strong)["/srv/two words"] == ("/srv/two words", True, "rprivate")


def names(capabilities: list[str]) -> set[str]:
    return {name.removeprefix("CAP_") for name in capabilities}


def mounts(container: Any) -> dict[str, tuple[str, bool, str]]:
    return {
        each["Destination"]: (each["Source"], each["RW"], each["Propagation"] or "rprivate")
        for each in container["Mounts"]
    }


def test_every_word_of_a_command_arrives_as_it_was_written(host: Host) -> None:
    asked = next(each for each in STACK if each.name == "weird").command
    assert tuple(host.inspect("weird")["Config"]["Cmd"]) == asked


def test_an_exec_runs_its_command_in_the_container(host: Host) -> None:
    assert host.sh("cat /srv/shared/policy") == 'it\'s 100% "$x"\n'


def test_each_line_is_in_the_journal_of_its_unit_once(host: Host) -> None:
    lines = Counter(host.journal("late"))
    assert lines["late is up"] == 1
    assert Counter(host.journal("sync"))["syncing"] == host.sh("cat /srv/shared/sync").count("try")


def test_a_container_lies_in_the_slice(host: Host) -> None:
    pid = host.pids()["late"]
    assert "heatsink.slice" in host.sh(f"cat /proc/{pid}/cgroup")


def test_a_killed_container_comes_back_and_the_others_notice_nothing(host: Host) -> None:
    before = host.pids()
    host.sh(f"kill -9 {before['base']}")
    assert wait_until(lambda: host.pids().get("base", before["base"]) != before["base"], seconds=30)
    assert host.becomes_whole()
    after = host.pids()
    assert {name for name in after if after[name] != before[name]} == {"base"}


def test_a_container_whose_healthcheck_fails_is_killed_and_comes_back(host: Host) -> None:
    before = host.pids()["sick"]
    host.node.run((host.engine, "exec", "sick", "touch", "/sick"))
    assert wait_until(lambda: host.pids().get("sick", before) != before, seconds=60)
    assert host.becomes_whole()


def test_health_checks_leave_no_line_in_the_journal(host: Host) -> None:
    # the check of `sick` runs every two seconds
    assert host.sh("journalctl --boot --output=cat --grep='container health_status' --lines=5 || true") == ""


def test_a_reload_signals_the_container(host: Host) -> None:
    assert wait_until(lambda: "later is up" in host.journal("later"), seconds=10)  # it has its traps
    host.node.run(("systemctl", "reload", "heatsink-later.service"))
    assert wait_until(lambda: "reloaded" in host.journal("later"), seconds=10)


def test_a_step_that_stops_and_starts_stops_nothing_else(host: Host) -> None:
    """As a push does with a run-once container that changed."""
    before = host.pids()
    host.systemctl("stop", "heatsink-sync.service")
    between = host.pids()
    host.systemctl("start", "heatsink.target")
    assert (between, host.becomes_whole(), host.pids()) == (before, True, before)


def test_a_family_stops_and_starts_alone(host: Host) -> None:
    others = {name: pid for name, pid in host.pids().items() if name not in ("late", "later")}
    host.systemctl("stop", "heatsink-web.target")
    # a target stops before what it wants, so systemctl is back early
    assert wait_until(lambda: host.pids() == others, seconds=20)
    host.systemctl("start", "heatsink-web.target")
    assert host.becomes_whole()
    assert host.pids().items() >= others.items()


def test_all_stops_and_starts_step_by_step_and_nothing_runs_twice(host: Host) -> None:
    tries = host.sh("cat /srv/shared/sync /srv/shared/policy")
    host.systemctl("stop", "heatsink.target")
    assert wait_until(lambda: host.sh(f"{host.engine} ps --all --quiet") == "", seconds=30)
    assert host.systemctl("--failed", "--no-legend") == ""
    host.systemctl("start", "heatsink.target")
    assert host.becomes_whole()
    assert entered(host, "heatsink-base.service") <= entered(host, "heatsink-step1.target")
    assert entered(host, "heatsink-step2.target") <= entered(host, "heatsink-late.service")
    assert host.sh("cat /srv/shared/sync /srv/shared/policy") == tries


def entered(host: Host, unit: str) -> int:
    return int(host.systemctl("show", "--property=ActiveEnterTimestampMonotonic", "--value", unit))


def test_a_missing_source_is_refused_and_not_made(host: Host) -> None:
    for options in ("", ":z"):
        lost = service("lost", volumes=[f"/srv/missing:/missing{options}"])
        made = container_artifacts(lost, host.backend)
        host.put(replace(made, links=()))
        assert host.node.attempt(("systemctl", "start", "heatsink-lost.service")).returncode != 0
        assert "/srv/missing" in "\n".join(host.journal("lost"))
        host.systemctl("stop", "heatsink-lost.service")
        assert host.sh("ls -d /srv/missing") == ""
    host.sh("cd /etc && rm systemd/system/heatsink-lost.* containers/systemd/heatsink/heatsink-lost.*")
    host.systemctl("daemon-reload")


def test_a_restart_of_the_engine_leaves_everything_running(host: Host) -> None:
    if host.backend is not Backend.DOCKER:
        pytest.skip("podman has no daemon")
    host.systemctl("restart", "docker.service")
    assert wait_until(lambda: host.systemctl("is-active", "docker.service") == "active", seconds=30)
    assert host.becomes_whole()


def test_a_reboot_brings_everything_back(host: Host) -> None:
    tries = host.sh("cat /srv/shared/sync /srv/shared/policy")
    host.node.reboot()
    assert host.becomes_whole()
    assert host.sh("cat /srv/shared/sync /srv/shared/policy") == tries


def test_a_power_cut_brings_everything_back(host: Host) -> None:
    host.sh("sync")
    host.node.crash()
    host.node.boot()
    host.node.wait()
    assert host.becomes_whole(), host.sh(
        "systemctl list-units --all 'heatsink*'; journalctl --boot --lines=50"
    )
    assert host.systemctl("--failed", "--no-legend") == ""


def test_systemd_found_no_circle(host: Host) -> None:
    complaints = "ordering cycle|heatsink.*(Unknown key|ignoring)"
    assert host.sh(f"journalctl --grep='{complaints}' --output=cat").strip() in ("", "-- No entries --")


@pytest.mark.parametrize("case", emit_cases.cases(), ids=lambda case: case.name)
def test_podmans_generator_asks_for_what_the_plain_unit_asks_for(
    case: Path, nodes: dict[str, LabNode]
) -> None:
    generated = generate(nodes["podman"], emit_cases.artifacts(case, Backend.QUADLET))
    plain = {
        file.path.rpartition("/")[2]: file.content.decode()
        for file in emit_cases.artifacts(case, Backend.PODMAN).files
    }
    for name, text in generated.items():
        assert asked(text) == asked(plain[name])


@pytest.mark.parametrize("role", sorted(path.stem for path in shipped.folder("roles").glob("*.yaml")))
def test_podmans_generator_takes_the_shipped_roles(
    role: str, nodes: dict[str, LabNode], tmp_path: Path
) -> None:
    with contextlib.chdir(tmp_path), pytest.raises(SystemExit):
        main(["compile", "--role", role, "--backend", "quadlet"])
    root = tmp_path / "build/hosts/localhost/root"
    files = [
        File(path=f"/{path.relative_to(root)}", content=path.read_bytes())
        for path in root.rglob("*.container")
    ]
    assert files
    assert len(generate(nodes["podman"], Artifacts(files=tuple(files)))) == len(files)


def generate(node: LabNode, made: Artifacts) -> dict[str, str]:
    """The units that podman's generator makes of Quadlet files, without a word of complaint."""
    node.run(("sh", "-c", "rm -rf /tmp/quadlet; mkdir /tmp/quadlet"))
    quadlets = [file for file in made.files if file.path.endswith(".container")]
    for file in quadlets:
        path = f"/tmp/quadlet/{file.path.rpartition('/')[2]}"
        node.run(("sh", "-c", f"cat > {path}"), stdin=file.content.decode())
    done = node.attempt(("env", "QUADLET_UNIT_DIRS=/tmp/quadlet", GENERATOR, "--dryrun"))
    said = [line for line in done.stderr.splitlines() if "Loading source unit" not in line]
    assert not quadlets or (done.returncode, said) == (0, [])
    parts = re.split(r"^---(.+)---$", done.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def asked(text: str) -> tuple[Counter[tuple[str, str]], list[str]]:
    """What a unit asks `podman run` for: its options, in any spelling and order, and the image on."""
    (line,) = entries(text, "ExecStart")
    (argv,) = command_lines(line.replace(OWN, ""))
    options: Counter[tuple[str, str]] = Counter()
    place = 2
    while argv[place].startswith("-"):
        flag, _, value = argv[place].partition("=")
        place += 1
        if not value and flag not in SWITCHES:
            value = argv[place]
            place += 1
        options[SHORT.get(flag, flag), value.lower() if flag.startswith("--cap-") else value] += 1
    del options["--sdnotify", "conmon"], options["--sdnotify", "ignore"]  # a oneshot has none to say it to
    return options, argv[place:]


GENERATOR = "/usr/lib/systemd/system-generators/podman-system-generator"
SWITCHES = ("--replace", "--rm", "--detach", "-d", "--no-healthcheck", "--privileged", "--tty")
SHORT = {"-v": "--volume", "-d": "--detach"}
OWN = " --cidfile=%t/%N.cid"  # how the generator finds the container again
