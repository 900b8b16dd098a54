"""What a lab asks of the machine, and the names it gives to what it makes there."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from compiler.lab import Lab, LabError, LabNode
from compiler.lab.base import ENGINES, RELEASES, base, recipe
from compiler.lab.create import node_files
from compiler.lab.node import load, node_record
from compiler.lab.requirements import PACKAGES, install_command, missing_packages
from compiler.lab.users import sudoers


def test_missing_packages_are_those_whose_commands_are_missing() -> None:
    present = {"ip", "ssh", "podman", "mmdebstrap"}
    missing = missing_packages(present.__contains__)
    assert install_command(missing) == ("apt-get", "install", "-y", "docker-registry", "systemd-container")


def test_nothing_is_missing_where_every_command_is_there() -> None:
    assert missing_packages({command for command, _ in PACKAGES}.__contains__) == ()


@pytest.mark.parametrize("subnet", ["10.0.0", "198.18.256", "198.18", "198.18.77.0", "198.20.1"])
def test_only_networks_kept_for_tests_are_a_labs_subnet(subnet: str) -> None:
    with pytest.raises(LabError, match="is not a valid subnet for a lab"):
        Lab(subnet=subnet)


def test_the_longest_cable_name_fits_the_kernel() -> None:
    assert len(podman_node(Lab(subnet="198.18.255"), number=244).cable) <= 15


def test_a_recipe_that_changes_gets_a_folder_of_its_own() -> None:
    every = list(product(ENGINES, RELEASES))
    assert len({base(*each, cache=Path("/cache")) for each in every}) == len(every)
    assert len({recipe(*each) for each in every}) == len(every)


def test_the_nodes_engine_is_told_that_the_registry_has_no_tls() -> None:
    files = dict(node_files(podman_node(Lab(), number=1), authorized_key="ssh-ed25519 AAAA"))
    assert (
        'location = "198.18.77.1:4000"\ninsecure = true' in files["etc/containers/registries.conf.d/lab.conf"]
    )


def test_a_node_is_loaded_as_it_was_recorded(tmp_path: Path) -> None:
    made = podman_node(Lab(state=tmp_path), number=3)
    write_node_record(made)
    assert load(made.lab, 3) == made


def test_a_node_that_was_recorded_without_a_release_has_the_one_of_then(tmp_path: Path) -> None:
    made = podman_node(Lab(state=tmp_path), number=3)
    write_node_record(made)
    record = json.loads(made.record_file.read_text())
    del record["release"]
    made.record_file.write_text(json.dumps(record))
    assert load(made.lab, 3).release == "trixie"


def test_a_node_has_an_address_of_each_family_in_the_labs_networks() -> None:
    node = podman_node(Lab(subnet="198.19.200"), number=244)
    assert (node.address, node.address6) == ("198.19.200.254", "fd00:198:19:200::254")


def test_sudo_answers_each_user_in_its_own_way() -> None:
    assert sudoers() == (
        "operator ALL = (ALL) NOPASSWD: ALL\n"
        "operator-password ALL = (ALL) ALL\n"
        "Defaults:operator-tty requiretty\noperator-tty ALL = (ALL) NOPASSWD: ALL\n"
    )


def test_a_node_of_another_subnet_is_not_taken_for_ours(tmp_path: Path) -> None:
    write_node_record(podman_node(Lab(state=tmp_path, subnet="198.18.90"), number=3))
    with pytest.raises(LabError, match=r"node3 belongs to subnet 198\.18\.90, not to 198\.18\.77"):
        load(Lab(state=tmp_path), 3)


def test_a_node_that_was_never_made_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no node3"):
        load(Lab(state=tmp_path), 3)


def podman_node(lab: Lab, *, number: int) -> LabNode:
    return LabNode(lab=lab, number=number, engine="podman", base=Path("/base"))


def write_node_record(node: LabNode) -> None:
    node.folder.mkdir()
    (node.folder / "node.json").write_text(json.dumps(node_record(node)))
