"""Images that are sent with a push: loaded, not pulled, and kept and deleted as those that were pulled."""

from __future__ import annotations

import pytest

from compiler.host.layout import LAYERS
from compiler.model.container import Backend
from tests.support.bundles import service
from tests.support.engine import Engine, engine_of
from tests.support.host_folder import HostFolder
from tests.support.layouts import SmallImage, write_layout

WEB = SmallImage("registry.example/site/web:1", b"web" * 100_000)
DB = SmallImage("registry.example/site/db:1")
PINNED = WEB.image.pinned
OPTIONS = ("--known-hosts", "known_hosts", "--settle", "0", "--yes")


@pytest.fixture
def engine(host: HostFolder) -> Engine:
    write_layout(host.folder / "images.oci.tar", WEB)
    return engine_of(host)


def wants(engine: Engine, *references: str, backend: Backend = Backend.PODMAN) -> None:
    services = (service(f"app{number}", images=(one,)) for number, one in enumerate(references))
    engine.host.writes(*services, backend=backend)


def push(engine: Engine, code: int = 0) -> str:
    return engine.host.says("push-artifacts", "--images", "images.oci.tar", *OPTIONS, code=code)


def names(engine: Engine) -> list[str]:
    return sorted(name for names in engine.images().values() for name in names)


@pytest.mark.parametrize("reference", [PINNED, WEB.reference])
def test_an_image_that_the_host_lacks_is_loaded_under_the_reference_of_its_unit(
    engine: Engine, reference: str
) -> None:
    wants(engine, reference)
    push(engine)
    assert names(engine) == [reference]
    assert not engine.host.path(f"{LAYERS}/archive").exists()


def test_what_the_file_lacks_is_pulled(engine: Engine) -> None:
    engine.offers({DB.image.pinned: "db"})
    wants(engine, PINNED, DB.image.pinned)
    push(engine)
    assert names(engine) == sorted([PINNED, DB.image.pinned])


def test_an_image_that_is_there_is_not_sent_again(engine: Engine) -> None:
    wants(engine, PINNED)
    push(engine)
    wants(engine, PINNED, PINNED)
    engine.has(renames="wrong:1")  # of what is loaded from now on
    push(engine)
    assert names(engine) == [PINNED]


def test_an_image_that_was_loaded_is_deleted_when_no_generation_needs_it(engine: Engine) -> None:
    engine.offers({f"registry.example/db@sha256:{number}": f"db{number}" for number in range(3)})
    wants(engine, PINNED)
    push(engine)
    for number in range(3):
        wants(engine, f"registry.example/db@sha256:{number}")
        engine.host.says("push-artifacts", *OPTIONS, "--keep-generations", "2")
    assert PINNED not in names(engine)


def test_an_engine_that_loads_under_another_name_is_refused_and_nothing_is_changed(engine: Engine) -> None:
    engine.has(renames="localhost/other:1")
    wants(engine, PINNED)
    assert f"`podman` has loaded `{PINNED}` under another name" in push(engine, code=1)
    assert not (engine.host.folder / "bin/started").exists()


def test_a_file_that_is_damaged_is_refused_before_any_host_is_asked(engine: Engine) -> None:
    file = engine.host.folder / "images.oci.tar"
    file.write_bytes(file.read_bytes().replace(b"webweb", b"wEbweb", 1))
    wants(engine, PINNED)
    assert "is not a whole file of images: " in push(engine, code=1)
    assert not (engine.host.folder / "bin/calls").exists()


@pytest.mark.parametrize(
    ("driver", "code"),
    [("[[Backing Filesystem extfs]]", 1), ("[[driver-type io.containerd.snapshotter.v1]]", 0)],
)
def test_a_docker_that_would_lose_digests_is_refused(driver: str, code: int, engine: Engine) -> None:
    engine.has(driver=driver)
    engine.host.installs("docker", 'exec "${0%/*}/podman" "$@"')
    wants(engine, PINNED, backend=Backend.DOCKER)
    said = push(engine, code=code)
    assert ("docker does not keep the digests" in said) == bool(code)
