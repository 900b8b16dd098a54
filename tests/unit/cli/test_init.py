"""`heatsink init`: a project that compiles at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler.files.secrets import SecretsFile
from tests.support.operator import contents, heatsink

COMPILE = "compile -e environments/site.yaml --strict"


def hosts(folder: Path) -> list[str]:
    """Name, role and address of each host."""
    text = (folder / "hosts.yaml").read_text(encoding="utf-8")
    return [
        f"{name} {role} {address}"
        for name, role, address in re.findall(r"{name: (\S+), role: (\S+), address: (\S+)}", text)
    ]


def test_the_example_compiles_at_once(tmp_path: Path) -> None:
    heatsink(tmp_path, "init shop")
    assert heatsink(tmp_path / "shop", COMPILE) == 0
    units = tmp_path / "shop/build/hosts/shop-app-0/root/etc/systemd/system"
    assert {"heatsink-app.service", "heatsink-app_migrate.service", "heatsink-app_db.service"} <= {
        path.name for path in units.iterdir()
    }


def test_the_secrets_of_the_example_are_generated(tmp_path: Path) -> None:
    heatsink(tmp_path, "init")
    heatsink(tmp_path, COMPILE)
    heatsink(tmp_path, "secrets generate --offline")
    assert SecretsFile(tmp_path / "secrets.yaml").values().keys() == {
        "AppDatabasePassword",
        "MysqlRootPassword",
    }


def test_existing_files_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hosts.yaml").write_text("mine")
    assert heatsink(tmp_path, "init") == 1
    assert contents(tmp_path) == {"hosts.yaml": b"mine"}
    assert capsys.readouterr().err.startswith(f"error: already in {tmp_path}: `hosts.yaml`\n")


def test_a_file_of_git_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    assert heatsink(tmp_path, "init") == 0
    assert (tmp_path / ".gitignore").read_text() == "mine"


def test_hosts_have_the_names_and_numbers_of_their_roles(tmp_path: Path) -> None:
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles/Edge.yaml").write_text(
        "name: Edge\nCountDefault: 2\nHostnameFormatDefault: '%stackname%-edge-%index%'\n"
    )
    heatsink(
        tmp_path, "init --role Controller=1 --role Edge --stack-name north --first-address 198.51.100.254"
    )
    assert hosts(tmp_path) == [
        "controller-0 Controller 198.51.100.254",
        "north-edge-0 Edge 198.51.100.255",
        "north-edge-1 Edge 198.51.101.0",
    ]


def test_hosts_of_the_librarys_roles_compile_at_once(tmp_path: Path) -> None:
    heatsink(tmp_path, "init --role Controller=3 --role Compute=2")
    assert heatsink(tmp_path, COMPILE) == 0


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ("--role Webb", "there is no role `Webb`", "did you mean `Web`?"),
        ("--role Web=x", "`--role Web=x` is not valid", "name each role once, as `Controller=1`"),
        (
            "--first-address 1.2",
            "`--first-address 1.2` is not an IPv4 address",
            "for example `198.51.100.10`",
        ),
    ],
)
def test_a_mistake_writes_nothing(
    arguments: str, message: str, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert heatsink(tmp_path, f"init {arguments}") == 1
    assert (capsys.readouterr().err, contents(tmp_path)) == (f"error: {message}\nhint: {hint}\n", {})


def test_the_schema_that_a_file_names_is_there(tmp_path: Path) -> None:
    heatsink(tmp_path, "init")
    for path in tmp_path.rglob("*.yaml"):
        (schema,) = re.findall(r"\A# yaml-language-server: \$schema=(\S+)", path.read_text(encoding="utf-8"))
        assert (path.parent / schema).is_file()
