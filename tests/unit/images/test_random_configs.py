"""Laws of kolla_set_configs, with random configurations over random images."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.set_configs import CONFIG, ME, configure, mode_of, module, write

NAMES = st.sampled_from(["a", "b", "a/a", "a/b", "b/a", "b/b", "b/b/a"])
MODES = st.sampled_from([0o400, 0o600, 0o644, 0o755])
FILES = st.dictionaries(NAMES, st.tuples(st.sampled_from(["1", "2"]), MODES), max_size=4)
ENTRIES = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["a", "b", "b/*", "*", "a/b", "b/b/"]).map(f"/{CONFIG}/src/{{}}".format),
        "dest": st.sampled_from(
            ["/srv/a", "/srv/b", "/srv/", "/srv/a/", "/srv/b/a", "/srv/b/b/", "/srv/new/a"]
        ),
        "owner": st.just(ME),
        "perm": st.sampled_from(["0600", "0640", "0o755", "444"]),
        "optional": st.just(value=True),
        "merge": st.booleans(),
        "preserve_properties": st.booleans(),
    }
)
CONFIGS = st.lists(ENTRIES, min_size=1, max_size=4)
PERMISSIONS = st.lists(
    st.fixed_dictionaries(
        {
            "path": st.sampled_from(["/srv/a", "/srv/b", "/srv/*", "/srv/new"]),
            "owner": st.just(ME),
            "perm": st.sampled_from(["", "0640", "0700"]),
            "recurse": st.booleans(),
            "exclude": st.lists(st.sampled_from(["/a$", "b/"]), max_size=2),
            "optional": st.just(value=True),
        }
    ),
    max_size=2,
)


@contextmanager
def container(image: dict[str, tuple[str, int]], source: dict[str, tuple[str, int]]) -> Iterator[Path]:
    """The root of a container, with files of its image below /srv and others to copy."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / CONFIG).mkdir(parents=True)
        for where, files in (("srv", image), (f"{CONFIG}/src", source)):
            for name, (text, mode) in files.items():
                try:
                    write(root, f"{where}/{name}", text, mode)
                except OSError:  # a file and a folder of one name
                    assume(condition=False)
        yield root


def start(root: Path) -> None:
    """Start a container whose configuration can be installed; others are no examples."""
    top = module("files").Root(root)
    try:
        module("installation").install(top, module("config").load(top))
    except OSError:
        assume(condition=False)


def changed(root: Path) -> bool:
    """The verdict of --check."""
    top = module("files").Root(root)
    try:
        module("verification").check(top, module("config").load(top))
    except module("errors").ConfigError:
        return True
    return False


def tree(root: Path, folder: str = ".") -> dict[str, Any]:
    """Everything below a folder, with modes and contents."""
    return {
        str(path.relative_to(root)): (mode_of(path), path.read_text() if path.is_file() else None)
        for path in (root / folder).rglob("*")
    }


@settings(max_examples=examples(40))
@given(FILES, FILES, CONFIGS, PERMISSIONS)
def test_starting_twice_is_starting_once(
    image: dict[str, Any], source: dict[str, Any], entries: list[Any], permissions: list[Any]
) -> None:
    with container(image, source) as root:
        configure(root, *entries, permissions=permissions)
        start(root)
        once = tree(root)
        start(root)
        assert tree(root) == once


@settings(max_examples=examples(40))
@given(FILES, FILES, CONFIGS, PERMISSIONS)
def test_nothing_has_changed_right_after_a_start(
    image: dict[str, Any], source: dict[str, Any], entries: list[Any], permissions: list[Any]
) -> None:
    with container(image, source) as root:
        configure(root, *entries, permissions=permissions)
        start(root)
        assert not changed(root)


@settings(max_examples=examples(40))
@given(FILES, FILES, CONFIGS)
def test_without_entries_the_image_is_as_before(
    image: dict[str, Any], source: dict[str, Any], entries: list[Any]
) -> None:
    with container(image, source) as root:
        before = tree(root, "srv")
        configure(root, *entries)
        start(root)
        configure(root)
        start(root)
        assert tree(root, "srv") == before


@settings(max_examples=examples(40))
@given(FILES, FILES, CONFIGS, st.integers(0, 3))
def test_an_entry_that_is_gone_is_noticed_if_the_next_start_undoes_it(
    image: dict[str, Any], source: dict[str, Any], entries: list[Any], number: int
) -> None:
    with container(image, source) as root:
        configure(root, *entries)
        start(root)
        before = tree(root, "srv")
        entries.pop(number % len(entries))
        configure(root, *entries)
        noticed = changed(root)
        start(root)
        assert noticed or tree(root, "srv") == before


def tamper(root: Path, number: int, how: str) -> None:
    """Change one of the paths below /srv."""
    paths = sorted((root / "srv").rglob("*"))
    assume(paths)
    path = paths[number % len(paths)]
    if how == "remove":
        module("files").remove(path)
    elif path.is_dir():
        (path / "added").write_text("")
    elif how == "write":
        path.write_text("3")
    else:
        path.chmod(0o606)


@settings(max_examples=examples(40))
@given(FILES, FILES, CONFIGS, st.integers(0, 20), st.sampled_from(["remove", "write", "chmod"]))
def test_tampering_is_noticed_exactly_if_the_next_start_undoes_it(
    image: dict[str, Any], source: dict[str, Any], entries: list[Any], number: int, how: str
) -> None:
    with container(image, source) as root:
        configure(root, *entries)
        start(root)
        tamper(root, number, how)
        before, noticed = tree(root, "srv"), changed(root)
        start(root)
        assert noticed == (tree(root, "srv") != before)
