"""The lab's container registry: Debian's docker-registry on the bridge's address, with plain HTTP."""

from __future__ import annotations

import json
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from compiler.lab.cgroup import Cgroup, program_cgroup
from compiler.lab.network import build_bridge
from compiler.lab.place import Lab
from compiler.lab.system import LabError, locked, wait_until


def start_registry(lab: Lab) -> str:
    """Start the registry if it is not running, and return its `address:port` once it answers."""
    with locked(lab.lock):
        build_bridge(lab)
        if not _cgroup(lab).populated:
            config = lab.state / "registry.json"
            config.write_text(json.dumps(_configuration(lab), indent=2) + "\n")
            _cgroup(lab).start(("docker-registry", "serve", config), log=lab.state / "registry.log", env={})
    if not wait_until(lambda: _answers(lab), seconds=20):
        raise LabError(
            f"the registry does not answer at {lab.registry}", hint=f"see {lab.state}/registry.log"
        )
    return lab.registry


def _configuration(lab: Lab) -> dict[str, object]:
    # The registry reads YAML, and JSON is valid YAML.
    return {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": str(lab.state / "registry")},
            "delete": {"enabled": True},
        },
        "http": {"addr": lab.registry},
    }


def _answers(lab: Lab) -> bool:
    # The machine's proxy, if it has one, cannot reach the lab.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(f"http://{lab.registry}/v2/", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _cgroup(lab: Lab) -> Cgroup:
    return program_cgroup(lab.bridge, "registry")
