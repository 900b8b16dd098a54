"""A removal leaves nothing of heatsink's on a host, and everything of the operator's."""

from __future__ import annotations

import os

import pytest

from tests.support.bundles import run_once, service
from tests.support.changes import host_of
from tests.support.conversation import removing
from tests.support.engine import Engine, engine_of, with_volumes
from tests.support.fail_points import Moment, for_each, moments_of
from tests.support.host_folder import HostFolder

IMAGE = "registry.example/app:1"


@pytest.fixture
def engine(host: HostFolder) -> Engine:
    """An engine with an image and a volume of the operator's, and a host to which a bundle was pushed."""
    engine = engine_of(host)
    engine.has(images={"own": ["own:1"]}, volumes={"own": ""}, registry={IMAGE: "app"})
    host.path("/etc/own").write_text("own")
    host.writes(
        service("app", config="a", images=(IMAGE,)), run_once("job"), with_volumes("db", "own", "data")
    )
    outcome = host.push()
    assert outcome.error is None, outcome.error.render()
    return engine


def left(host: HostFolder) -> list[str]:
    """Every file and link that is on the host."""
    paths = host.path("/").rglob("*")
    return sorted(f"/{path.relative_to(host.path('/'))}" for path in paths if not path.is_dir())


def test_a_removal_leaves_volumes_and_what_is_the_operators(engine: Engine) -> None:
    assert engine.host.remove().error is None
    assert left(engine.host) == ["/etc/own"]
    assert (list(engine.images()), engine.volumes()) == (["own"], ["data", "own"])


def test_a_destruction_destroys_the_volumes_that_heatsink_has_made(engine: Engine) -> None:
    said = engine.host.says("destroy", "--volumes", "--yes")
    assert "localhost: data" in said
    assert "localhost: own" not in said
    assert "localhost: removed, 14 files deleted, 9 units stopped, 1 volume destroyed" in said
    assert left(engine.host) == ["/etc/own"]
    assert (list(engine.images()), engine.volumes()) == (["own"], ["own"])


def test_volumes_can_be_destroyed_after_everything_else_is_gone(engine: Engine) -> None:
    engine.host.remove()
    engine.host.says("destroy", "--volumes", "--yes")
    assert engine.volumes() == ["own"]


def test_a_volume_and_an_image_that_a_container_uses_stay_and_are_named(engine: Engine) -> None:
    engine.has(used=["data", "app"])
    said = engine.host.says("destroy", "--volumes", "--yes")
    assert "warning: localhost: volume `data` stays: Error: volume data is being used by a container" in said
    assert f"warning: localhost: image `{IMAGE}` stays: image used by 0123456789ab" in said
    assert left(engine.host) == ["/etc/own"]


def test_an_engine_that_does_not_answer_is_named_and_the_next_run_finishes(engine: Engine) -> None:
    podman = engine.host.folder / "bin/podman"
    works = podman.read_text()
    engine.host.installs("podman", f'[ "$1" != images ] || exit 1\n{works}')
    assert "`podman` does not tell its images" in engine.host.says("destroy", "--yes", code=1)
    podman.write_text(works)
    engine.host.says("destroy", "--yes")
    assert list(engine.images()) == ["own"]
    assert left(engine.host) == ["/etc/own"]


@pytest.mark.parametrize(
    ("answer", "code"), [("shop", 0), ("y", 1), ("destroy", 1)], ids=["project", "y", "another word"]
)
def test_the_project_has_to_be_entered(engine: Engine, answer: str, code: int) -> None:
    engine.host.writes(with_volumes("db", "own", "data"), project="shop")
    engine.host.push()
    said = answering(engine.host, answer, "destroy", "--volumes", code=code)
    assert "Enter `shop` to destroy them:" in said
    assert ("data" in engine.volumes()) == (code == 1)


def test_without_volumes_yes_is_enough(engine: Engine) -> None:
    assert "Continue? [y/N]" in answering(engine.host, "y", "destroy")
    assert left(engine.host) == ["/etc/own"]


def test_without_a_terminal_it_is_refused(engine: Engine) -> None:
    said = engine.host.says("destroy", "--volumes", code=1)
    assert "error: a destruction needs consent, and there is no terminal to ask on" in said
    assert engine.volumes() == ["data", "own"]


def answering(host: HostFolder, answer: str, *arguments: str, code: int = 0) -> str:
    """What the command says on a terminal."""
    ours, terminal = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    try:
        return host.says(*arguments, code=code, stdin=terminal)
    finally:
        os.close(terminal)
        os.close(ours)


@pytest.mark.slow
def test_a_destruction_that_was_killed_is_finished_by_the_next(engine: Engine) -> None:
    def check(moment: Moment) -> None:
        with host_of(moment.state) as host:
            host.says("destroy", "--volumes", "--yes")
            assert left(host) == ["/etc/own"]
            assert (list(Engine(host).images()), Engine(host).volumes()) == (["own"], ["own"])

    run = moments_of(engine.host, (), removing(volumes=True), every=1)
    assert run.status == 0
    for_each(run.moments, check)
