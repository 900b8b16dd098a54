"""The hosts file the lab writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from compiler import schemas
from compiler.cli.lab import lab as command
from compiler.diagnostics import HeatsinkError
from compiler.files.hosts_file import role_counts
from compiler.lab import Engine, Lab, LabError, LabNode, hosts_file

LAB = Lab()


def node(number: int, engine: Engine = "podman") -> LabNode:
    return LabNode(lab=LAB, number=number, engine=engine, base=Path("/base"))


def test_nodes_are_given_to_roles_in_order_and_docker_nodes_name_their_backend() -> None:
    nodes = (node(1), node(2), node(4, "docker"), node(5))
    assert hosts_file(LAB, nodes, {"Controller": 1, "Web": 2}) == (
        f"# yaml-language-server: $schema={schemas.path('hosts')}\n"
        "defaults: {user: root, identity_file: /var/lib/heatsink-lab/id_ed25519}\n"
        "hosts:\n"
        "  - {name: node1, role: Controller, address: 198.18.77.11}\n"
        "  - {name: node2, role: Web, address: 198.18.77.12}\n"
        "  - {name: node4, role: Web, address: 198.18.77.14, backend: docker}\n"
    )


def test_nodes_are_reached_as_a_user_and_by_ipv6_if_that_is_wanted() -> None:
    assert hosts_file(LAB, (node(1),), {"Web": 1}, user="operator", ipv6=True).splitlines()[1:] == [
        "defaults: {user: operator, identity_file: /var/lib/heatsink-lab/id_ed25519}",
        "hosts:",
        '  - {name: node1, role: Web, address: "fd00:198:18:77::11"}',
    ]


def test_more_hosts_than_nodes_are_refused() -> None:
    with pytest.raises(LabError, match="the roles need 3 nodes, but the lab has 1"):
        hosts_file(LAB, (node(1),), {"Controller": 3})


def test_what_yaml_could_misread_is_quoted() -> None:
    assert 'role: "on"' in hosts_file(LAB, (node(1),), {"on": 1})


def test_roles_keep_their_order_and_may_have_no_count() -> None:
    assert list(role_counts(("Web=2", "Controller")).items()) == [("Web", 2), ("Controller", None)]


@pytest.mark.parametrize("written", ["Web=0", "Web=x", "=1", "Web=1=2", "we b=1", ""])
def test_a_role_without_a_sensible_count_is_refused(written: str) -> None:
    with pytest.raises(HeatsinkError, match="is not valid"):
        role_counts((written,))


def test_an_existing_hosts_file_is_not_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "hosts.yaml"
    output.write_text("mine")
    arguments = ["--state", str(empty_lab(tmp_path)), "hosts", "--role", "Web=1", "-o", str(output)]
    refused = CliRunner().invoke(command, arguments)
    assert (str(refused.exception), output.read_text()) == (f"`{output}` exists", "mine")


def test_an_existing_hosts_file_is_overwritten_when_told(tmp_path: Path) -> None:
    output = tmp_path / "hosts.yaml"
    output.write_text("mine")
    arguments = [
        "--state",
        str(empty_lab(tmp_path)),
        "hosts",
        "--role",
        "Web=1",
        "-o",
        str(output),
        "--force",
    ]
    CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert "node7" in output.read_text()


def test_a_role_that_is_not_defined_is_refused(tmp_path: Path) -> None:
    arguments = ["--state", str(empty_lab(tmp_path)), "hosts", "--role", "Webb=1", "-o", str(tmp_path / "h")]
    error = CliRunner().invoke(command, arguments).exception
    assert isinstance(error, HeatsinkError)
    assert error.render() == "error: there is no role `Webb`\nhint: did you mean `Web`?"


def test_a_node_may_be_called_by_its_name(tmp_path: Path) -> None:
    for number in ("node9", "9"):
        error = (
            CliRunner()
            .invoke(command, ["--state", str(empty_lab(tmp_path / number)), "boot", number])
            .exception
        )
        assert str(error) == "there is no node9"


def empty_lab(tmp_path: Path) -> Path:
    """A lab's folder with one node that was never booted."""
    folder = tmp_path / "lab" / "node7"
    folder.mkdir(parents=True)
    folder.joinpath("node.json").write_text('{"engine": "podman", "base": "/base", "subnet": "198.18.77"}')
    return folder.parent
