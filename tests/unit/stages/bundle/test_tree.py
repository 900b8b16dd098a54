"""What compiling writes: always the same bytes, all of it or nothing, and no more than differs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.golden import GOLDEN
from tests.support.operator import contents, heatsink, operator_folder

BACKENDS = GOLDEN / "compile" / "service-on-every-backend"
ROOT = Path(__file__).parents[4]
FLEET = """\
hosts:
  - {name: web0, role: Web}
  - {name: web1, role: Web}
"""
LARGER = FLEET + "  - {name: web2, role: Web}\n"


def fleet_folder(folder: Path, hosts: str = FLEET) -> Path:
    operator_folder(folder)
    (folder / "hosts.yaml").write_text(hosts, encoding="utf-8")
    return folder


def inodes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_ino for path in folder.rglob("*")}


def test_another_folder_and_another_hash_seed_give_the_same_bytes(tmp_path: Path) -> None:
    first = operator_folder(tmp_path / "first", BACKENDS)
    second = operator_folder(tmp_path / "second place", BACKENDS)
    assert heatsink(first, "compile") == 0
    environment = {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    argv = (sys.executable, "-m", "compiler", "compile")
    subprocess.run(argv, cwd=second, env=environment, check=True, capture_output=True)
    assert contents(first / "build") == contents(second / "build")


def test_compiling_again_touches_nothing(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path, BACKENDS)
    assert heatsink(folder, "compile") == 0
    before = inodes(folder / "build")
    assert heatsink(folder, "compile") == 0
    assert inodes(folder / "build") == before


def test_a_line_that_moves_changes_places_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = operator_folder(tmp_path, BACKENDS)
    assert heatsink(folder, "compile") == 0
    before = contents(folder / "build")
    for template in (folder / "templates").glob("*.yaml"):
        template.write_text(f"# a comment\n{template.read_text()}")
    capsys.readouterr()
    assert heatsink(folder, "compile") == 0
    assert "build/ is up to date" in capsys.readouterr().err
    after = contents(folder / "build")
    moved = {path for path in after if after[path] != before[path]}
    assert moved == {f"hosts/{name}/places.json" for name in ("docker", "podman", "quadlet")}


def test_only_files_that_differ_are_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fleet_folder(tmp_path)
    (folder / "templates/web.yaml").write_text(
        """\
heat_template_version: wallaby
parameters:
  WebPort: {type: number, default: 80}
outputs:
  role_data:
    value:
      service_name: web
      config_data:
        web:
          etc/port: {text: {str_replace: {template: PORT, params: {PORT: {get_param: WebPort}}}}}
          etc/motd: {text: hello}
