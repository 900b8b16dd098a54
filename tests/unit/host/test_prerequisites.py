"""A host that cannot run a bundle is refused before anything is changed: taken ports, missing modules."""

from __future__ import annotations

import os
import socket
import struct

import pytest

from tests.support.bundles import port, service
from tests.support.host_folder import HostFolder

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def listens(
    host: HostFolder, table: str, address: str, number: int, cgroup: str = "/system.slice/x.service"
) -> None:
    """Let process 4242 listen there, as the kernel's tables say it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    words = "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))
    state = "0A" if table.startswith("tcp") else "07"
    line = (
        f"   0: {words}:{number:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 777 1\n"
    )
    place = host.path(f"/proc/net/{table}")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(HEADER + line)
    process = host.path("/proc/4242")
    (process / "fd").mkdir(parents=True)
    (process / "fd/3").symlink_to("socket:[777]")
    (process / "comm").write_text("stranger\n")
    (process / "cgroup").write_text(f"0::{cgroup}\n")


@pytest.mark.parametrize(
    ("table", "held", "wanted"),
    [
        ("tcp", "0.0.0.0", None),
        ("tcp", "127.0.0.1", None),
        ("tcp", "0.0.0.0", "192.0.2.1"),
        ("tcp", "192.0.2.1", "192.0.2.1"),
        ("tcp6", "::", "192.0.2.1"),
        ("tcp6", "::ffff:192.0.2.1", "192.0.2.1"),
        ("tcp6", "2001:db8::1", "2001:db8::1"),
        ("udp", "0.0.0.0", None),
    ],
)
def test_a_port_that_a_stranger_holds_is_refused_by_name(
    host: HostFolder, table: str, held: str, wanted: str | None
) -> None:
    listens(host, table, held, 8080)
    protocol = table.removesuffix("6")
    host.writes(service("one"), ports=(port(8080, "one", protocol, wanted),))
    holder = "`stranger` (process 4242, x.service)"
    assert refusal(host) == f"port 8080/{protocol}, on which `one` is to listen: {holder} holds it"
    assert not host.path("/etc/systemd/system/heatsink-one.service").exists()


@pytest.mark.parametrize(
    ("held", "number", "protocol", "wanted"),
    [
        ("192.0.2.2", 8080, "tcp", "192.0.2.1"),
        ("0.0.0.0", 8081, "tcp", None),
        ("0.0.0.0", 8080, "udp", None),
    ],
)
def test_another_port_or_address_is_not_in_the_way(
    host: HostFolder, held: str, number: int, protocol: str, wanted: str | None
) -> None:
    listens(host, "tcp", held, number)
    host.writes(service("one"), ports=(port(8080, "one", protocol, wanted),))
    assert host.push().error is None


def test_a_port_of_a_service_that_runs_is_its_own(host: HostFolder) -> None:
    host.writes(service("one"), ports=(port(8080, "one"),))
    host.push()
    listens(host, "tcp", "0.0.0.0", 8080)
    host.writes(service("one", config="new"), ports=(port(8080, "one"),))
    assert host.push().error is None


@pytest.mark.parametrize(
    "cgroup", ["/heatsink.slice/heatsink-old.service/container", f"/system.slice/docker-{'ab' * 32}.scope"]
)
def test_a_port_that_a_service_leaves_to_another_is_free(host: HostFolder, cgroup: str) -> None:
    listens(host, "tcp", "0.0.0.0", 8080, cgroup)
    host.installs(
        "podman",
        f"""[ "$1" != inspect ] || cat <<'END'
[{{"Id": "{"ab" * 32}", "Name": "old", "Config": {{"Labels": {{"unit": "heatsink-old.service"}}}}}}]
END""",
    )
    host.writes(service("new"), ports=(port(8080, "new"),))
    assert host.push().error is None


def test_a_port_that_the_kernel_holds_is_refused(host: HostFolder) -> None:
    listens(host, "tcp", "0.0.0.0", 2049)
    host.path("/proc/4242/fd/3").unlink()
    host.writes(service("one"), ports=(port(2049, "one"),))
    assert refusal(host) == "port 2049/tcp, on which `one` is to listen: the kernel holds it"


def has_modules(host: HostFolder, modprobe: str) -> None:
    """Let the host have a list of its modules, and a modprobe that knows them."""
    folder = host.path(f"/lib/modules/{os.uname().release}")
    folder.mkdir(parents=True)
    (folder / "modules.dep").touch()
    host.installs("modprobe", modprobe)


def test_a_module_that_the_kernel_lacks_is_refused_by_name(host: HostFolder) -> None:
    has_modules(host, '[ "$3" = overlay ]')
    host.writes(service("one"), kernel_modules=("veth", "br-netfilter"))
    host.path("/sys/module/br_netfilter").mkdir(parents=True)
    assert refusal(host) == f"the kernel {os.uname().release} has no module `veth`"


def test_the_file_system_in_which_the_engine_keeps_images_must_be_there(host: HostFolder) -> None:
    has_modules(host, "false")
    host.installs("podman", '[ "$1" != info ] || echo overlay')
    host.writes(service("one"))
    lacking = f"the kernel {os.uname().release} has no module `overlay`, in which podman keeps its images"
    assert refusal(host) == lacking


def test_a_kernel_without_a_list_of_its_modules_is_trusted(host: HostFolder) -> None:
    host.writes(service("one"), kernel_modules=("nobody-knows",))
    assert host.push().error is None


def refusal(host: HostFolder) -> str:
    """The one thing that a host lacks."""
    error = host.push().error
    assert error
    return error.render().splitlines()[1].lstrip("| ")


def test_only_units_that_are_new_or_changed_are_verified(host: HostFolder) -> None:
    host.installs("systemd-analyze", 'for unit; do echo "${unit##*/}"; done >"${0%/*}/verified"')
    host.writes(service("one"), service("two"))
    host.push()
    host.writes(service("one"), service("two", command="sleep 1"), service("three"))
    host.push()
    names = (host.folder / "bin/verified").read_text().split()
    assert [name for name in names if name.endswith(".service")] == [
        "heatsink-three.service",
        "heatsink-two.service",
    ]
