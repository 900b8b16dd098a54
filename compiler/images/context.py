"""The tar archive that an engine builds an image from: the same bytes for the same recipe."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import IO

from compiler.diagnostics import HeatsinkError
from compiler.images.recipe import ContextFile, ImageRecipe
from compiler.images.sources.cache import SourceCache, own_cache


def write_context(
    recipe: ImageRecipe, target: IO[bytes], scratch: Path, cache: SourceCache | None = None
) -> None:
    """Write an image's build context: `Dockerfile`, the files of its folder, sources, and `rootfs.tar`.

    Names are sorted, times are 0 and owners root, because engines find their cached layers by the bytes of
    the context. The root file system, if there is one, is built in the folder `scratch`.
    """
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
        _add(archive, "Dockerfile", recipe.dockerfile.encode())
        for file in recipe.context:
            _add_file(archive, file)
        for source in recipe.sources:
            with tempfile.TemporaryFile(dir=scratch) as content:
                (cache or own_cache()).write(source, content)
                _add_open(archive, source.source.path, content)
        if recipe.rootfs:
            path = scratch / f"{recipe.name}.tar"
            make_rootfs(recipe.rootfs, path)
            with path.open("rb") as content:
                _add_open(archive, "rootfs.tar", content)


def write_folder(recipe: ImageRecipe, folder: Path, cache: SourceCache | None = None) -> None:
    """Write the same context as a folder, without `rootfs.tar`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(recipe.dockerfile, encoding="utf-8")
    for file in recipe.context:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file.origin, target, follow_symlinks=False)
    for source in recipe.sources:
        target = folder / source.source.path
        target.parent.mkdir(exist_ok=True)
        with target.open("wb") as content:
            (cache or own_cache()).write(source, content)


def make_rootfs(arguments: tuple[str, ...], target: Path) -> None:
    """Build a Debian root file system with mmdebstrap; the last argument is the suite."""
    command = ("mmdebstrap", "--quiet", *arguments, str(target))
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except FileNotFoundError:
        raise HeatsinkError(
            "mmdebstrap is not installed",
            hint="install it with `apt-get install mmdebstrap`, or use `--base-image`",
        ) from None
    except subprocess.CalledProcessError as error:
        raise HeatsinkError(f"mmdebstrap failed:\n{error.stderr.strip()}") from error


def _add_file(archive: tarfile.TarFile, file: ContextFile) -> None:
    if file.origin.is_symlink():
        link = _normal(tarfile.TarInfo(_utf8(file.path)), 0o777)
        link.type, link.linkname = tarfile.SYMTYPE, _utf8(file.origin.readlink())
        archive.addfile(link)
    else:
        _add(archive, _utf8(file.path), file.content, file.mode)


def _add_open(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> None:
    entry = _normal(tarfile.TarInfo(name), 0o644)
    entry.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    archive.addfile(entry, content)


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = _normal(tarfile.TarInfo(name), mode)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _normal(entry: tarfile.TarInfo, mode: int) -> tarfile.TarInfo:
    entry.mode, entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = mode, 0, 0, 0, "", ""
    return entry


def _utf8(path: str | Path) -> str:
    """A path as it is in a locale with UTF-8, whatever the locale is."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")
