"""What is built when, what goes into a context, what is written down after a push."""

from __future__ import annotations

import io
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from compiler.images.context import write_context, write_folder
from compiler.images.dockerfile import Naming
from compiler.images.outcome import BuildOutcome, BuildResult
from compiler.images.recipe import ContextFile, ImageRecipe
from compiler.images.schedule import run_graph
from compiler.images.sources.cache import SourceCache
from compiler.images.sources.entry import ImageSource, SourceKind
from compiler.images.sources.resolve import resolved
from compiler.source import Source, Span

GRAPH = {
    "base": (),
    "web": ("base",),
    "openstack-base": ("base",),
    "keystone": ("openstack-base",),
    "lone": (),
}


def outcomes_when(*failing: str) -> dict[str, BuildOutcome]:
    def work(name: str) -> BuildOutcome:
        return BuildOutcome(name=name, result=BuildResult.FAILED if name in failing else BuildResult.BUILT)

    return {outcome.name: outcome for outcome in run_graph(GRAPH, work, jobs=2)}


def test_an_image_is_built_behind_its_parents() -> None:
    order = list(outcomes_when())
    assert all(order.index(parent) < order.index(name) for name, above in GRAPH.items() for parent in above)


def test_what_stands_on_a_failed_image_is_not_tried_and_the_others_finish() -> None:
    outcomes = outcomes_when("openstack-base").items()
    assert {name: (outcome.result.value, outcome.reason) for name, outcome in outcomes} == {
        "base": ("built", ""),
        "lone": ("built", ""),
        "web": ("built", ""),
        "openstack-base": ("failed", ""),
        "keystone": ("not built", "parent `openstack-base` failed"),
    }  # fmt: skip


def test_a_grandchild_names_the_parent_that_was_not_built() -> None:
    assert outcomes_when("base")["keystone"].reason == "parent `openstack-base` was not built"


def test_no_more_than_the_jobs_asked_for_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=10)

    def work(name: str) -> BuildOutcome:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()
        with lock:
            running -= 1
        return BuildOutcome(name=name, result=BuildResult.BUILT)

    list(run_graph(dict.fromkeys("abcdef", ()), work, jobs=2))
    assert most == 2


def recipe(folder: Path) -> ImageRecipe:
    files = sorted(path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    return ImageRecipe(
        name="web",
        reference="localhost/heatsink/web:1",
        dockerfile="FROM scratch\n",
        context=tuple(ContextFile(path=str(path.relative_to(folder)), origin=path) for path in files),
        parents=(),
        rootfs=(),
        content_hash="",
    )


def archive(folder: Path) -> bytes:
    target = io.BytesIO()
    write_context(recipe(folder), target, folder)
    return target.getvalue()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/start").write_text("#!/bin/sh\n")
    (tmp_path / "bin/start").chmod(0o750)
    (tmp_path / "link").symlink_to("bin/start")
    return tmp_path


def test_a_context_is_the_same_bytes_whenever_it_is_made(context: Path) -> None:
    before = archive(context)
    (context / "bin/start").touch()
    (context / "bin/start").chmod(0o700)
    assert archive(context) == before


def test_a_context_keeps_links_and_who_may_execute(context: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive(context))) as tar:
        entries = {entry.name: (entry.mode, entry.linkname, entry.uid, entry.mtime) for entry in tar}
    assert entries == {
        "Dockerfile": (0o644, "", 0, 0),
        "bin/start": (0o755, "", 0, 0),
        "link": (0o777, "bin/start", 0, 0),
    }


def test_a_context_can_be_written_as_a_folder(context: Path, tmp_path: Path) -> None:
    write_folder(recipe(context), tmp_path / "out")
    assert (tmp_path / "out/Dockerfile").read_text() == "FROM scratch\n"
    assert (tmp_path / "out/link").readlink() == Path("bin/start")


def test_a_folder_has_the_archives_of_sources(context: Path, tmp_path: Path) -> None:
    place = Span(Source("image.yaml"), 1, 1, 1, 1)
    app = ImageSource(name="app", kind=SourceKind.LOCAL, location=str(context), span=place)
    with_source = replace(recipe(context), sources=(resolved(app, {}),))
    write_folder(with_source, tmp_path / "out", SourceCache(folder=tmp_path / "cache"))
    with tarfile.open(tmp_path / "out/sources/app.tar") as tar:
        assert "bin/start" in tar.getnames()


def test_local_and_remote_names() -> None:
    naming = Naming(namespace="team", tag="2")
    assert naming.local("web") == "localhost/team/web:2"
    assert naming.remote("web", "registry:4000") == "registry:4000/team/web:2"
