"""Images that heatsink has pulled are kept as long as a generation needs them, and then deleted."""

from __future__ import annotations

import dataclasses

import pytest

from compiler.host import layout
from compiler.host.images import TRIES
from tests.support.bundles import service
from tests.support.changes import host_of
from tests.support.conversation import pushing
from tests.support.engine import Engine, engine_of
from tests.support.fail_points import Moment, for_each, moments_of
from tests.support.host_folder import OPTIONS, HostFolder

TAG = "registry.example/app:1"
KEEP_TWO = dataclasses.replace(OPTIONS, keep_newest=2)


@pytest.fixture
def engine(host: HostFolder) -> Engine:
    return engine_of(host)


def pinned(image: str) -> str:
    """The reference of an image that does not move."""
    return f"registry.example/app@sha256:{image}"


def push(engine: Engine, reference: str, image: str) -> list[str]:
    """Push a service with an image that the registry has; the warnings."""
    engine.offers({reference: image})
    engine.host.writes(service("app", command=f"echo {image}", images=(reference,)))
    outcome = engine.host.push(options=KEEP_TWO)
    assert outcome.error is None, outcome.error.render()
    return [*outcome.warnings]


def test_images_that_no_kept_generation_needs_are_deleted(engine: Engine) -> None:
    for number in range(5):
        push(engine, pinned(f"i{number}"), f"i{number}")
    assert sorted(engine.images()) == ["i3", "i4"]


def test_an_image_that_was_there_before_is_never_deleted(engine: Engine) -> None:
    engine.has(images={"i0": ["mine:1"], "i1": []})
    for number in range(4):
        push(engine, pinned(f"i{number}"), f"i{number}")
    assert sorted(engine.images()) == ["i0", "i1", "i2", "i3"]


def test_an_image_to_which_the_operator_has_given_a_name_stays_under_that_name(engine: Engine) -> None:
    push(engine, "registry.example/app:0", "i0")
    engine.has(images={"i0": ["registry.example/app:0", "mine:1"]})
    push(engine, "registry.example/app:1", "i1")
    push(engine, "registry.example/app:2", "i2")
    assert engine.images()["i0"] == ["mine:1"]


@pytest.mark.slow
def test_an_image_that_a_container_uses_is_tried_again_and_in_the_end_named(engine: Engine) -> None:
    push(engine, pinned("i0"), "i0")
    push(engine, pinned("i1"), "i1")
    engine.has(used=["i0"])
    warnings = [push(engine, pinned(f"i{number}"), f"i{number}") for number in range(2, TRIES + 3)]
    said = f"image `{pinned('i0')}` stays: image used by 0123456789ab: i0 is in use by a container"
    assert warnings == [*[[]] * (TRIES - 1), [said], []]


def test_an_image_that_is_not_used_any_more_is_deleted_by_the_next_push(engine: Engine) -> None:
    push(engine, pinned("i0"), "i0")
    push(engine, pinned("i1"), "i1")
    engine.has(used=["i0"])
    push(engine, pinned("i2"), "i2")
    engine.has(used=[])
    push(engine, pinned("i3"), "i3")
    assert sorted(engine.images()) == ["i2", "i3"]


def test_a_rollback_starts_what_the_tag_meant_and_needs_no_registry(engine: Engine) -> None:
    push(engine, TAG, "old")
    push(engine, TAG, "new")
    engine.offers({})
    assert engine.host.rollback().error is None
    assert engine.images() == {"old": [TAG], "new": []}
    assert engine.host.rollback().error is None
    assert engine.images() == {"old": [], "new": [TAG]}


def test_the_old_image_of_a_tag_is_deleted_with_the_last_generation_that_was_started_with_it(
    engine: Engine,
) -> None:
    for image in ("i0", "i1", "i2"):
        push(engine, TAG, image)
    assert engine.images() == {"i1": [], "i2": [TAG]}


def test_a_push_that_fails_returns_to_what_the_tag_meant(engine: Engine) -> None:
    push(engine, TAG, "old")
    engine.offers({TAG: "new"})
    engine.host.writes(service("app", command="echo new", images=(TAG,)))
    engine.host.shows("app", ActiveState="failed")
    assert engine.host.push().error is not None
    assert engine.images()["old"] == [TAG]


def test_a_damaged_record_deletes_nothing(engine: Engine) -> None:
    push(engine, pinned("i0"), "i0")
    engine.host.path(layout.IMAGES).write_text("?")
    push(engine, pinned("i1"), "i1")
    push(engine, pinned("i2"), "i2")
    push(engine, pinned("i3"), "i3")
    assert sorted(engine.images()) == ["i0", "i2", "i3"]


def test_a_generation_of_an_older_heatsink_keeps_what_its_references_name(engine: Engine) -> None:
    push(engine, TAG, "i0")
    record = engine.host.path(layout.IMAGES)
    record.write_text(record.read_text().partition("\n")[2].replace('"1": {', '"9": {'))
    push(engine, pinned("i1"), "i1")
    assert sorted(engine.images()) == ["i0", "i1"]


def test_an_image_that_was_built_on_the_host_is_not_pulled(engine: Engine) -> None:
    engine.has(images={"i0": ["localhost/app:1"]})
    engine.host.writes(service("app", images=("localhost/app:1",)))
    assert not any("pulling" in text for text in engine.host.progress(OPTIONS))
    engine.has(images={"i0": [], "i1": ["localhost/app:1"]})  # built anew
    engine.host.writes(service("app", command="false", images=("localhost/app:1",)))
    engine.host.shows("app", ActiveState="failed")
    assert engine.host.push().error is not None
    assert engine.images() == {"i0": ["localhost/app:1"], "i1": []}


def test_a_push_without_images_asks_the_engine_nothing(engine: Engine) -> None:
    engine.host.installs("podman", 'echo "$@" >>"${0%/*}/asked"')
    engine.host.writes(service("app"))
    assert engine.host.push().error is None
    assert not (engine.host.folder / "bin/asked").exists()


@pytest.mark.slow
def test_killed_before_any_effect_no_image_is_lost_and_none_is_left(engine: Engine) -> None:
    push(engine, TAG, "i0")
    push(engine, TAG, "i1")
    engine.offers({TAG: "i2", pinned("i3"): "i3"})
    engine.host.writes(service("app", command="echo i2", images=(TAG, pinned("i3"))))
    release = b'{"go": "install"}'
    requests = pushing(engine.host, keep_newest=2).replace(release, b'{"go": "pull"}\n' + release)

    def check(moment: Moment) -> None:
        with host_of(moment.state) as host:
            killed = Engine(host)
            assert "i1" in killed.images()
            for image in ("i4", "i5"):
                push(killed, TAG, image)
            assert killed.images() == {"i4": [], "i5": [TAG]}

    run = moments_of(engine.host, (), requests, every=1)
    assert run.status == 0
    for_each(run.moments, check)
