"""The host program, packed to be sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from zipfile import ZipInfo

T = TypeVar("T")

_SOURCES = Path(__file__).parents[1] / "host"


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """A function that makes its value once: other threads that want it meanwhile wait for it."""
    kept, making = cache(make), Lock()

    @wraps(make)
    def value() -> T:
        with making:
            return kept()

    return value


@_once
def program_hash() -> str:
    """The hash of the host program: that of its sources, as zlib builds compress differently."""
    return hashlib.sha256(repr(_files()).encode()).hexdigest()


@_once
def program() -> bytes:
    """The host program: a zip file that Python runs, with the hash in a first line."""
    from zipfile import ZIP_DEFLATED, ZipFile

    packed = BytesIO()
    packed.write(f"# {program_hash()}\n".encode())
    with ZipFile(packed, "w") as archive:
        for name, source in _files().items():
            archive.writestr(entry(name), source, ZIP_DEFLATED, 9)
    return packed.getvalue()


@cache
def _files() -> dict[str, bytes]:
    """What is in the zip file, by name."""
    sources = {path.stem: path.read_bytes() for path in sorted(_SOURCES.glob("*.py"))}
    start = sources.pop("start")
    modules = {f"host/{name}.py": source for name, source in sources.items()}
    return {"__main__.py": start, "modules": "\n".join(sources).encode(), **modules}


def entry(name: str) -> ZipInfo:
    """An entry of a zip file that does not depend on time or system."""
    from zipfile import ZipInfo

    entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry
