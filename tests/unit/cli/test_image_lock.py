"""`heatsink images lock` pins what a fleet deploys, and compiling uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compiler.files.images_lock import read_lock
from tests.support.loopback_registry import Handler, digest, image, loopback, serves
from tests.support.operator import contents, heatsink, operator_folder

OLD, NEW = image(1), image(2)
TEMPLATE = """
heat_template_version: wallaby
outputs:
  role_data:
    value:
      service_name: web
      docker_config:
        step_1:
          web: {image: "HOST/web:1", restart: always}
          own: {image: own, restart: always}
"""


@pytest.fixture
def served() -> dict[str, Callable[[Handler], None]]:
    """What the registry serves."""
    return {"/v2/web/manifests/1": serves(OLD)}


@pytest.fixture
def registry(served: dict[str, Callable[[Handler], None]]) -> Iterator[str]:
    with loopback(served) as server:
        yield server.address


@pytest.fixture
def folder(tmp_path: Path, registry: str) -> Path:
    """An operator's folder whose only service has an image of the registry, and one that is built here."""
    folder = operator_folder(tmp_path / "project")
    (folder / "templates/web.yaml").write_text(TEMPLATE.replace("HOST", registry))
    return folder


def lock(folder: Path, registry: str, arguments: str = "--all --role Web") -> int:
    return heatsink(folder, f"images lock {arguments} --insecure-registry {registry}")


def pins(folder: Path) -> dict[str, str]:
    return dict(read_lock(folder / "images.lock.yaml").digests)


def test_every_image_of_the_fleet_is_locked_but_those_that_are_built_here(
    folder: Path, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lock(folder, registry) == 0
    assert pins(folder) == {f"{registry}/web:1": digest(OLD)}
    assert capsys.readouterr().err.splitlines() == [
        "not in a registry: localhost/heatsink/own:0.1.0",
        f"locked {registry}/web:1 at {digest(OLD)}",
        "1 image locked in images.lock.yaml, 0 unchanged",
    ]


def test_what_is_locked_stays_until_it_is_updated(
    folder: Path, registry: str, served: dict[str, Callable[[Handler], None]]
) -> None:
    lock(folder, registry)
    served["/v2/web/manifests/1"] = serves(NEW)
    lock(folder, registry)
    kept = pins(folder)
    lock(folder, registry, "--all --role Web --update")
    assert (kept, pins(folder)) == (
        {f"{registry}/web:1": digest(OLD)},
        {f"{registry}/web:1": digest(NEW)},
    )


def test_the_hint_of_the_warning_is_a_command_that_removes_it(
    folder: Path, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    heatsink(folder, "compile --role Web")
    hint = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("hint: run"))
    command = hint.removeprefix("hint: run `heatsink ").removesuffix("`")
    heatsink(folder, f"{command} --insecure-registry {registry}")
    heatsink(folder, "compile --role Web")
    assert f"{registry}/web" not in capsys.readouterr().err.partition("locked in")[2]


def test_the_old_lock_brings_the_whole_fleet_back(
    folder: Path, registry: str, served: dict[str, Callable[[Handler], None]]
) -> None:
    lock(folder, registry)
    old_lock = (folder / "images.lock.yaml").read_text()
    heatsink(folder, "compile --role Web")
    before = contents(folder / "build")
    served["/v2/web/manifests/1"] = serves(NEW)
    lock(folder, registry, "--all --role Web --update")
    heatsink(folder, "compile --role Web")
    upgraded = contents(folder / "build")
    (folder / "images.lock.yaml").write_text(old_lock)
    heatsink(folder, "compile --role Web")
    assert upgraded != before
    assert contents(folder / "build") == before


def test_images_that_cannot_be_locked_are_named_and_the_others_locked(
    folder: Path, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lock(folder, registry, f"{registry}/web:1 {registry}/other:1") == 1
    assert pins(folder) == {f"{registry}/web:1": digest(OLD)}
    assert (
        f"cannot query the registry for `{registry}/other:1`: it has no such image" in capsys.readouterr().err
    )


def test_an_image_without_a_tag_is_pinned_by_its_whole_name(tmp_path: Path, registry: str) -> None:
    folder = operator_folder(tmp_path / "project")
    (folder / "templates/web.yaml").write_text(TEMPLATE.replace("HOST/web:1", f"{registry}/web"))
    (folder / "images.lock.yaml").write_text(f"images: {{'{registry}/web': '{digest(OLD)}'}}")
    heatsink(folder, "compile --role Web")
    unit = (folder / "build/hosts/localhost/root/etc/systemd/system/heatsink-web.service").read_text()
    assert f"{registry}/web@{digest(OLD)}" in unit


def test_locked_accepts_a_fleet_whose_images_are_all_pinned(tmp_path: Path, registry: str) -> None:
    folder = operator_folder(tmp_path / "project")
    (folder / "templates/web.yaml").write_text(
        TEMPLATE.replace("HOST", registry).replace("image: own", f'image: "{registry}/web:1"')
    )
    lock(folder, registry)
    assert heatsink(folder, "compile --role Web --locked") == 0


@pytest.mark.parametrize("arguments", ["", "--all nginx", "nginx --role Web"])
def test_either_references_or_the_images_of_hosts_are_locked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: str
) -> None:
    assert heatsink(tmp_path, f"images lock {arguments}") == 2
    assert "Pass either REF, or --all with the options of a compile." in capsys.readouterr().err
