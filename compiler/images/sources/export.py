"""The files of a commit, with those of its submodules at the commits that it has of them."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import HeatsinkError
from compiler.images.sources.git import run_git

_SUBMODULE = "160000"  # the mode of its entry in a tree
# Others have written the locations of submodules: none may name files or programs of this machine.
GUARDED = ("-c", "protocol.file.allow=never", "-c", "protocol.ext.allow=never")
_KEYS = r"^submodule\..*\.(path|url)$"


class MissingCommitError(HeatsinkError):
    """A repository does not have a commit, or not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checkout:
    """A commit of a repository, below a path of the whole."""

    location: str
    commit: str
    path: str = ""
    options: tuple[str, ...] = ()
    """What git is told when it fetches."""


def export(location: str, commit: str, scratch: Path, *, timeout: float) -> Path:
    """An archive, in the empty folder `scratch`, of the files of a commit. Raises HeatsinkError."""
    archive = scratch / "archive.tar"
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as target:
        waiting = [_Checkout(location=location, commit=commit)]
        for number, checkout in enumerate(waiting):  # it grows
            repository = _fetched(checkout, scratch / str(number), timeout)
            _add(repository, checkout, target, scratch / "part.tar", timeout)
            waiting.extend(_submodules(repository, checkout, timeout))
    return archive


def _fetched(checkout: _Checkout, folder: Path, timeout: float) -> tuple[str, ...]:
    """A bare repository that has the commit, as arguments of git."""
    run_git(("init", "--quiet", "--bare", str(folder)), timeout=timeout)
    inside = ("--git-dir", str(folder), *checkout.options)
    location, commit = checkout.location, checkout.commit
    try:
        run_git((*inside, "fetch", "--quiet", "--depth=1", "--", location, commit), timeout=timeout)
    except HeatsinkError:  # not every server serves a commit by its hash
        run_git((*inside, "fetch", "--quiet", "--", location, "+refs/*:refs/*"), timeout=timeout)
    try:
        run_git((*inside, "cat-file", "-e", f"{commit}^{{commit}}"), timeout=timeout)
    except HeatsinkError:
        where = f" of submodule `{checkout.path}`" if checkout.path else ""
        raise MissingCommitError(f"it does not have the commit {commit[:12]}{where}") from None
    return inside


def _add(
    inside: tuple[str, ...], checkout: _Checkout, target: tarfile.TarFile, part: Path, timeout: float
) -> None:
    """Add the files of a commit to the archive of the whole."""
    prefix = (f"--prefix={checkout.path}/",) if checkout.path else ()
    command = (*inside, "archive", "--format=tar", f"--output={part}", *prefix, checkout.commit)
    run_git(command, timeout=timeout)
    with tarfile.open(part, encoding="utf-8") as source:
        for member in source:
            target.addfile(member, source.extractfile(member) if member.isreg() else None)


def _submodules(inside: tuple[str, ...], checkout: _Checkout, timeout: float) -> Iterator[_Checkout]:
    listed = run_git((*inside, "ls-tree", "-r", "-z", checkout.commit), timeout=timeout).split("\0")
    entries = (entry.partition("\t")[::2] for entry in listed)
    commits = {path: words.split()[2] for words, path in entries if words.startswith(_SUBMODULE)}
    locations = _locations(inside, checkout, timeout) if commits else {}
    options = () if _is_local(checkout.location) else GUARDED
    for path, commit in sorted(commits.items()):
        if path not in locations:
            raise HeatsinkError(f"its `.gitmodules` has no location of the submodule `{path}`")
        location = absolute(locations[path], checkout.location)
        below = posixpath.join(checkout.path, path)
        yield _Checkout(location=location, commit=commit, path=below, options=options)


def _is_local(location: str) -> bool:
    return location.startswith("file://") or ":" not in location


def _locations(inside: tuple[str, ...], checkout: _Checkout, timeout: float) -> dict[str, str]:
    """Path of a submodule → its location, as `.gitmodules` of a commit has them."""
    blob = f"{checkout.commit}:.gitmodules"
    printed = run_git((*inside, "config", "--blob", blob, "--null", "--get-regexp", _KEYS), timeout=timeout)
    values = dict(entry.split("\n", 1) for entry in printed.split("\0") if entry)
    names = [key.removesuffix(".path") for key in values if key.endswith(".path")]
    return {values[f"{name}.path"]: values[f"{name}.url"] for name in names if f"{name}.url" in values}


def absolute(location: str, above: str) -> str:
    """The location of a submodule; one that begins with a dot is relative to that of the repository."""
    if not location.startswith(("./", "../")):
        return location
    while location.startswith(("./", "../")):
        first, _, location = location.partition("/")
        above = above.rstrip("/").rpartition("/")[0] if first == ".." else above.rstrip("/")
    return f"{above}/{location}"
