"""An OpenStack of lab nodes, and its ordinary client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from compiler import lab as labs
from compiler.lab import Lab, LabNode
from compiler.lab.base import Engine
from tests.support.guest_image import build
from tests.support.nodes import Operator

# What lets several services with their guests run beside other tests, in software and within a lab's limits.
SMALL: Mapping[str, object] = {
    "ContainerFilesLimit": 16384,
    "HAProxyMaxConnections": 1024,
    "InnodbBufferPoolSize": "128M",
    "InnodbLogFileSize": "32M",
    "MemcachedMaxConnections": 1024,
    "MemcachedMaxMemory": 64,
    "MysqlMaxConnections": 400,
    "NovaComputeLibvirtCpuMode": "none",
    "NovaComputeLibvirtType": "qemu",
    "NovaReservedHostMemory": 0,
    "RabbitFDLimit": 8192,
}
ENVIRONMENTS = ("openstack.yaml", "openstack-low-memory-usage.yaml")
# Services that an instance can do without.
FURTHER = (
    "OS::Heatsink::Services::MySQLBackup",
    "OS::TripleO::Services::CinderApi",
    "OS::TripleO::Services::CinderScheduler",
    "OS::TripleO::Services::CinderVolume",
    "OS::TripleO::Services::HeatApi",
    "OS::TripleO::Services::HeatApiCfn",
    "OS::TripleO::Services::HeatEngine",
    "OS::TripleO::Services::Horizon",
    "OS::TripleO::Services::LogrotateCrond",
    "OS::TripleO::Services::NovaMigrationTarget",
    "OS::TripleO::Services::NovaVncProxy",
    "OS::TripleO::Services::Rsyslog",
)
# Of a guest: asks another one until it answers.
ASK = """\
#!/bin/sh
until answer=$(timeout 5 wget -q -O - http://{address}/); do sleep 2; done
echo "GUEST-HEARS $answer"
"""
GUEST = "/tmp/guest.qcow2"  # in the container of the client
STATE = Path("/var/lib/heatsink-openstack-test")  # the registry in it keeps what was pushed from run to run
SUBNET = "198.19.98"


@contextmanager
def cloud_of(
    folder: Path,
    roles: Mapping[str, int],
    *without: str,
    environments: Sequence[str] = (),
    engine: Engine = "podman",
    **parameters: object,
) -> Iterator[Cloud]:
    """A cloud on nodes of its own, without these services, with the image `guest` and the flavor `tiny`."""
    lab = Lab(state=STATE, subnet=SUBNET)
    labs.down(lab)
    operator = Operator(folder, labs.up(lab, sum(roles.values()), engine=engine))
    cloud = Cloud(operator, lab, (*ENVIRONMENTS, *environments))
    cloud.deploy(roles, *without, **parameters)
    cloud.prepare()
    yield cloud
    labs.down(lab)


@dataclass(frozen=True)
class Cloud:
    """An operator's folder, and the node whose container has the client."""

    operator: Operator
    lab: Lab
    environments: tuple[str, ...]  # of the library

    @property
    def options(self) -> tuple[str, ...]:
        """The environments, as options of a command line."""
        return tuple(word for name in (*self.environments, "site.yaml") for word in ("-e", name))

    @property
    def controller(self) -> LabNode:
        """The node with the APIs."""
        return self.operator.nodes[0]

    def deploy(self, roles: Mapping[str, int], *without: str, **parameters: object) -> None:
        """Build the images, push them, and push what is compiled with them; `without`: disabled services."""
        registry = labs.start_registry(self.lab)
        site = {
            "parameter_defaults": {**SMALL, "ContainerImagePrefix": f"{registry}/heatsink", **parameters},
            "resource_registry": dict.fromkeys(without, "OS::Heat::None"),
        }
        (self.operator.folder / "site.yaml").write_text(json.dumps(site))
        self.write_hosts(roles)
        self.build()
        self.push()

    def build(self) -> None:
        """Build what images have changed, and push them to the lab's registry."""
        registry = ("--registry", self.lab.registry, "--insecure-registry")
        self.operator.heatsink("images", "build", *self.options)
        self.operator.heatsink("images", "push", *registry, *self.options)

    def push(self) -> None:
        """Compile, and push."""
        self.operator.heatsink("compile", *self.options)
        self.operator.heatsink("push-artifacts", "--accept-new-host-keys")

    def change(self, *without: str, **parameters: object) -> None:
        """Compile again with these parameters of the site, and with these services disabled alone."""
        path = self.operator.folder / "site.yaml"
        site: dict[str, Any] = json.loads(path.read_text())
        site["parameter_defaults"].update(parameters)
        site["resource_registry"] = dict.fromkeys(without, "OS::Heat::None")
        path.write_text(json.dumps(site))
        self.operator.heatsink("compile", *self.options)

    def write_hosts(self, roles: Mapping[str, int]) -> None:
        """Write the hosts file: nodes in the order of the roles."""
        names = iter(self.operator.nodes)
        hosts = [
            {"name": node.name, "role": role, "address": node.address}
            for role, count in roles.items()
            for node in (next(names) for _ in range(count))
        ]
        defaults = {"user": "root", "identity_file": str(self.lab.identity_file)}
        (self.operator.folder / "hosts.yaml").write_text(json.dumps({"defaults": defaults, "hosts": hosts}))

    def is_up(self) -> bool:
        """Whether `heatsink status` says so."""
        with self.operator.start("status") as status:
            status.communicate()
        return status.returncode == 0

    def output(self, name: str) -> str:
        """An output of the fleet, with its secrets."""
        return self.operator.heatsink("output", *self.options, "--show-secrets", name).strip()

    def inside(self, name: str, *command: str, seconds: float = 120) -> str:
        """What a command prints in a container of the controller."""
        done = self.controller.attempt((self.controller.engine, "exec", name, *command), seconds=seconds)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def client(self, *words: str, seconds: float = 120) -> str:
        """What the client answers to the administrator."""
        return self.inside("kolla_toolbox", "openstack", *words, seconds=seconds)

    def write(self, path: str, text: str) -> None:
        """Make a file in the container of the client."""
        command = (self.controller.engine, "exec", "--interactive", "kolla_toolbox", "tee", path)
        self.controller.run(command, stdin=text)

    def asked(self, *words: str) -> Any:
        """The same, as data."""
        return json.loads(self.client(*words, "--format", "json"))

    def prepare(self) -> None:
        """Make what servers need."""
        self.upload_guest()
        self.client("flavor", "create", "tiny", "--ram", "128", "--disk", "1", "--vcpus", "1")

    def upload_guest(self) -> None:
        """Build the disk of the tests' guests, and make an image of it."""
        disk = self.operator.folder / "guest.qcow2"
        build(disk)
        (self.controller.root / "var/lib/guest.qcow2").write_bytes(disk.read_bytes())
        engine = self.controller.engine
        self.controller.run((engine, "cp", "/var/lib/guest.qcow2", f"kolla_toolbox:{GUEST}"))
        options = (
            "--disk-format",
            "qcow2",
            "--container-format",
            "bare",
            "--property",
            "os_shutdown_timeout=5",
        )
        self.client("image", "create", "guest", "--public", *options, "--file", GUEST)

    def make_network(self) -> None:
        """A network `private` for instances."""
        self.client("network", "create", "private")
        self.client("subnet", "create", "private", "--network", "private", "--subnet-range", "10.77.0.0/24")

    def make_public_network(self, subnet: str, *options: str) -> None:
        """A network `public`, a router to it from `private`, and a security group `web` for HTTP."""
        physical = ("--provider-network-type", "flat", "--provider-physical-network", "datacentre")
        self.client("network", "create", "public", "--external", *physical)
        addresses = ("--subnet-range", f"{subnet}.0/24", "--gateway", f"{subnet}.1", "--no-dhcp")
        self.client("subnet", "create", "public", "--network", "public", *addresses, *options)
        self.client("router", "create", "router", "--external-gateway", "public")
        self.client("router", "add", "subnet", "router", "private")
        self.client("security", "group", "create", "web")
        self.client("security", "group", "rule", "create", "web", "--protocol", "tcp", "--dst-port", "80")

    def make_reachable_network(self) -> None:
        """The network `public`, which is that of the lab: this machine reaches floating addresses."""
        subnet = self.lab.subnet
        self.make_public_network(subnet, "--allocation-pool", f"start={subnet}.200,end={subnet}.220")

    def console(self, server: str) -> str:
        """What a server has written to its console."""
        return self.client("console", "log", "show", server)

    def boots(self, server: str, *options: str) -> None:
        """Create a server; it is active, and its guest has come to its end."""
        kind = ("--flavor", "tiny", "--image", "guest")
        self.client("server", "create", "--wait", *kind, *options, server, seconds=300)
        assert self.status(server) == "ACTIVE", self.client("server", "show", server)
        assert eventually(lambda: "GUEST-READY" in self.console(server)), self.console(server)

    def boots_asking(self, server: str, other: str, *options: str) -> None:
        """Create a server on `private`, which waits until another one there answers it."""
        [address] = self.asked("server", "show", other)["addresses"]["private"]
        self.write("/tmp/ask", ASK.format(address=address))
        self.boots(server, "--network", "private", "--user-data", "/tmp/ask", *options)
        assert f" {address}/24" in self.console(server).partition("GUEST-HEARS")[2]

    def knows_itself(self, server: str) -> bool:
        """Whether a guest on `private` says its address, which DHCP tells, and its name from the metadata."""
        [address] = self.asked("server", "show", server)["addresses"]["private"]
        console = self.console(server)
        return f"GUEST-ADDRESS {address}/24" in console and f"{server}.novalocal" in console

    def status(self, name: str, kind: str = "server") -> str:
        """What its API says of a server or a volume."""
        return self.client(kind, "show", name, "-f", "value", "-c", "status").strip()


def guests_of(node: LabNode) -> list[str]:
    """The processes of a host's guests; libvirt has QEMU say what it can, too, and that ends at once."""
    return node.attempt(("pgrep", "--full", "guest=[i]nstance-")).stdout.split()


def answers_outside(address: str) -> bool:
    """Whether a guest's web server answers this machine, with the guest's id."""
    connection = HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/")
        return "i-0" in connection.getresponse().read().decode()
    except OSError:
        return False
    finally:
        connection.close()


def eventually(holds: Callable[[], bool], seconds: float = 240) -> bool:
    """Whether something holds before long."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(4)  # the client takes two seconds of CPU for each question
    return True
