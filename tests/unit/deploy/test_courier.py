"""The file of `heatsink bundle`, run on a host: it does what a push does, without a pusher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.host.layout import LAYERS, PROGRAM
from tests.support.bundles import service
from tests.support.engine import Engine, engine_of
from tests.support.host_folder import HostFolder
from tests.support.layouts import SmallImage, write_layout

WEB = SmallImage("registry.example/site/web:1", b"web" * 100_000)
DB = SmallImage("registry.example/site/db:1", b"db")
IMAGES = ("--images", "images.oci.tar")
SECRET = service("web", config="@{heatsink:secret:Password}", sensitive=True)


@pytest.fixture
def engine(host: HostFolder) -> Engine:
    write_layout(host.folder / "images.oci.tar", WEB, DB)
    return engine_of(host)


def courier(host: HostFolder, *arguments: str) -> Path:
    host.installs("python3", f'exec {sys.executable} "$@"')
    host.says("bundle", "-o", "site.bundle", *arguments)
    return host.folder / "site.bundle"


def run(host: HostFolder, *arguments: str, code: int = 0, stdin: str = "") -> str:
    """What the file says; this machine has another name than the host."""
    done = subprocess.run(
        (host.folder / "site.bundle", *arguments),
        env={**os.environ, **host.environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_a_host_gets_its_bundle_its_images_and_the_host_program(engine: Engine) -> None:
    host = engine.host
    host.writes(service("web", images=(WEB.image.pinned,)), service("db", images=(DB.image.pinned,)))
    courier(host, *IMAGES)
    said = run(host, "--host", "localhost", "--yes")
    assert f"  load image {WEB.image.pinned}\n" in said
    assert said.endswith("localhost: generation 1, all units up\n")
    assert sorted(name for names in engine.images().values() for name in names) == sorted(
        (DB.image.pinned, WEB.image.pinned)
    )
    assert host.path(PROGRAM).exists()
    assert not host.path(LAYERS).joinpath("archive").exists()
    assert host.push().is_unchanged


def test_a_plan_shows_what_would_change_and_changes_nothing(engine: Engine) -> None:
    host = engine.host
    host.writes(service("web", images=(WEB.image.pinned,)))
    courier(host, *IMAGES)
    said = run(host, "--host", "localhost", "--plan", code=2)
    assert "  start heatsink-web.service (new)\n" in said
    assert not host.path("/var/lib/heatsink/current").exists()


def test_a_host_that_has_everything_has_nothing_to_do(engine: Engine) -> None:
    engine.host.writes(service("web"))
    engine.host.push()
    courier(engine.host)
    assert run(engine.host, "--host", "localhost", "--plan") == "localhost: nothing to do\n"


def test_values_of_secrets_go_along_and_nobody_else_can_read_the_file(host: HostFolder) -> None:
    host.writes(SECRET)
    (host.folder / "secrets.yaml").write_text("Password: hunter2\n")
    (host.folder / "secrets.yaml").chmod(0o600)
    assert courier(host).stat().st_mode & 0o777 == 0o700
    run(host, "--host", "localhost", "--yes")
    assert host.push(Password="hunter2").is_unchanged


def test_a_secret_without_a_value_is_an_error(host: HostFolder) -> None:
    host.writes(SECRET)
    assert "`Password` has no value in `secrets.yaml`" in host.says("bundle", "-o", "x", code=1)


def test_a_change_needs_consent(host: HostFolder) -> None:
    host.writes(service("web"))
    courier(host)
    said = run(host, "--host", "localhost", code=1)
    assert said.endswith(
        "error: the change needs consent, and there is no terminal to ask on\nhint: agree with `--yes`\n"
    )
    assert not host.path("/var/lib/heatsink/current").exists()


@pytest.mark.parametrize("arguments", [(), ("--host", "web7")])
def test_a_machine_that_is_none_of_its_hosts_is_refused(arguments: tuple[str, ...], host: HostFolder) -> None:
    host.writes(service("web"))
    courier(host)
    said = run(host, *arguments, "--yes", code=1)
    assert "error: this file has no bundle for `" in said
    assert "hint: it has localhost; name one with `--host`" in said


def test_a_machine_that_is_another_host_already_is_refused(host: HostFolder) -> None:
    host.writes(service("web"))
    host.push()
    manifest = host.path("/var/lib/heatsink/current/manifest.json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "host": "db0"}))
    courier(host)
    said = run(host, "--host", "localhost", "--yes", code=1)
    assert "error: this machine is the host `db0`, not `localhost`" in said


def test_what_the_host_refuses_is_shown(host: HostFolder) -> None:
    host.writes(service("web"), project="shop")
    host.push()
    host.writes(service("web"), project="bank")
    courier(host)
    assert "error: " in run(host, "--host", "localhost", "--yes", code=1)


@pytest.mark.parametrize("damage", ["shorter", "other"])
def test_a_damaged_file_does_nothing(damage: str, host: HostFolder) -> None:
    host.writes(service("web"))
    path = courier(host)
    content = bytearray(path.read_bytes())
    if damage == "shorter":
        del content[-100:]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert run(host, "--yes", code=1) == f"error: {path} is damaged: copy it again\n"


def test_images_that_do_not_go_along_are_named(engine: Engine) -> None:
    engine.host.writes(service("web", images=("registry.example/other@sha256:1",)))
    said = engine.host.says("bundle", "-o", "site.bundle", *IMAGES)
    assert said == (
        "1 host and 0 images in site.bundle\n"
        "not in it, so hosts that lack them pull them: registry.example/other@sha256:1\n"
    )


def test_an_unknown_argument_is_refused(host: HostFolder) -> None:
    host.writes(service("web"))
    courier(host)
    assert run(host, "--force", code=1) == "error: unknown argument `--force`\nhint: see `--help`\n"


def test_help_names_the_hosts(host: HostFolder) -> None:
    host.writes(service("web"))
    courier(host)
    assert run(host, "--help").endswith("\nhosts: localhost\n")
