"""What is pushed: 40 services, and 120 files of configuration that they read, different on every host."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from compiler.model.artifact import Artifacts, File
from tests.support import bundles

UNITS = 40
FILES_OF_UNIT = 3
LINES = 80  # of 35 bytes on average: 330 KiB for a host
CHANGED_UNIT = "heatsink-sleeper0.service"
CHANGED_FILE = "/var/lib/config-data/sleeper0/part0.conf"
START = "systemctl daemon-reload && systemctl start heatsink.target"


def services(host: str, *, changed: bool = False) -> list[Artifacts]:
    """The services of a host; one file of one of them is another one after the change."""
    return [_service(host, number, changed=changed and number == 0) for number in range(UNITS)]


def _service(host: str, number: int, *, changed: bool) -> Artifacts:
    name = f"sleeper{number}"
    service = bundles.service(name, step=number % 5 + 1)
    files = tuple(
        File(path=f"/var/lib/config-data/{name}/part{part}.conf", content=_settings(f"{host} {name} {part}"))
        for part in range(FILES_OF_UNIT)
    )
    if changed:
        files = (replace(files[0], content=files[0].content + b"[changed]\n"), *files[1:])
    (unit,) = service.units
    read = (*unit.files, *(file.path for file in files))
    return replace(service, files=(*service.files, *files), units=(replace(unit, files=read),))


def _settings(seed: str) -> bytes:
    """A file of settings that compresses as real ones do."""
    chosen = Random(seed)
    lines = (f"{chosen.choice(_KEYS)}_{number} = {_value(chosen)}\n" for number in range(LINES))
    return "".join(lines).encode()


_KEYS = ("connection_timeout", "max_pool_size", "bind_host", "transport_url", "log_level", "workers")


def _value(chosen: Random) -> str:
    return chosen.choice(("true", "false", f"{chosen.getrandbits(48):x}", str(chosen.randrange(10000))))


def archive(root: Path, parts: Iterable[Artifacts], paths: Sequence[str] = ()) -> bytes:
    """Files below a root, all unless some are named, and links as one compressed tar."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as tar:
        for path in paths or sorted(
            str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()
        ):
            tar.add(root / path.lstrip("/"), arcname=path.lstrip("/"))
        for link in (link for part in parts for link in part.links):
            entry = tarfile.TarInfo(link.path.lstrip("/"))
            entry.type, entry.linkname = tarfile.SYMTYPE, link.target
            tar.addfile(entry)
    return content.getvalue()
