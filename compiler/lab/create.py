"""How a node is created: its folders, its identity, and the few files that differ from its base."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from compiler.files.writing import replace_file
from compiler.lab import podman_4_3
from compiler.lab.node import LabNode, node_record
from compiler.lab.place import Lab
from compiler.lab.system import run
from compiler.lab.users import sudoers


def create(node: LabNode) -> None:
    """Create a node's disk, or complete it if an earlier attempt was interrupted.

    Its record is written first, so that `down` finds a partial node; its host key is written last.
    """
    _write(node.record_file, json.dumps(node_record(node)) + "\n")
    for part in ("upper", "work", "root", "store"):
        (node.folder / part).mkdir(parents=True, exist_ok=True)
    node.mount()
    for path, text in node_files(node, authorized_key=node.lab.identity_file.with_suffix(".pub").read_text()):
        _write(node.root / path, text, mode=0o755 if text.startswith("#!") else 0o644)
    _make_host_key(node)


def create_identity(lab: Lab) -> None:
    """Create the key pair for logging in to the nodes, unless it exists."""
    if not lab.identity_file.exists():
        run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "heatsink lab", "-f", lab.identity_file))


def write_known_hosts(lab: Lab, nodes: Iterable[LabNode]) -> None:
    """Write the host keys of the nodes, so that ssh does not ask for confirmation."""
    _write(lab.known_hosts, "".join(_known_line(node) for node in nodes if node.finished))


def _known_line(node: LabNode) -> str:
    return f"{node.address},{node.address6} {node.host_key}\n"


def node_files(node: LabNode, *, authorized_key: str) -> Iterator[tuple[str, str]]:
    """The files that a node has in addition to its base: path below its root, and text."""
    registry = node.lab.registry
    yield "etc/hostname", f"{node.name}\n"
    # A node that cannot resolve its own name lets sudo wait for a name server that does not answer.
    yield "etc/hosts", f"127.0.0.1\tlocalhost\n::1\tlocalhost\n{node.address}\t{node.name}\n"
    yield "etc/machine-id", ""  # systemd generates one at the first boot
    yield "etc/ssh/authorized_keys", authorized_key
    yield "etc/ssh/sshd_config.d/lab.conf", "AuthorizedKeysFile /etc/ssh/authorized_keys\n"
    yield "etc/sudoers.d/lab", sudoers()
    yield "etc/systemd/network/10-lab.network", _network(node)
    if node.engine == "docker":
        yield "etc/docker/daemon.json", json.dumps({"insecure-registries": [registry]}) + "\n"
        return
    yield from podman_4_3.files() if node.release == "bookworm" else ()
    # If cgroup v1 has the machine's controllers, nodes have none, and podman's default pids limit fails.
    yield "etc/containers/containers.conf", "[containers]\npids_limit = 0\ndefault_ulimits = []\n"
    yield (
        "etc/containers/registries.conf.d/lab.conf",
        f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n',
    )


def _network(node: LabNode) -> str:
    # No search for duplicate addresses and routers: a boot would wait for it.
    return (
        "[Match]\nName=host0\n\n"
        f"[Network]\nAddress={node.address}/24\nGateway={node.lab.gateway}\nIPv6AcceptRA=no\n\n"
        f"[Address]\nAddress={node.address6}/64\nDuplicateAddressDetection=none\n"
    )


def _make_host_key(node: LabNode) -> None:
    key = node.root / "etc/ssh/ssh_host_ed25519_key"
    if not key.exists():
        run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", node.name, "-f", key))
    _write(node.folder / "host_key.pub", key.with_suffix(".pub").read_text())


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    replace_file(path, text.encode(), mode)
