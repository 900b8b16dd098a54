"""The lab: a fleet of real nodes on one machine, each with its own systemd, sshd and container engine."""

from compiler.lab.base import ENGINES, Engine
from compiler.lab.fleet import down, nodes, up
from compiler.lab.hosts import hosts_file, role_counts
from compiler.lab.node import LabNode, load
from compiler.lab.place import Lab, from_environment
from compiler.lab.registry import start_registry
from compiler.lab.requirements import install_packages, require_root
from compiler.lab.system import LabError

__all__ = [
    "ENGINES",
    "Engine",
    "Lab",
    "LabError",
    "LabNode",
    "down",
    "from_environment",
    "hosts_file",
    "install_packages",
    "load",
    "nodes",
    "require_root",
    "role_counts",
    "start_registry",
    "up",
]
