"""Sources of images: where they come from, what they are, and the archives that a build gets."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import random
import socket
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics import HeatsinkError
from compiler.images.config import images_config
from compiler.images.context import write_context
from compiler.images.sources.archive import digest, entries_of_file, entries_of_folder, write_entries
from compiler.images.sources.cache import SourceCache
from compiler.images.sources.entry import ImageSource, SourceKind
from compiler.images.sources.export import GUARDED, absolute
from compiler.images.sources.git import commit_of, run_git
from compiler.images.sources.resolve import ResolvedSource, commits, resolved
from compiler.source import Source, Span
from tests.support.git_repository import GitRepository
from tests.support.image_trees import selected, write

PLACE = Span(Source("image.yaml"), 1, 1, 1, 1)


def resolved_now(wanted: ImageSource) -> ResolvedSource:
    return resolved(wanted, commits([wanted]))


def source(kind: SourceKind, location: str, *, reference: str = "", sha256: str = "") -> ImageSource:
    return ImageSource(
        name="app", kind=kind, location=location, reference=reference, sha256=sha256, span=PLACE
    )


def files(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {entry.name: _content(tar, entry) for entry in tar}


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    content = tar.extractfile(entry) if entry.isfile() else None
    return content.read().decode() if content else f"{entry.type!r} {entry.linkname}"


def fetched(cache: SourceCache, wanted: ResolvedSource) -> dict[str, str]:
    target = io.BytesIO()
    cache.write(wanted, target)
    return files(target.getvalue())


def packed(**content: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, text in content.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return target.getvalue()


@pytest.fixture
def cache(tmp_path: Path) -> SourceCache:
    return SourceCache(folder=tmp_path / "cache", timeout=20)


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """The URL of a server that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):  # who asks has left
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/app-1.0.tar.gz"
        server.shutdown()


def sending(content: bytes, *, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def of_url(url: str, content: bytes) -> ResolvedSource:
    return resolved_now(source(SourceKind.URL, url, sha256=hashlib.sha256(content).hexdigest()))


# Downloads


def test_a_download_is_unpacked_without_its_one_folder(cache: SourceCache) -> None:
    content = packed(**{"app-1.0__run": "one", "app-1.0__lib__a": "two"})
    with serving(sending(content)) as url:
        assert fetched(cache, of_url(url, content)) == {"run": "one", "lib/a": "two"}


def test_a_download_that_is_not_an_archive_keeps_its_name(cache: SourceCache) -> None:
    with serving(sending(b"a program")) as url:
        assert fetched(cache, of_url(url, b"a program")) == {"app-1.0.tar.gz": "a program"}


def test_a_download_is_kept_and_not_fetched_again(cache: SourceCache) -> None:
    with serving(sending(b"one")) as url:
        fetched(cache, of_url(url, b"one"))
    assert fetched(cache, of_url(url, b"one")) == {"app-1.0.tar.gz": "one"}


def test_a_kept_download_that_was_changed_is_fetched_again(cache: SourceCache) -> None:
    with serving(sending(b"one")) as url:
        fetched(cache, of_url(url, b"one"))
        next(cache.folder.iterdir()).write_text("two")
        assert fetched(cache, of_url(url, b"one")) == {"app-1.0.tar.gz": "one"}


def failure(cache: SourceCache, wanted: ResolvedSource) -> str:
    with pytest.raises(HeatsinkError) as raised:
        fetched(cache, wanted)
    assert list(cache.folder.iterdir()) == []
    return raised.value.render()


def test_a_download_with_another_hash_is_refused(cache: SourceCache) -> None:
    with serving(sending(b"two")) as url:
        text = failure(cache, of_url(url, b"one"))
    one, two = (hashlib.sha256(content).hexdigest() for content in (b"one", b"two"))
    assert text == (
        f"error: source `app` cannot be read from `{url}`: its SHA-256 is {two}, not {one}\n"
        " --> image.yaml:1:1\n"
        "hint: if the file was replaced on purpose, change `sha256`"
    )  # fmt: skip


def test_a_server_that_refuses_is_named(cache: SourceCache) -> None:
    with serving(sending(b"", status=404)) as url:
        assert f"`{url}`: the server answers 404 Not Found" in failure(cache, of_url(url, b""))


def test_a_server_that_is_not_there_is_named(cache: SourceCache) -> None:
    with socket.socket() as bound:  # and not listening
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/app"
        assert f"`{url}`: connection refused" in failure(cache, of_url(url, b""))


def test_a_download_that_does_not_end_is_refused_in_time(tmp_path: Path) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.02)

    with serving(trickle) as url:
        text = failure(SourceCache(folder=tmp_path / "cache", timeout=1), of_url(url, b""))
    assert "the download takes more than 1 s" in text


def test_a_password_in_a_location_is_not_shown(cache: SourceCache) -> None:
    with serving(sending(b"", status=403)) as url:
        text = failure(cache, of_url(url.replace("//", "//me:secret@"), b""))
    assert "secret" not in text


def test_the_longest_unused_downloads_are_deleted(tmp_path: Path) -> None:
    small = SourceCache(folder=tmp_path / "cache", most_bytes=25)
    contents = [letter * 10 for letter in (b"a", b"b", b"c")]
    for content in contents:
        with serving(sending(content)) as url:
            fetched(small, of_url(url, content))
        time.sleep(0.02)
    assert sorted(path.read_bytes() for path in small.folder.iterdir()) == contents[1:]


# Git


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "repository")


def of_git(repository: GitRepository, reference: str) -> ResolvedSource:
    return resolved_now(source(SourceKind.GIT, repository.url, reference=reference))


@pytest.mark.parametrize("reference", ["main", "HEAD", "v1", "refs/tags/v1", "light"])
def test_a_branch_or_a_tag_is_resolved_to_its_commit(repository: GitRepository, reference: str) -> None:
    commit = repository.commit(run="one")
    repository.git("tag", "--annotate", "--message=one", "v1")
    repository.git("tag", "light")
    assert of_git(repository, reference).content == f"git:{commit}"


def test_servers_are_asked_at_the_same_time(tmp_path: Path) -> None:
    both = threading.Barrier(3, timeout=20)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        both.wait()  # until all are here
        handler.send_error(404)

    with serving(answer) as url:
        wanted = [source(SourceKind.GIT, f"{url}/{number}", reference="main") for number in range(3)]
        known = commits([*wanted, *wanted])
    assert [type(known[one.location, "main"]) for one in wanted] == [HeatsinkError] * 3
    assert not both.broken


def test_a_full_commit_needs_no_server() -> None:
    assert commit_of("https://git.example/app.git", "1" * 40) == "1" * 40


def test_the_files_of_a_commit_are_those_of_that_commit(
    repository: GitRepository, cache: SourceCache
) -> None:
    wanted = of_git(repository, repository.commit(run="one"))
    repository.commit(run="two")
    assert fetched(cache, wanted) == {"run": "one"}


def test_a_commit_that_was_fetched_needs_no_server(repository: GitRepository, cache: SourceCache) -> None:
    wanted = of_git(repository, repository.commit(run="one"))
    fetched(cache, wanted)
    repository.folder.rename(repository.folder.with_name("gone"))
    assert fetched(cache, wanted) == {"run": "one"}


def test_a_commit_that_the_repository_does_not_have_any_more_is_an_error_about_the_lock(
    repository: GitRepository, cache: SourceCache
) -> None:
    repository.commit(run="one")
    locked = dataclasses.replace(source(SourceKind.GIT, repository.url, reference="main"), locked="1" * 40)
    with pytest.raises(HeatsinkError) as raised:
        fetched(cache, resolved(locked, {}))
    assert raised.value.render() == (
        f"error: source `app` cannot be read from `{repository.url}`: "
        "it does not have the commit 111111111111\n"
        " --> image.yaml:1:1\n"
        "hint: the lock has this commit: `heatsink images build --update` moves the lock"
    )


def test_a_commit_has_the_files_of_its_submodules(
    repository: GitRepository, cache: SourceCache, tmp_path: Path
) -> None:
    inner, deep = (GitRepository(tmp_path / name) for name in ("inner", "deep"))
    deep.commit(leaf="one")
    inner.commit(lib="one")
    inner.submodule("../deep", "below")
    repository.submodule("../inner", "libs/inner")
    commit = repository.commit(run="one")
    for other in (inner, deep):
        other.commit(lib="two", leaf="two")
    written = fetched(cache, of_git(repository, commit))
    assert {name: text for name, text in written.items() if not text.startswith("b'5'")} == {  # folders
        ".gitmodules": (repository.folder / ".gitmodules").read_text(),
        "libs/inner/.gitmodules": (inner.folder / ".gitmodules").read_text(),
        "libs/inner/below/leaf": "one",
        "libs/inner/lib": "one",
        "run": "one",
    }


def test_a_submodule_of_a_repository_elsewhere_names_no_files_of_this_machine(
    repository: GitRepository, tmp_path: Path
) -> None:
    with pytest.raises(HeatsinkError, match="transport 'file' not allowed"):
        run_git((*GUARDED, "ls-remote", repository.url), timeout=20)


@pytest.mark.parametrize(("written", "above", "location"), [
    ("https://b.example/lib.git", "https://a.example/x/app.git", "https://b.example/lib.git"),
    ("../lib.git", "https://a.example/x/app.git", "https://a.example/x/lib.git"),
    ("../../y/lib", "https://a.example/x/app/", "https://a.example/y/lib"),
    ("./lib", "/srv/app", "/srv/app/lib"),
])  # fmt: skip
def test_the_location_of_a_submodule_may_be_relative(written: str, above: str, location: str) -> None:
    assert absolute(written, above) == location


def test_an_unknown_reference_is_an_error(repository: GitRepository) -> None:
    repository.commit(run="one")
    with pytest.raises(HeatsinkError) as raised:
        of_git(repository, "v2")
    assert raised.value.render() == (
        f"error: source `app` cannot be read from `{repository.url}`: it has no branch or tag `v2`\n"
        " --> image.yaml:1:1\n"
        "hint: check the reference, or name a full commit"
    )


def test_a_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HeatsinkError, match=r"`file://.*/none`: '.*/none' does not appear to be a git"):
        resolved_now(source(SourceKind.GIT, f"file://{tmp_path}/none", reference="main"))


# Local folders and archives


def test_a_folder_is_packed_without_what_git_keeps_in_it(tmp_path: Path, cache: SourceCache) -> None:
    repository = GitRepository(tmp_path / "app")
    repository.commit(run="one")
    (repository.folder / "link").symlink_to("run")
    wanted = resolved_now(source(SourceKind.LOCAL, str(repository.folder)))
    assert fetched(cache, wanted) == {"run": "one", "link": "b'2' run"}


def test_a_local_archive_is_unpacked(tmp_path: Path, cache: SourceCache) -> None:
    (tmp_path / "app.tar.gz").write_bytes(packed(a="1", b="2"))
    assert fetched(cache, resolved_now(source(SourceKind.LOCAL, f"{tmp_path}/app.tar.gz"))) == {
        "a": "1",
        "b": "2",
    }


def test_a_missing_local_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HeatsinkError, match=f"`{tmp_path}/app`: no such file or directory"):
        resolved_now(source(SourceKind.LOCAL, f"{tmp_path}/app"))


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"name": "../etc/passwd"}, "the archive has `../etc/passwd`, which is outside of it"),
        ({"name": "/etc/passwd"}, "the archive has `/etc/passwd`, which is outside of it"),
        ({"name": "a/../../b"}, "the archive has `../b`, which is outside of it"),
        ({"name": "tty", "type": tarfile.CHRTYPE}, "`tty`, which is neither a file, a folder nor a link"),
    ],
)
def test_an_archive_with_something_else_is_refused(
    entry: dict[str, str | bytes], problem: str, tmp_path: Path, cache: SourceCache
) -> None:
    with tarfile.open(tmp_path / "app.tar", "w") as tar:
        header = tarfile.TarInfo()
        for field, value in entry.items():
            setattr(header, field, value)
        tar.addfile(header)
    with pytest.raises(HeatsinkError, match=problem):
        fetched(cache, resolved_now(source(SourceKind.LOCAL, f"{tmp_path}/app.tar")))


def test_a_damaged_archive_is_an_error(tmp_path: Path, cache: SourceCache) -> None:
    content = packed(a="1" * 100_000, b="".join(random.Random(1).choices("abcdefgh", k=100_000)))
    (tmp_path / "app.tar.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(HeatsinkError, match="the archive is damaged"):
        fetched(cache, resolved_now(source(SourceKind.LOCAL, f"{tmp_path}/app.tar.gz")))


# Laws of archives

NAMES = st.text(alphabet="abAB._-", min_size=1, max_size=6).filter(lambda name: name.strip("."))
TREES = st.dictionaries(NAMES, st.tuples(st.binary(max_size=20), st.booleans()), min_size=2, max_size=6)


@given(TREES, st.randoms(use_true_random=False))
def test_the_same_files_are_the_same_archive_however_they_were_packed(
    tree: dict[str, tuple[bytes, bool]], chance: random.Random
) -> None:
    archives = {_archive_of_packed(tree, chance) for _ in range(2)}
    assert len(archives) == 1


def _archive_of_packed(tree: dict[str, tuple[bytes, bool]], chance: random.Random) -> bytes:
    """The archive of files that someone has packed in some order, at some time, as some user."""
    scratch = io.BytesIO()
    with tarfile.open(fileobj=scratch, mode=chance.choice(("w", "w:gz", "w:xz"))) as tar:
        for name in chance.sample(sorted(tree), len(tree)):
            content, is_executable = tree[name]
            header = tarfile.TarInfo(chance.choice(("", "./")) + name)
            header.size, header.mode = len(content), 0o700 if is_executable else 0o640
            header.mtime, header.uid = chance.randrange(1 << 30), chance.randrange(1000)
            tar.addfile(header, io.BytesIO(content))
    with _file(scratch.getvalue()) as path, entries_of_file(path, "x") as entries:
        target = io.BytesIO()
        write_entries(entries, target)
        return target.getvalue()


@contextmanager
def _file(content: bytes) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield Path(file.name)


@given(TREES)
def test_a_folder_and_its_archive_have_the_same_digest(tree: dict[str, tuple[bytes, bool]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for path, (content, is_executable) in tree.items():
            (Path(name) / path).write_bytes(content)
            (Path(name) / path).chmod(0o755 if is_executable else 0o644)
        entries = entries_of_folder(Path(name))
        target = io.BytesIO()
        write_entries(entries, target)
        with _file(target.getvalue()) as archive, entries_of_file(archive, "x") as packed_entries:
            assert digest(packed_entries) == digest(entries)


# In a tree of images


def image(folder: Path, sources: str, dockerfile: str = "FROM scratch\nADD sources/app.tar /app/\n") -> Path:
    tree = write(folder, web=dockerfile)
    (tree / "web/image.yaml").write_text(f"sources:\n{sources}")
    return tree


def test_a_build_gets_the_archives_of_the_sources(tmp_path: Path) -> None:
    tree = image(tmp_path / "images", "- {name: app, type: local, location: app}\n")
    (tree / "web/app").mkdir()
    (tree / "web/app/run").write_text("one")
    target = io.BytesIO()
    write_context(selected(tree).checked()["web"], target, tmp_path, SourceCache(folder=tmp_path / "cache"))
    with tarfile.open(fileobj=io.BytesIO(target.getvalue())) as tar:
        assert tar.getnames() == ["Dockerfile", "sources/app.tar"]
        archive = tar.extractfile("sources/app.tar")
        assert archive is not None
        assert files(archive.read()) == {"run": "one"}


def test_a_new_commit_of_a_branch_changes_the_hash(tmp_path: Path, repository: GitRepository) -> None:
    repository.commit(run="one")
    tree = image(
        tmp_path / "images", f"- {{name: app, type: git, location: '{repository.url}', reference: a}}\n"
    )
    repository.git("branch", "a")
    repository.git("branch", "b")
    before = selected(tree).checked()["web"]
    repository.git("checkout", "--quiet", "b")
    repository.commit(run="two")
    (tree / "web/image.yaml").write_text((tree / "web/image.yaml").read_text().replace(": a}", ": b}"))
    after = selected(tree).checked()["web"]
    assert before.content_hash != after.content_hash


def test_a_locked_commit_stays_until_its_reference_changes(tmp_path: Path, repository: GitRepository) -> None:
    one = repository.commit(run="one")
    two = repository.commit(run="two")
    item = "- {{name: app, type: git, location: '{}', reference: {}}}\n"
    locked = {"web": {"app": f"git:{one} main"}}
    contents = {}
    for reference in ("main", "HEAD"):
        tree = image(tmp_path / reference, item.format(repository.url, reference))
        contents[reference] = selected(tree, locked=locked).checked()["web"].sources[0].content
    assert contents == {"main": f"git:{one}", "HEAD": f"git:{two}"}


@pytest.mark.parametrize("sha256", ["a" * 64, "b" * 64])
def test_the_hash_covers_what_a_download_is_and_not_where_it_is(tmp_path: Path, sha256: str) -> None:
    hashes = []
    for host, content in (("one.example", "a" * 64), ("two.example", sha256)):
        item = f"- {{name: app, type: url, location: 'https://{host}/a', sha256: {content}}}\n"
        hashes.append(selected(image(tmp_path / host, item)).checked()["web"].content_hash)
    assert (hashes[0] == hashes[1]) == (sha256 == "a" * 64)


def test_a_file_of_all_trees_changes_a_source_of_an_image_and_adds_others(tmp_path: Path) -> None:
    one, two = (repository_with(tmp_path / name) for name in ("one", "two"))
    tree = image(
        tmp_path / "images",
        f"- {{name: app, type: git, location: '{one.url}', reference: main}}\n",
        "FROM scratch\n{% for name in sources %}ADD sources/{{ name }}.tar /{{ name }}/\n{% endfor %}",
    )
    (tmp_path / "images.yaml").write_text(
        f"images: {{web: {{sources: [{{name: app, location: '{two.url}'}},"
        " {name: theme, type: local, location: images.yaml}]}}"
    )
    recipe = selected(tree, config=images_config([tmp_path / "images.yaml"])).checked()["web"]
    assert [(wanted.source.name, wanted.source.location) for wanted in recipe.sources] == [
        ("app", two.url),
        ("theme", f"{tmp_path}/images.yaml"),
    ]


def repository_with(folder: Path) -> GitRepository:
    repository = GitRepository(folder)
    repository.commit(run="one")
    return repository


def test_a_source_that_cannot_be_read_breaks_only_its_image(tmp_path: Path) -> None:
    tree = image(tmp_path / "images", "- {name: app, type: local, location: none}\n")
    write(tree, db="FROM scratch")
    recipes = selected(tree)
    assert (list(recipes.by_name), list(recipes.broken)) == (["db"], ["web"])
