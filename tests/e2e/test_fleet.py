"""The library's three roles on four real nodes: podman, Quadlet and docker side by side.

The tests go on from one another, as an operator's days do; a module's worth of them shares one fleet.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from compiler import files, pipeline
from compiler import lab as labs
from compiler.diagnostics import Report
from compiler.lab import Lab, LabNode
from compiler.model.container import Container, Kind
from compiler.model.host import LoweredHost
from compiler.stages.load.inputs import Request

pytestmark = pytest.mark.lab

TOP = Path(__file__).parents[2]
STATE = Path("/var/lib/heatsink-lab-test")  # the registry in it keeps what was pushed from run to run
SUBNET = "198.19.99"
ENVIRONMENTS = ("demo.yaml", "site.yaml")


@dataclass(frozen=True)
class Fleet:
    """An operator's folder, and the nodes that it deploys."""

    folder: Path
    lab: Lab

    def heatsink(self, *arguments: str, code: int = 0) -> str:
        """Run a command; its stdout and stderr, if it exits as it should."""
        done = subprocess.run(
            [sys.executable, "-m", "compiler", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
        assert "Traceback" not in done.stdout
        return done.stdout

    def is_up(self) -> bool:
        """Whether the status of all hosts is up."""
        command = (sys.executable, "-m", "compiler", "status")
        return (
            subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True).returncode
            == 0
        )

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(TOP)}

    def site(self, **parameters: object) -> None:
        """Write the site's own environment and compile."""
        prefix = {"ContainerImagePrefix": f"{self.lab.registry}/heatsink"}
        (self.folder / "site.yaml").write_text(json.dumps({"parameter_defaults": prefix | parameters}))
        self.heatsink("compile", *(word for name in ENVIRONMENTS for word in ("-e", name)))

    def node(self, number: int) -> LabNode:
        """node1 is the Controller, node2 the Compute, node3 Web by Quadlet, node4 Web by docker."""
        return labs.load(self.lab, number)

    def lowered(self) -> dict[str, LoweredHost]:
        """What the compiler decided for each host."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            report = Report()
            request = Request(environments=ENVIRONMENTS)
            stages = pipeline.stages(request, pipeline.Options(), report, files.ignore_read)
            return {host.name: host for host in stages.completed(stages.lowered())}
        finally:
            os.chdir(before)

    def pids(self, number: int) -> dict[str, str]:
        """Main process of each of a node's active services."""
        shown = self.node(number).run(
            ("systemctl", "show", "heatsink-*.service", "--property=Id,MainPID,ActiveState", "--state=active")
        )
        blocks = (dict(line.split("=", 1) for line in block.splitlines()) for block in shown.split("\n\n"))
        return {block["Id"]: block["MainPID"] for block in blocks if block.get("MainPID", "0") != "0"}

    def secret(self, name: str) -> str:
        """A value of secrets.yaml."""
        return re.search(rf"^{name}: *[\"']?(.*?)[\"']?$", (self.folder / "secrets.yaml").read_text(), re.M)[
            1
        ]

    def token_status(self) -> int:
        """What Keystone answers, through HAProxy, to the admin's password."""
        user = {"name": "admin", "domain": {"name": "Default"}, "password": self.secret("AdminPassword")}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
        request = urllib.request.Request(
            f"http://{self.node(1).address}:5000/v3/auth/tokens",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    lab = Lab(state=STATE, subnet=SUBNET)
    labs.down(lab)
    labs.up(lab, 3)
    labs.up(lab, 1, engine="docker", first=4)
    registry = labs.start_registry(lab)
    fleet = Fleet(tmp_path_factory.mktemp("site"), lab)
    key = lab.identity_file
    roles = {1: "Controller", 2: "Compute", 3: "Web", 4: "Web"}
    backends = {3: "quadlet", 4: "docker"}
    hosts = [
        {"name": f"node{number}", "role": role, "address": fleet.node(number).address}
        | ({"backend": backends[number]} if number in backends else {})
        for number, role in roles.items()
    ]
    defaults = {"user": "root", "identity_file": str(key)}
    (fleet.folder / "hosts.yaml").write_text(json.dumps({"defaults": defaults, "hosts": hosts}))
    deployed = ("-e", "demo.yaml")
    fleet.heatsink("images", "build", *deployed)
    fleet.heatsink("images", "push", "--registry", registry, "--insecure-registry", *deployed)
    fleet.site()
    fleet.heatsink("push-artifacts", "--accept-new-host-keys")
    yield fleet
    labs.down(lab)


def eventually(holds: Callable[[], bool], seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.5)
    return False


def test_all_units_are_active_after_one_push(fleet: Fleet) -> None:
    hosts = json.loads(fleet.heatsink("status", "--json"))
    assert [host["host"] for host in hosts] == ["node1", "node2", "node3", "node4"]
    assert all(host["up"] for host in hosts)


def test_keystone_issues_a_token_through_haproxy(fleet: Fleet) -> None:
    assert eventually(lambda: fleet.token_status() == 201, seconds=30)


@pytest.mark.parametrize("number", [3, 4])
def test_nginx_and_valkey_answer(fleet: Fleet, number: int) -> None:
    node = fleet.node(number)
    with urllib.request.urlopen(f"http://{node.address}/", timeout=10) as page:
        assert f"Served by node{number}." in page.read().decode()
    engine = "docker" if number == 4 else "podman"
    command = f"REDISCLI_AUTH={fleet.secret('ValkeyPassword')} valkey-cli -h {node.address} ping"
    assert node.run((engine, "exec", "valkey", "sh", "-c", command)).strip() == "PONG"


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_every_container_is_what_its_template_asked_for(fleet: Fleet, number: int) -> None:
    host = fleet.lowered()[f"node{number}"]
    services = [each for each in host.containers if each.kind is Kind.SERVICE]
    names = [each.name for each in services]
    inspected = json.loads(fleet.node(number).run((host.backend.engine, "inspect", *names)))
    assert len(inspected) == len(services) > 0
    found = {each["Name"].lstrip("/"): each for each in inspected}
    for container in services:
        assert seen(found[container.name]) == {**seen(found[container.name]), **asked(container)}
        assert set(environment(container)) <= set(found[container.name]["Config"]["Env"])


def asked(container: Container) -> dict[str, object]:
    """What a container's template says, in the words of `inspect`."""
    mounts = {
        volume.target: (
            volume.source,
            volume.is_writable,
            next((each for each in volume.options if each in ("shared", "rshared", "slave", "rslave")), None),
        )
        for volume in container.volumes
    }
    says: dict[str, object] = {
        "net": container.network,
        "privileged": container.privileged,
        "mounts": mounts,
        "caps": {each.upper().removeprefix("CAP_") for each in container.cap_add},
    }
    limits = {each.split("=")[0]: each.split("=")[1].split(":")[0] for each in container.ulimits}
    says |= {"ulimits": limits} if limits else {}
    says |= {"user": container.user} if container.user else {}
    says |= {"pid": container.pid} if container.pid else {}
    return says | ({"ipc": container.ipc} if container.ipc else {})


def seen(inspected: dict) -> dict[str, object]:
    host = inspected["HostConfig"]
    mounts = {
        mount["Destination"]: (
            mount.get("Name") or mount["Source"],
            mount["RW"],
            mount.get("Propagation")
            if mount.get("Propagation") in ("shared", "rshared", "slave", "rslave")
            else None,
        )
        for mount in inspected["Mounts"]
    }
    limits = {
        each["Name"].removeprefix("RLIMIT_").lower(): str(each["Soft"]) for each in host["Ulimits"] or []
    }
    return {
        "net": host["NetworkMode"],
        "pid": host["PidMode"],
        "ipc": host["IpcMode"],
        "privileged": host["Privileged"],
        "user": inspected["Config"]["User"],
        "mounts": mounts,
        "ulimits": {name: soft for name, soft in limits.items() if name in ("nofile", "memlock")},
        "caps": {each.removeprefix("CAP_") for each in host["CapAdd"] or []},
    }


def environment(container: Container) -> list[str]:
    return [f"{key}={value}" for key, value in container.environment if "@{heatsink" not in value]


def test_a_second_push_writes_nothing_and_restarts_nothing(fleet: Fleet) -> None:
    before = {number: fleet.pids(number) for number in (1, 2, 3, 4)}
    assert "0 files, 0 restarts" in fleet.heatsink("push-artifacts")
    assert {number: fleet.pids(number) for number in (1, 2, 3, 4)} == before


def test_one_changed_parameter_restarts_exactly_one_unit(fleet: Fleet) -> None:
    before = fleet.pids(1)
    fleet.site(MemcachedMaxConnections=2048)
    assert "1 unit started" in fleet.heatsink("push-artifacts")
    after = fleet.pids(1)
    assert {unit for unit in after if after[unit] != before.get(unit)} == {"heatsink-memcached.service"}


def test_rollback_brings_back_files_units_and_behaviour(fleet: Fleet) -> None:
    def connections() -> str:
        command = fleet.node(1).run(("sh", "-c", "tr '\\0' ' ' < /proc/$(pgrep -x memcached)/cmdline"))
        return re.search(r"-c (\d+)", command)[1]

    assert connections() == "2048"
    fleet.heatsink("rollback", "--yes", "--host", "node1")
    assert eventually(lambda: connections() == "1024", seconds=30)
    fleet.site()
    assert "1 unit started" not in fleet.heatsink("push-artifacts")
    fleet.heatsink("status")


def test_a_killed_process_is_restarted_by_systemd(fleet: Fleet) -> None:
    for number, container in ((1, "memcached"), (3, "nginx"), (4, "nginx")):
        node = fleet.node(number)
        engine = "docker" if number == 4 else "podman"
        query = (engine, "inspect", "--format", "{{.State.Pid}}", container)
        before = node.run(query).strip()
        node.run(("kill", "-KILL", before))
        assert eventually(lambda: node.attempt(query).stdout.strip() not in ("", "0", before), seconds=60)  # noqa: B023
        assert eventually(
            lambda: node.attempt(("systemctl", "is-active", f"heatsink-{container}")).returncode == 0,  # noqa: B023
            seconds=30,
        )


def test_a_run_once_unit_killed_half_way_is_resumed_by_the_next_push(fleet: Fleet) -> None:
    node, unit = fleet.node(1), "heatsink-keystone_db_sync.service"
    node.run(("systemctl", "stop", unit))
    node.run(("sh", "-c", "rm /var/lib/heatsink/stamps/keystone_db_sync.*"))
    with ThreadPoolExecutor(1) as pool:
        push = pool.submit(fleet.heatsink, "push-artifacts", code=1)
        running = ("systemctl", "show", "--property=ActiveState", "--value", unit)
        assert eventually(lambda: node.run(running).strip() == "activating", seconds=60)
        node.run(("systemctl", "stop", unit))
        assert "keystone_db_sync" in push.result()
    fleet.heatsink("push-artifacts")
    assert eventually(lambda: all_up(fleet))  # services that were killed count again after a minute
    assert node.run(("sh", "-c", "ls /var/lib/heatsink/stamps")).count("keystone_db_sync.") == 1


def test_a_network_namespace_is_shared_with_the_host_and_outlives_its_maker(fleet: Fleet) -> None:
    node = fleet.node(2)
    listed = ("ls", "/run/netns")
    inode = ("stat", "--format", "%i", "/run/netns/demo")
    assert node.run(listed).split() == ["demo"]
    assert node.run(("podman", "exec", "netns_dhcp", *listed)).split() == ["demo"]
    before = node.run(inode)
    node.run(("systemctl", "restart", "heatsink-netns_agent"))
    assert node.run(inode) == before
    assert node.run(("podman", "exec", "netns_dhcp", *inode)) == before


def test_a_bridge_made_in_the_switchs_container_is_seen_on_the_host(fleet: Fleet) -> None:
    assert "br-int" in fleet.node(2).run(("ip", "-brief", "link"))


def test_a_removed_service_disappears_and_its_volume_stays(fleet: Fleet) -> None:
    fleet.site(WebServices=["OS::Heatsink::Services::Nginx"])
    fleet.heatsink("push-artifacts", "--role", "Web", "--yes")
    for number, engine in ((3, "podman"), (4, "docker")):
        node = fleet.node(number)
        assert "valkey" not in node.run((engine, "ps", "--all", "--format", "{{.Names}}"))
        assert "valkey" not in node.run(("systemctl", "list-units", "--all", "--plain", "heatsink-*"))
        assert "valkey" in node.run((engine, "volume", "ls", "--format", "{{.Name}}")).split()
    fleet.site()
    fleet.heatsink("push-artifacts", "--role", "Web")
    assert eventually(fleet.is_up)  # a container that was restarted by hand waits for its engine's next check


def test_after_a_reboot_of_every_node_all_services_come_back_in_step_order(fleet: Fleet) -> None:
    nodes = [fleet.node(number) for number in (1, 2, 3, 4)]
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(lambda node: node.reboot(), nodes))
    assert eventually(lambda: all_up(fleet), seconds=180)
    assert eventually(lambda: fleet.token_status() == 201, seconds=60)
    for node in nodes:
        assert steps_are_in_order(node)
    assert "0 files, 0 restarts" in fleet.heatsink("push-artifacts")


def all_up(fleet: Fleet) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "compiler", "status", "--json"],
        cwd=fleet.folder,
        env=os.environ | {"PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


def steps_are_in_order(node: LabNode) -> bool:
    """Whether no unit of a step began before the step before it was reached."""
    begun: dict[int, list[int]] = {}
    for entry in json.loads(node.run(("cat", "/var/lib/heatsink/current/manifest.json")))["units"]:
        if entry["step"] and entry["kind"] == "service":
            shown = node.run(
                ("systemctl", "show", "--value", "--property=InactiveExitTimestampMonotonic", entry["name"])
            )
            begun.setdefault(entry["step"], []).append(int(shown))
    reached = {
        step: int(
            node.run(
                (
                    "systemctl",
                    "show",
                    "--value",
                    "--property=ActiveEnterTimestampMonotonic",
                    f"heatsink-step{step}.target",
                )
            )
        )
        for step in range(1, 6)
    }
    return all(min(times) >= reached[step - 1] for step, times in begun.items() if step > 1)