""",
        encoding="utf-8",
    )
    assert heatsink(folder, "compile") == 0
    before = inodes(folder / "build")
    capsys.readouterr()
    (folder / "hosts.yaml").write_text(
        FLEET.replace("web1, role: Web", "web1, role: Web, parameters: {WebPort: 81}"), encoding="utf-8"
    )
    assert heatsink(folder, "compile --json") == 0
    written = json.loads(capsys.readouterr().out)["written"]
    after = inodes(folder / "build")
    assert written == [
        "hosts/web1/root/var/lib/config-data/web/etc/port",
        "hosts/web1/manifest.json",
        "fleet.json",
    ]
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {*written, "hosts/web1/places.json"}


def test_a_compile_of_one_host_leaves_the_others_alone(tmp_path: Path) -> None:
    folder = fleet_folder(tmp_path)
    assert heatsink(folder, "compile") == 0
    before = contents(folder / "build")
    (folder / "roles/Web.yaml").write_text("name: Web\nServicesDefault: []\n", encoding="utf-8")
    assert heatsink(folder, "compile --host web1") == 0
    after = contents(folder / "build")
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert changed and {path.removeprefix("hosts/").split("/")[0] for path in changed} == {
        "web1",
        "fleet.json",
    }
    assert sorted(json.loads(after["fleet.json"])["hosts"]) == ["web0", "web1"]


def test_a_host_that_left_the_hosts_file_leaves_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fleet_folder(tmp_path, LARGER)
    assert heatsink(folder, "compile") == 0
    fleet_folder(tmp_path, FLEET)
    assert heatsink(folder, "compile") == 0
    assert "1 removed" in capsys.readouterr().err
    assert sorted(path.name for path in (folder / "build/hosts").iterdir()) == ["web0", "web1"]
    assert sorted(json.loads((folder / "build/fleet.json").read_bytes())["hosts"]) == ["web0", "web1"]


def test_a_service_that_left_takes_its_files_along(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path)
    assert heatsink(folder, "compile --role Web") == 0
    (folder / "roles/Web.yaml").write_text("name: Web\nServicesDefault: []\n", encoding="utf-8")
    assert heatsink(folder, "compile --role Web") == 0
    assert not list((folder / "build").rglob("heatsink-web.service"))


def test_a_failed_compile_leaves_the_old_build_untouched(tmp_path: Path) -> None:
    folder = fleet_folder(tmp_path)
    assert heatsink(folder, "compile") == 0
    before = (inodes(folder / "build"), contents(folder / "build"))
    broken = LARGER.replace("web1, role: Web", "web1, role: Web, parameters: {WebPort: none}")
    (folder / "hosts.yaml").write_text(broken, encoding="utf-8")
    assert heatsink(folder, "compile") == 1
    assert (inodes(folder / "build"), contents(folder / "build")) == before


def test_a_file_that_somebody_changed_or_removed_is_written_again(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path)
    assert heatsink(folder, "compile --role Web") == 0
    before = contents(folder / "build")
    first, second = sorted((folder / "build").rglob("*.target"))[:2]
    first.unlink()
    second.write_text("cut short", encoding="utf-8")
    assert heatsink(folder, "compile --role Web") == 0
    assert contents(folder / "build") == before


def test_check_says_whether_the_build_is_current_and_writes_nothing(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path)
    assert heatsink(folder, "compile --role Web --check") == 1
    assert not (folder / "build").exists()
    assert heatsink(folder, "compile --role Web") == 0
    before = inodes(folder / "build")
    assert heatsink(folder, "compile --role Web --check") == 0
    (folder / "roles/Web.yaml").write_text("name: Web\nServicesDefault: []\n", encoding="utf-8")
    assert heatsink(folder, "compile --role Web --check") == 1
    assert inodes(folder / "build") == before


def test_files_that_refer_to_secrets_are_private_in_the_build_too(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path, GOLDEN / "compile" / "secrets-stay-references")
    before = os.umask(0o022)
    try:
        assert heatsink(folder, "compile --role Web -e env.yaml") == 0
    finally:
        os.umask(before)
    host = folder / "build/hosts/localhost"
    listed = json.loads((host / "manifest.json").read_bytes())["files"]
    modes = {entry["path"]: (host / f"root{entry['path']}").stat().st_mode & 0o777 for entry in listed}
    sensitive = {entry["path"] for entry in listed if entry["sensitive"]}
    assert sensitive and all(modes[path] == (0o600 if path in sensitive else 0o644) for path in modes)


def test_a_secrets_value_is_nowhere_in_the_build(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path, GOLDEN / "compile" / "secrets-stay-references")
    assert heatsink(folder, "compile --role Web -e env.yaml") == 0
    assert [path for path, content in contents(folder / "build").items() if b"never in a" in content] == []


PRIVATE = GOLDEN / "compile" / "hidden-values-stay-private"
PRIVATE_FILES = {
    "var/lib/config-data/web/etc/web.conf",
    "var/lib/config-data/web/etc/web.pem",
    "var/lib/config-data/web/etc/template.conf",
    "var/lib/heatsink/env/web.env",
}


def private_files(root: Path) -> set[str]:
    """The files that only their owner can read."""
    files = filter(Path.is_file, root.rglob("*"))
    return {str(path.relative_to(root)) for path in files if not path.stat().st_mode & 0o077}


def test_files_with_hidden_values_are_private_in_the_build_folder(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path, PRIVATE)
    assert heatsink(folder, (PRIVATE / "command").read_text()) == 0
    assert private_files(folder / "build/hosts/localhost/root") == PRIVATE_FILES


def test_digests_of_private_files_are_private_too(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path, PRIVATE)
    heatsink(folder, (PRIVATE / "command").read_text())
    (folder / "build/fleet.json").chmod(0o644)
    (folder / "build/hosts/localhost/manifest.json").chmod(0o644)
    heatsink(folder, (PRIVATE / "command").read_text())
    modes = {path.stat().st_mode & 0o777 for path in folder.rglob("build/**/*.json")}
    assert modes == {0o600}


RUNS_ONCE = """\
heat_template_version: wallaby
parameters:
  WebPin: {type: string, hidden: true}
outputs:
  role_data:
    value:
      service_name: web
      config_data:
        web:
          etc/pin: {text: {list_join: ["", [pin, {get_param: WebPin}]]}}
          etc/pin.j2: {template: "{{ pin }}", variables: {pin: {get_param: WebPin}}}
      kolla_config:
        /var/lib/kolla/config_files/web.json: {command: {get_param: WebPin}}
      docker_config:
        step_1:
          web:
            image: example/web@sha256:1
            environment: {PIN: {get_param: WebPin}, PORT: 80}
            volumes:
              - /var/lib/config-data/web:/srv:ro
              - /var/lib/kolla/config_files/web.json:/config.json:ro
"""


def test_nobody_can_guess_a_hidden_value_by_what_all_may_read(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path)
    (folder / "templates/web.yaml").write_text(RUNS_ONCE, encoding="utf-8")
    public = []
    for pin in ("1111", "2222"):
        (folder / "env.yaml").write_text(f"parameter_defaults: {{WebPin: '{pin}'}}\n", encoding="utf-8")
        assert heatsink(folder, "compile --role Web -e env.yaml") == 0
        private = private_files(folder / "build")
        public.append(
            {path: text for path, text in contents(folder / "build").items() if path not in private}
        )
    assert public[0] == public[1]


def test_a_file_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    folder = operator_folder(tmp_path, PRIVATE)
    heatsink(folder, (PRIVATE / "command").read_text())
    (folder / "build/hosts/localhost/root/var/lib/heatsink/env/web.env").chmod(0o644)
    heatsink(folder, (PRIVATE / "command").read_text())
    assert private_files(folder / "build/hosts/localhost/root") == PRIVATE_FILES
