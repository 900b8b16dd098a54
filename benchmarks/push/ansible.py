"""Ansible: one archive a host that it unpacks, or a loop over the files."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import payload
from fleet import AFTER, BEFORE, PARALLEL, Fleet
from peers import BACK, CHANGE, FIRST, SAME, Peer

from compiler.lab import LabNode

START = {
    "name": "heatsink.target",
    "state": "started",
    "daemon_reload": "{{ restart == '' and files is changed }}",
}
UNITS = (
    {"ansible.builtin.systemd_service": START},
    {
        "ansible.builtin.systemd_service": {"name": "{{ restart }}", "state": "restarted"},
        "when": "restart != '' and files is changed",
    },
)
UNARCHIVE = (
    {
        "ansible.builtin.unarchive": {"src": "{{ sent }}/{{ inventory_hostname }}.tar.gz", "dest": "/"},
        "register": "files",
    },
    *UNITS,
)
COPY_LOOP = (
    {"ansible.builtin.command": "mkdir -p {{ folders }}", "changed_when": False},
    {
        "ansible.builtin.copy": {
            "src": "{{ sent }}/{{ inventory_hostname }}{{ item }}",
            "dest": "{{ item }}",
        },
        "loop": "{{ files_sent }}",
        "register": "files",
    },
    {"ansible.builtin.shell": "{{ links }}", "changed_when": False},
    *UNITS,
)


def unarchive(fleet: Fleet, playbook: str) -> Peer:
    """One archive a host, made beforehand."""
    play = partial(_play, fleet, playbook, UNARCHIVE, {})
    acts = {
        FIRST: partial(play, BEFORE),
        SAME: partial(play, BEFORE),
        CHANGE: partial(play, AFTER, payload.CHANGED_UNIT),
        BACK: partial(play, BEFORE, payload.CHANGED_UNIT),
    }
    return Peer("Ansible unarchive", acts, rounds=1, prepare=partial(_prepare, fleet))


def copy_loop(fleet: Fleet, playbook: str) -> Peer:
    """A loop over the files; folders and links take one command each. A change of one file costs what a run
    with nothing to do costs, so it is left out: each takes a minute and more on one node."""
    root = fleet.root(BEFORE, fleet.nodes[0])
    files = [f"/{path.relative_to(root)}" for path in sorted(root.rglob("*")) if path.is_file()]
    links = [link for service in payload.services("any") for link in service.links]
    folders = sorted({str(Path(path).parent) for path in (*files, *(link.path for link in links))})
    variables = {
        "files_sent": files,
        "folders": " ".join(folders),
        "links": "\n".join(f"ln -sfn {link.target} {link.path}" for link in links),
    }
    play = partial(_play, fleet, playbook, COPY_LOOP, variables)
    acts = {FIRST: partial(play, BEFORE), SAME: partial(play, BEFORE)}
    return Peer("Ansible copy loop", acts, limit=1, rounds=1, prepare=partial(_prepare, fleet))


def _prepare(fleet: Fleet) -> None:
    """Write what is sent, and the inventory."""
    for build in (BEFORE, AFTER):
        sent = fleet.folder / "ansible" / build
        sent.mkdir(parents=True, exist_ok=True)
        for node in fleet.nodes:
            services = payload.services(node.name)
            (sent / f"{node.name}.tar.gz").write_bytes(payload.archive(fleet.root(build, node), services))
            if not (sent / node.name).exists():
                (sent / node.name).symlink_to(fleet.root(build, node))
    ssh = f"-o UserKnownHostsFile={fleet.known_hosts} -o ControlMaster=auto -o ControlPersist=60s"
    lines = (
        f"{node.name} ansible_host={node.address} ansible_user=root"
        " ansible_python_interpreter=/usr/bin/python3"
        f" ansible_ssh_private_key_file={fleet.lab_identity} ansible_ssh_args='{ssh}'"
        for node in fleet.nodes
    )
    (fleet.folder / "inventory").write_text("\n".join(lines) + "\n")


def _play(
    fleet: Fleet,
    playbook: str,
    tasks: tuple[Mapping[str, object], ...],
    variables: Mapping[str, object],
    build: str,
    restart: str = "",
) -> None:
    """Run a play with these tasks on all nodes."""
    variables = {**variables, "sent": str(fleet.folder / "ansible" / build), "restart": restart}
    play = [{"hosts": "all", "gather_facts": False, "vars": variables, "tasks": tasks}]
    path = fleet.folder / "play.yml"
    path.write_text(json.dumps(play))
    environment = {
        **os.environ,
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_FORKS": PARALLEL,
        "ANSIBLE_HOME": str(fleet.folder / ".ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
    }
    done = subprocess.run(
        (playbook, "-i", fleet.folder / "inventory", path), env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def give_library(nodes: Sequence[LabNode], folder: Path) -> None:
    """Give nodes, which have python3-minimal, the rest of Python's library: Ansible needs it."""
    library = folder / "library"
    argv = ("mmdebstrap", "--quiet", "--variant=extract", "--include=libpython3.13-stdlib", "trixie", library)
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    subprocess.run((*argv, *((f"--keyring={keyring}",) if keyring.exists() else ())), check=True)
    for node in nodes:
        subprocess.run(("cp", "-a", library / "usr/lib/python3.13", node.root / "usr/lib"), check=True)
