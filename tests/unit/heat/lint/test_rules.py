"""Rules of `heatsink lint`, each both ways, and upstream's trees.

`golden/lint/` has a folder for each rule: what it finds in `fires*`, and what it must not find in `quiet*`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.diagnostics import Report
from compiler.heat.lint import linter
from compiler.heat.lint.linter import LintRequest
from compiler.heat.lint.rules import CODES
from compiler.tripleo import output
from compiler.tripleo.render import rendering
from compiler.tripleo.tree import listing
from tests.support.golden import GOLDEN
from tests.support.operator import heatsink

CASES = GOLDEN / "lint"


def lint(code: str, folder: Path) -> object:
    """The exit code for a copy of a rule's folder."""
    shutil.copytree(CASES / code, folder, dirs_exist_ok=True)
    return heatsink(folder, (CASES / code / "command").read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", CODES)
def test_a_rule_finds_what_it_is_for_and_nothing_else(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], golden_text: Callable[[str, Path], None]
) -> None:
    assert lint(code, tmp_path) == 1
    found = capsys.readouterr().out
    golden_text(found, CASES / code / "expected.stdout")
    assert all(line.startswith("fires") and f"[{code}]" in line for line in found.splitlines())


@pytest.mark.parametrize("code", CODES)
def test_a_rule_that_is_ignored_finds_nothing(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(CASES / code, tmp_path, dirs_exist_ok=True)
    command = (CASES / code / "command").read_text(encoding="utf-8").replace("--rule", "--ignore")
    heatsink(tmp_path, command)
    assert f"[{code}]" not in capsys.readouterr().out


def test_an_environment_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("heat_template_version: wallaby\noutputs: {name: {value: web}}\n")
    (tmp_path / "empty.yaml").write_text("---\n")
    assert heatsink(tmp_path, "lint web.yaml -e empty.yaml") == 0


def test_a_template_without_traps_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "web.yaml").write_text("heat_template_version: wallaby\noutputs: {name: {value: web}}\n")
    assert heatsink(tmp_path, "lint .") == 0
    assert capsys.readouterr() == ("", "0 findings in 1 template, 0 environments\n")


def test_findings_as_json_say_what_the_lines_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(CASES / "literal-function", tmp_path, dirs_exist_ok=True)
    assert heatsink(tmp_path, "lint fires.yaml --json") == 1
    (found,) = json.loads(capsys.readouterr().out)
    said = "`get_param` is beside `workers`, so it is an ordinary key and not a call"
    assert found["message"] == said
    assert (found["file"], found["line"], found["column"], found["code"]) == (
        "fires.yaml",
        7,
        7,
        "literal-function",
    )


def test_a_folder_without_templates_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert heatsink(tmp_path, "lint .") == 1
    assert capsys.readouterr().err.startswith("error: no template found")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("lint web.yaml", "heat_template_version: [\n"),
        ("lint web.yaml", "heat_template_version: wallaby\nparameters: [port]\n"),
        ("lint web.yaml", "heat_template_version: wallaby\nparameter_groups: [{label: Network}]\n"),
        ("lint . -e web.yaml", "parameter_defaults: [port]\n"),
        ("lint . -e web.yaml", "parameter_defaults: [\n"),
    ],
)
def test_a_file_that_heat_refuses_is_a_finding_and_not_the_end(
    command: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "web.yaml").write_text(text)
    assert heatsink(tmp_path, command) == 1
    printed = capsys.readouterr()
    assert "[invalid]" in printed.out and "1 finding" in printed.err


def test_hidden_folders_and_jinja_templates_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in (".git/web.yaml", "web.j2.yaml"):
        (tmp_path / name).write_text("heat_template_version: wallaby\noutputs: [{% a %}\n")
    assert linter.lint(LintRequest(paths=(tmp_path,))).findings == ()


