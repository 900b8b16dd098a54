"""The projects of pages compile; tests/e2e/test_pages.py follows the whole pages on nodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.reader import ROOT, Reader


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def test_the_project_of_the_tutorial_compiles(reader: Reader) -> None:
    reader.output("heatsink init .")
    reader.write_files((ROOT / "docs/tutorial.md").read_text(encoding="utf-8"))
    reader.output("echo certificate > templates/web/site.crt")
    assert "1 host compiled" in reader.output("heatsink compile -e environments/site.yaml")


def test_the_tree_of_an_operator_compiles(reader: Reader) -> None:
    reader.write_files((ROOT / "docs/own-tree.md").read_text(encoding="utf-8"))
    printed = reader.output("heatsink compile -e environments/edge.yaml --role Edge")
    assert "1 host compiled" in printed


LAB, GATEWAYS = "environments/openstack-lab.yaml", "environments/openstack-gateways.yaml"


@pytest.mark.parametrize("role", ["AllInOne", "Controller", "Compute"])
@pytest.mark.parametrize("more", [(), (LAB,), (GATEWAYS, LAB), (GATEWAYS, "one-card.yaml")])
def test_openstack_compiles(reader: Reader, role: str, more: Sequence[str]) -> None:
    reader.write_files((ROOT / "docs/openstack.md").read_text(encoding="utf-8"))
    environments = " ".join(f"-e {name}" for name in ("environments/openstack.yaml", *more, "site.yaml"))
    printed = reader.output(f"heatsink compile {environments} --role {role}")
    assert "1 host compiled" in printed
    assert "no template declares" not in printed


AGENTS = "-e environments/openstack.yaml -e environments/openstack-agents.yaml -e site.yaml"


@pytest.mark.parametrize("role", ["AllInOne", "Controller", "Network"])
def test_openstack_on_agents_compiles(reader: Reader, role: str) -> None:
    reader.write_files((ROOT / "docs/openstack.md").read_text(encoding="utf-8"))
    assert "1 host compiled" in reader.output(f"heatsink compile {AGENTS} --role {role}")


def test_a_compute_host_with_agents_has_one_container_for_each_process(reader: Reader) -> None:
    reader.write_files((ROOT / "docs/openstack.md").read_text(encoding="utf-8"))
    reader.output(f"heatsink compile {AGENTS} --role Compute")
    manifest = json.loads((reader.folder / "build/hosts/localhost/manifest.json").read_text())
    running = {unit["container"] for unit in manifest["units"] if unit["kind"] in {"service", "scheduled"}}
    assert running - {""} == {
        "kolla_toolbox",
        "logrotate",
        "neutron_openvswitch_agent",
        "nova_compute",
        "nova_libvirt",
        "nova_ssh",
        "openvswitch_db",
        "openvswitch_vswitchd",
        "rsyslog",
        "topology_agent",
    }
