"""`heatsink secrets`, and what a push does about secrets without a value."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage
import pytest

from compiler.files.secrets import SecretsFile
from tests.support.bundles import service
from tests.support.golden import GOLDEN
from tests.support.host_folder import HostFolder, host_folder
from tests.support.operator import heatsink, operator_folder

SECRET = "@{heatsink:secret:Password}"
TWO = f"{SECRET} @{{heatsink:secret:Token}}"


@pytest.fixture
def host(tmp_path: Path) -> HostFolder:
    """A host to which nothing was pushed, and a build with one secret."""
    host = host_folder(tmp_path)
    host.writes(service("one", config=SECRET, sensitive=True), service("two", config="b"))
    return host


def secrets(host: HostFolder) -> SecretsFile:
    return SecretsFile(host.folder / "secrets.yaml")


def lose_file(host: HostFolder) -> dict[str, str]:
    """Delete the secrets file; the values that it had."""
    values = secrets(host).values()
    secrets(host).path.unlink()
    return values


def test_missing_secrets_are_generated_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = operator_folder(tmp_path, GOLDEN / "compile/secrets-stay-references")
    path = folder / "secrets.yaml"
    heatsink(folder, (GOLDEN / "compile/secrets-stay-references/command").read_text())
    assert heatsink(folder, "secrets generate --offline") == 0
    generated = SecretsFile(path).values()
    assert (generated.keys(), path.stat().st_mode & 0o777) == ({"WebPassword", "KeptPassword"}, 0o600)
    assert "generated in secrets.yaml: " in capsys.readouterr().err
    heatsink(folder, "secrets generate --offline")
    assert SecretsFile(path).values() == generated
    assert capsys.readouterr().err == "secrets.yaml: no value is missing\n"


HOSTS = """\
defaults: {role: Web, port: 1}
hosts: [{name: web0, address: 127.0.0.1}, {name: web1, address: 127.0.0.2}]
"""


@pytest.mark.parametrize(
    ("secrets", "is_warned_of"), [("WebPasword: x", True), ("WebPassword: x", False), ("Other: x", False)]
)
def test_a_misspelt_secret_is_a_warning_of_a_push(
    secrets: str, is_warned_of: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = operator_folder(tmp_path, GOLDEN / "compile/secrets-stay-references")
    (folder / "hosts.yaml").write_text(HOSTS, encoding="utf-8")
    (folder / "secrets.yaml").write_text(f"KeptPassword: x\n{secrets}\n", encoding="utf-8")
    assert heatsink(folder, "compile -e env.yaml") == 0
    assert heatsink(folder, "push-artifacts --dry-run --host web0") == 1
    warning = "warning: no host uses `WebPasword` of `secrets.yaml`\nhint: did you mean `WebPassword`?\n"
    assert (warning in capsys.readouterr().err) == is_warned_of


def test_a_first_push_generates_what_no_host_has(host: HostFolder) -> None:
    pushed = host.heatsink("push-artifacts")
    assert (pushed.returncode, "generated in secrets.yaml: Password\n" in pushed.stderr) == (0, True)
    conf = host.path("/var/lib/config-data/one/one.conf").read_text()
    assert {"Password": conf} == secrets(host).values()


@pytest.mark.parametrize("command", ["push-artifacts", "push-artifacts --dry-run", "secrets generate"])
def test_a_lost_file_is_refused_and_nothing_is_lost(host: HostFolder, command: str) -> None:
    host.heatsink("push-artifacts")
    lose_file(host)
    before = host.started()
    refused = host.heatsink(*command.split())
    assert refused.returncode == 1
    assert refused.stderr.endswith(
        "error: `Password` has no value here, and localhost has one\n"
        "hint: run `heatsink secrets fetch` to bring it back, or `heatsink secrets import FILE`;"
        " `--new-secrets Password` replaces it\n"
    )
    assert (secrets(host).path.exists(), host.started()) == (False, before)


def test_fetch_brings_back_what_was_lost_and_a_push_then_changes_nothing(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    lost = lose_file(host)
    fetched = host.heatsink("secrets", "fetch")
    assert fetched.stderr == "fetched to secrets.yaml: Password\n"
    assert secrets(host).values() == lost
    assert secrets(host).path.stat().st_mode & 0o777 == 0o600
    assert host.heatsink("push-artifacts").stderr.endswith("0 files, 0 restarts\n")


def test_a_secret_of_a_service_that_was_removed_is_not_generated_again(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    host.writes(service("two", config="b"))
    host.heatsink("push-artifacts")
    lost = lose_file(host)
    host.writes(service("one", config=SECRET, sensitive=True))
    assert host.heatsink("push-artifacts").returncode == 1
    host.heatsink("secrets", "fetch")
    assert secrets(host).values() == lost


def test_new_secrets_replaces_what_a_host_has(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    lost = lose_file(host)
    assert host.heatsink("push-artifacts", "--new-secrets", "Password").returncode == 0
    assert secrets(host).values()["Password"] != lost["Password"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Pasword", "no host needs a secret `Pasword`"),
        ("Password", "`Password` has a value in `secrets.yaml`"),
    ],
)
def test_new_secrets_that_would_generate_nothing_is_a_mistake(
    host: HostFolder, name: str, complaint: str
) -> None:
    secrets(host).add({"Password": "x"})
    refused = host.heatsink("push-artifacts", "--new-secrets", name)
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (1, f"error: {complaint}")


def test_only_what_is_missing_is_generated_beside_what_a_host_has(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    before = secrets(host).values()
    host.writes(service("one", config=TWO, sensitive=True))
    assert "generated in secrets.yaml: Token\n" in host.heatsink("push-artifacts", "--yes").stderr
    assert secrets(host).values()["Password"] == before["Password"]


def test_a_host_that_does_not_answer_has_nothing_generated(host: HostFolder) -> None:
    (host.folder / "bin/python3").write_text("#!/bin/sh\nexit 3\n")
    (host.folder / "bin/python3").chmod(0o755)
    refused = host.heatsink("push-artifacts")
    assert (refused.returncode, "error: localhost: the connection was lost" in refused.stderr) == (1, True)
    assert not secrets(host).path.exists()


def test_a_dry_run_names_what_would_be_generated_and_writes_nothing(host: HostFolder) -> None:
    said = host.heatsink("push-artifacts", "--dry-run").stdout
    assert "  secrets to make:\n    Password\n" in said
    assert not secrets(host).path.exists()


def test_set_takes_a_value_from_stdin_and_the_next_push_restarts_its_consumers(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    before = host.started()
    assert host.heatsink("secrets", "set", "Password", entered="open/sesame\n").returncode == 0
    host.heatsink("push-artifacts")
    assert host.path("/var/lib/config-data/one/one.conf").read_text() == "open/sesame"
    assert set(host.started()[len(before) :]) & {"heatsink-one.service", "heatsink-two.service"} == {
        "heatsink-one.service"
    }


def test_set_keeps_the_lines_of_a_key(host: HostFolder) -> None:
    host.heatsink("secrets", "set", "Key", entered="-----BEGIN-----\nabc\n-----END-----\n")
    assert secrets(host).values() == {"Key": "-----BEGIN-----\nabc\n-----END-----\n"}


def test_rotate_generates_other_values_of_these_secrets_alone(host: HostFolder) -> None:
    secrets(host).add({"Password": "old", "Token": "kept"})
    assert host.heatsink("secrets", "rotate", "Password").returncode == 0
    values = secrets(host).values()
    assert (values["Token"], len(values["Password"])) == ("kept", 40)


def test_rotate_refuses_a_name_without_a_value(host: HostFolder) -> None:
    secrets(host).add({"Password": "old"})
    refused = host.heatsink("secrets", "rotate", "Pasword")
    assert refused.stderr == (
        "error: `Pasword` has no value in `secrets.yaml`\nhint: did you mean `Password`?\n"
    )
    assert secrets(host).values() == {"Password": "old"}


def test_import_adds_what_is_missing(host: HostFolder) -> None:
    secrets(host).add({"Password": "x"})
    SecretsFile(host.folder / "other.yaml").add({"Password": "x", "Token": "y"})
    assert host.heatsink("secrets", "import", "other.yaml").stderr == "imported to secrets.yaml: Token\n"
    assert secrets(host).values() == {"Password": "x", "Token": "y"}


def test_import_refuses_another_value_without_showing_either(host: HostFolder) -> None:
    secrets(host).add({"Password": "hunter1"})
    SecretsFile(host.folder / "other.yaml").add({"Password": "hunter2", "Token": "y"})
    refused = host.heatsink("secrets", "import", "other.yaml")
    assert (refused.returncode, "`Password`" in refused.stderr, "hunter" in refused.stderr) == (
        1,
        True,
        False,
    )
    assert secrets(host).values() == {"Password": "hunter1"}


def test_list_has_names_and_who_needs_them(host: HostFolder) -> None:
    secrets(host).add({"Token": "hunter2"})
    listed = json.loads(host.heatsink("secrets", "list", "--json").stdout)
    assert [(row["secret"], row["set"], row["hosts"]) for row in listed] == [
        ("Password", False, ["localhost"]),
        ("Token", True, []),
    ]


COMMANDS = (
    "push-artifacts",
    "push-artifacts --json",
    "push-artifacts --dry-run --debug",
    "status --json --debug",
    "secrets list",
    "secrets list --json",
    "secrets generate",
    "secrets rotate Token --debug",
    "secrets fetch --debug",
    "secrets set Password",
    "rollback --json",
)


def test_no_command_prints_a_value_or_leaves_one_where_others_can_read_it(host: HostFolder) -> None:
    secrets(host).add({"Password": "hunter2", "Token": "hunter2"})
    said = [host.heatsink(*command.split(), entered="hunter2\n") for command in COMMANDS]
    secrets(host).path.unlink()
    said.append(host.heatsink("secrets", "fetch", "--debug", "--verbose"))
    assert not any("hunter2" in done.stdout + done.stderr for done in said)
    readable = [
        path
        for path in host.folder.rglob("*")
        if path.is_file() and b"hunter2" in path.read_bytes() and path.stat().st_mode & 0o077
    ]
    assert readable == []


def test_an_encrypted_file_is_used_where_sops_has_its_identity(host: HostFolder) -> None:
    keys = host.folder / ".config/sops/age/keys.txt"
    keys.parent.mkdir(parents=True)
    keys.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    encrypted = SecretsFile(host.folder / "secrets.yaml.age", keys)
    encrypted.add({"Token": "x"})
    environment = {"XDG_CONFIG_HOME": "", "SOPS_AGE_KEY_FILE": ""}
    pushed = host.heatsink("push-artifacts", environment=environment)
    assert "generated in secrets.yaml.age: Password\n" in pushed.stderr
    conf = host.path("/var/lib/config-data/one/one.conf").read_text()
    assert encrypted.values() == {"Token": "x", "Password": conf}
    assert not secrets(host).path.exists()


def test_an_identity_of_another_place_is_named(host: HostFolder) -> None:
    (host.folder / "me.txt").write_text(f"{pyrage.x25519.Identity.generate()}\n")
    encrypted = SecretsFile(host.folder / "site.age", host.folder / "me.txt")
    places = ("--secrets", "site.age", "--identity", "me.txt")
    assert host.heatsink("secrets", "set", "Token", *places, entered="x\n").returncode == 0
    assert encrypted.values() == {"Token": "x"}


def test_a_plain_file_beside_an_encrypted_one_is_a_mistake(host: HostFolder) -> None:
    secrets(host).add({"Password": "x"})
    (host.folder / "secrets.yaml.age").write_text("")
    refused = host.heatsink("secrets", "list")
    assert refused.stderr.startswith("error: there are both `secrets.yaml` and `secrets.yaml.age`\n")