def test_what_a_jinja_template_may_pass_is_no_unused_parameter(tmp_path: Path) -> None:
    shutil.copytree(CASES / "unused-parameter", tmp_path, dirs_exist_ok=True)
    (tmp_path / "role.role.j2.yaml").write_text("{% if a %}\nproperties:\n  Prot: 80\n{% endif %}\n")
    assert linter.lint(LintRequest(paths=(tmp_path,), codes=frozenset({"unused-parameter"}))).findings == ()


def test_a_finding_in_what_two_aliases_share_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(
        "heat_template_version: wallaby\n"
        "outputs:\n"
        "  one: {value: &both {get_param: X, other: 1}}\n"
        "  two: {value: *both}\n"
    )
    found = linter.lint(LintRequest(paths=(tmp_path,), codes=frozenset({"literal-function"})))
    assert [each.place[1:] for each in found.findings] == [(3, 23)]


KNOWN = {  # mappings with a function's name among several keys
    "THT_MASTER": [
        "deployment/neutron/neutron-l2gw-agent-baremetal-puppet.yaml",
        "deployment/neutron/neutron-l3-compute-dvr.yaml",
        "deployment/nova/nova-api-container-puppet.yaml",
        "deployment/nova/nova-conductor-container-puppet.yaml",
        "deployment/nova/nova-metadata-container-puppet.yaml",
        "deployment/nova/nova-scheduler-container-puppet.yaml",
        "deployment/nova/nova-vnc-proxy-container-puppet.yaml",
    ],
    "THT_TRAIN": [
        "deployment/cinder/cinder-api-container-puppet.yaml",
        "deployment/neutron/neutron-l3-compute-dvr.yaml",
        "deployment/placement/placement-api-container-puppet.yaml",
    ],
}
RENDERED = {  # the same in what only rendering makes
    "THT_MASTER": [],
    "THT_TRAIN": ["network/config/bond-with-vlans/controller-no-external.yaml"],
}


DUPLICATES = {"THT_MASTER": 23, "THT_TRAIN": 25}  # in rendered trees


def files_with(code: str, tree: Path) -> list[str]:
    found = linter.lint(LintRequest(paths=(tree,), codes=frozenset({code})))
    return [str(Path(each.place[0]).relative_to(tree)) for each in found.findings]


@pytest.mark.parametrize("name", KNOWN)
def test_the_known_traps_of_upstreams_tree_are_found(name: str, tmp_path: Path) -> None:
    if name not in os.environ:
        pytest.skip(f"set {name} to a checkout of tripleo-heat-templates")
    tree = Path(os.environ[name])
    rendered = tmp_path / "rendered"
    output.write(rendering(listing(tree), Report()), rendered)
    assert files_with("literal-function", tree) == KNOWN[name]
    assert files_with("literal-function", rendered) == KNOWN[name] + RENDERED[name]
    assert len(files_with("duplicate-key", rendered)) == DUPLICATES[name]


def test_what_a_project_takes_from_the_library_is_not_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("templates/shop", "roles", "environments"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "templates/shop/shop.yaml").write_text(
        "heat_template_version: wallaby\n"
        "parameters:\n"
        "  BootstrapHosts: {type: json, default: {}}\n"
        "resources:\n"
        "  database: {type: ../mariadb/database.yaml, properties: {Name: shop, Password: secret}}\n"
        "outputs:\n"
        "  role_data:\n"
        "    value:\n"
        "      service_name: shop\n"
        "      host_ports: [{get_param: [BootstrapHosts, mariadb, address]}]\n"
        "      config: {get_attr: [database, role_data]}\n"
    )
    (tmp_path / "roles/Shop.yaml").write_text("name: Shop\nServicesDefault: [OS::Example::Services::Shop]\n")
    (tmp_path / "environments/shop.yaml").write_text(
        "parameter_defaults:\n"
        "  MysqlMaxConnections: 100\n"
        "  ShopParameters: {MysqlPort: 3307}\n"
        "resource_registry:\n"
        "  OS::Example::Services::Shop: ../templates/shop/shop.yaml\n"
    )
    assert heatsink(tmp_path, "lint templates templates/shop/shop.yaml -e environments/shop.yaml") == 0
    assert capsys.readouterr().out == ""
