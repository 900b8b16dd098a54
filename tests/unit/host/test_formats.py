"""Bundles and hosts of an older heatsink still work; what a newer one wrote is refused.

`format_1` is a host's root as heatsink left it while manifests had format 1 (two generations, pushed with
`Password: a/b`, the second one current), and the bundle of the second generation.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from compiler.host import layout
from compiler.host.manifest import ENGINES, Manifest
from compiler.model.container import Backend
from tests.support.bundles import port, service
from tests.support.host_folder import HostFolder, rewrite_manifest

FORMAT_1 = Path(__file__).with_name("format_1")
CONFIG = "/var/lib/config-data/one/one.conf"
PASSWORD = "a/b"


@pytest.fixture
def old(host: HostFolder) -> HostFolder:
    """A host that an older heatsink pushed to, with its units up."""
    shutil.copytree(FORMAT_1 / "root", host.folder / "root", symlinks=True, dirs_exist_ok=True)
    host.path(CONFIG).chmod(0o600)  # which git does not keep
    for unit in ("heatsink-one.service", "heatsink-two.service"):
        (host.folder / "bin/active" / unit).touch()
    return host


def test_status_shows_a_host_of_format_1(old: HostFolder) -> None:
    shutil.copytree(FORMAT_1 / "bundle", old.folder / "build")
    shown = old.status(Password=PASSWORD)
    assert (shown.generation, shown.state) == (2, "up")


def test_rollback_returns_to_a_generation_of_format_1(old: HostFolder) -> None:
    outcome = old.rollback()
    assert (outcome.error, outcome.generation) == (None, 1)
    assert outcome.started == ("heatsink-one.service",)
    assert old.path(CONFIG).read_text() == "first a%2Fb\n"


def test_a_push_of_the_same_in_format_2_restarts_nothing(old: HostFolder) -> None:
    config = "second @{heatsink:secret:Password|url}\n"
    old.writes(service("one", config=config, sensitive=True), service("two", step=2))
    outcome = old.push(Password=PASSWORD)
    assert (outcome.error, outcome.generation) == (None, 3)
    assert (outcome.written, outcome.started) == ((), ())


def test_a_plan_over_a_host_of_format_1_is_empty_if_nothing_changes(old: HostFolder) -> None:
    config = "second @{heatsink:secret:Password|url}\n"
    old.writes(service("one", config=config, sensitive=True), service("two", step=2))
    assert old.dry_run(Password=PASSWORD).is_unchanged


def test_a_unit_of_format_1_that_is_written_in_other_words_is_in_the_plan_with_that_reason(
    old: HostFolder,
) -> None:
    config = "second @{heatsink:secret:Password|url}\n"
    two = service("two", step=2)
    (unit,) = two.files
    respelled = dataclasses.replace(unit, content=b"# by a newer heatsink\n" + unit.content)
    old.writes(service("one", config=config, sensitive=True), dataclasses.replace(two, files=(respelled,)))
    (planned,) = old.dry_run(Password=PASSWORD).plan.units
    assert (planned.unit, planned.action, planned.why) == ("heatsink-two.service", "restart", "respelled")


def test_a_bundle_of_format_1_is_found_unchanged_on_its_host(old: HostFolder) -> None:
    shutil.copytree(FORMAT_1 / "bundle", old.folder / "build")
    assert (old.push(Password=PASSWORD).generation, old.calls()) == (2, ["is-active"])


def test_a_bundle_of_format_1_is_pushed(host: HostFolder) -> None:
    shutil.copytree(FORMAT_1 / "bundle", host.folder / "build")
    outcome = host.push(Password=PASSWORD)
    assert (outcome.error, len(outcome.started)) == (None, 2)
    assert host.path(CONFIG).read_text() == "second a%2Fb\n"


def test_a_manifest_of_a_newer_format_is_refused(host: HostFolder) -> None:
    host.writes(service("one"))
    rewrite_manifest(host.folder / "build", '"format": 2', '"format": 3')
    error = host.push().error
    assert error is not None
    assert error.render() == (
        "error: localhost: the manifest has format 3; this heatsink reads formats up to 2\n"
        "hint: use the heatsink that compiled it, or a newer one"
    )


def test_a_kept_generation_of_a_newer_format_is_refused_by_its_number(old: HostFolder) -> None:
    manifest = old.path(f"{layout.GENERATIONS}/1/manifest.json")
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 3'))
    assert str(old.rollback().error) == (
        "localhost: generation 1: the manifest has format 3; this heatsink reads formats up to 2"
    )


def test_the_host_refuses_an_engine_that_it_does_not_know(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.path(f"{layout.GENERATIONS}/1/about.json").unlink()  # it has the manifest's digest
    kept = host.path(f"{layout.GENERATIONS}/1/manifest.json")
    kept.write_text(kept.read_text().replace('"engine": "podman"', '"engine": "lxc"'))
    error = host.rollback(to=1).error
    assert error is not None
    assert error.render() == (
        "error: localhost: generation 1: the manifest names the unknown engine `lxc`\n"
        "hint: known engines: docker, podman"
    )


def test_the_host_knows_the_engine_of_every_backend() -> None:
    assert ENGINES.keys() == {backend.engine for backend in Backend}


@pytest.mark.parametrize(
    ("backend", "engine"), [("podman", "podman"), ("quadlet", "podman"), ("docker", "docker")]
)
def test_a_manifest_of_format_1_has_the_engine_of_its_backend(backend: str, engine: str) -> None:
    manifest = FORMAT_1 / "bundle/hosts/localhost/manifest.json"
    written = json.loads(manifest.read_bytes())
    assert Manifest.parse(json.dumps({**written, "backend": backend}).encode()).engine == engine


def test_the_compiler_writes_every_key_that_is_read_and_no_other(host: HostFolder) -> None:
    host.writes(service("one", config="x"), ports=(port(80, "one"),), kernel_modules=("veth",))
    written = json.loads((host.folder / "build/hosts/localhost/manifest.json").read_bytes())
    manifest = Manifest.parse(json.dumps(written).encode())
    assert written.keys() == keys(manifest) - {"project"}
    assert written["files"][0].keys() == keys(manifest.files[0]) - {"takes_over"}
    assert written["links"][0].keys() == keys(manifest.links[0])
    assert written["listeners"][0].keys() == keys(manifest.listeners[0])
    assert written["units"][1].keys() == keys(manifest.units[1]) - {"alias", "stamp"}


def keys(entry: NamedTuple) -> set[str]:
    return set(entry._fields)
