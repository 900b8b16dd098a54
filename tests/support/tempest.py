"""Tempest, OpenStack's own tests of a cloud from outside (https://docs.openstack.org/tempest/)."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.support.cloud import Cloud

VERSION = "47.0.0"


@dataclass(frozen=True)
class Result:
    """How the tests of a run ended, by their names."""

    passed: list[str]
    skipped: list[str]
    failed: list[str]
    output: str


def smoke(cloud: Cloud, folder: Path) -> Result:
    """Install tempest in a folder, and run its tests of the kind `smoke` against a cloud with `public`."""
    program = install(folder / "venv")
    # In place of a list in the home folder, in which each name may stand once.
    workspaces = ("--workspace-path", folder / "workspaces.yaml")
    subprocess.run((program, "init", *workspaces, folder / "work"), check=True, capture_output=True)
    configuration = configparser.ConfigParser()
    configuration.read_dict(settings(cloud))
    with (folder / "work/etc/tempest.conf").open("w") as file:
        configuration.write(file)
    command = (program, "run", "--smoke", "--concurrency", "2")
    done = subprocess.run(command, cwd=folder / "work", capture_output=True, text=True, check=False)
    return Result(*(ended(done.stdout, word) for word in ("ok", "SKIPPED", "FAILED")), output=done.stdout)


def install(venv: Path) -> Path:
    """Its program, which has requirements that heatsink does not share."""
    subprocess.run((sys.executable, "-m", "venv", venv), check=True)
    subprocess.run((venv / "bin/pip", "install", "--quiet", f"tempest=={VERSION}"), check=True)
    return venv / "bin/tempest"


def settings(cloud: Cloud) -> Mapping[str, Mapping[str, str]]:
    """What tempest is told of the cloud: who its administrator is, and what it does not have."""
    admin = yaml.safe_load(cloud.output("clouds.yaml"))["clouds"]["admin"]
    cloud.client("flavor", "create", "other", "--ram", "144", "--disk", "1", "--vcpus", "1")
    small, other, image, public = (
        cloud.client(kind, "show", name, "-f", "value", "-c", "id").strip()
        for kind, name in (("flavor", "tiny"), ("flavor", "other"), ("image", "guest"), ("network", "public"))
    )
    extensions = cloud.asked("extension", "list", "--network")
    return {
        "DEFAULT": {"log_file": "tempest.log"},
        "auth": {
            "admin_username": admin["auth"]["username"],
            "admin_password": admin["auth"]["password"],
            "admin_project_name": admin["auth"]["project_name"],
            "admin_domain_name": "Default",
        },
        "identity": {"uri_v3": f"{admin['auth']['auth_url']}/v3", "region": admin["region_name"]},
        "compute": {
            "flavor_ref": small,
            "flavor_ref_alt": other,
            "image_ref": image,
            "image_ref_alt": image,
            "min_compute_nodes": str(len(cloud.asked("hypervisor", "list"))),
        },
        # Guests have no module for CDs.
        "compute-feature-enabled": {"config_drive": "false"},
        "dashboard": {"dashboard_url": cloud.output("dashboard")},
        "network": {"public_network_id": public},
        "network-feature-enabled": {"api_extensions": ",".join(entry["Alias"] for entry in extensions)},
        "oslo_concurrency": {"lock_path": "lock"},
        "service_available": {"horizon": "true", "swift": "false"},
        "validation": {"image_ssh_user": "root", "image_alt_ssh_user": "root"},
        "volume-feature-enabled": {"backup": "false"},
    }


def ended(output: str, word: str) -> list[str]:
    """The tests that ended so, from lines such as `{1} tempest.api.….test_get [0.1s] ... ok`."""
    return re.findall(rf"^{{\d}} (.+?) (?:\[[\d.]+s\] )?\.\.\. {word}\b", output, re.MULTILINE)
