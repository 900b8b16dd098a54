"""The lab: a fleet of real nodes on one machine, each with its own systemd, sshd and container engine.

fleet         boots, lists and removes nodes      node      one node, which reboots and crashes as a host does
place         folder, subnet, paths and names     create    a node's disk and the files that are its own
base          Debian by engine and release        network   a bridge, and a cable to each node
registry      the container registry              hosts     a hosts file for the nodes
requirements  root, and Debian packages           cgroup    long-running programs
users         those for whom sudo differs         system    commands, locks, waiting
podman_4_3    what Debian 12's podman needs
"""

from compiler.lab.base import DEFAULT_RELEASE, ENGINES, RELEASES, Engine, Release
from compiler.lab.fleet import down, nodes, up
from compiler.lab.hosts import hosts_file
from compiler.lab.node import LabNode, load
from compiler.lab.place import Lab, from_environment
from compiler.lab.registry import start_registry
from compiler.lab.requirements import install_packages, require_root
from compiler.lab.system import LabError
from compiler.lab.users import USERS

__all__ = [
    "DEFAULT_RELEASE",
    "ENGINES",
    "RELEASES",
    "USERS",
    "Engine",
    "Lab",
    "LabError",
    "LabNode",
    "Release",
    "down",
    "from_environment",
    "hosts_file",
    "install_packages",
    "load",
    "nodes",
    "require_root",
    "start_registry",
    "up",
]
