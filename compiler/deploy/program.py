"""The host program, packed to be sent."""

from __future__ import annotations

import hashlib
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_SOURCES = Path(__file__).parents[1] / "host"


@cache
def program() -> tuple[str, bytes]:
    """The host program: its hash, and a zip file that Python runs, with the hash in a first line.

    The hash is that of the sources, as zlib builds compress differently.
    """
    sources = {path.stem: path.read_bytes() for path in sorted(_SOURCES.glob("*.py"))}
    start = sources.pop("start")
    modules = {f"host/{name}.py": source for name, source in sources.items()}
    sources = {"__main__.py": start, "modules": "\n".join(sources).encode(), **modules}
    digest = hashlib.sha256(repr(sources).encode()).hexdigest()
    packed = BytesIO()
    packed.write(f"# {digest}\n".encode())
    with ZipFile(packed, "w") as archive:
        for name, source in sources.items():
            archive.writestr(_entry(name), source, ZIP_DEFLATED, 9)
    return digest, packed.getvalue()


def _entry(name: str) -> ZipInfo:
    """An entry that does not depend on time or system."""
    entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry
