"""All that a pusher says to the host program, written beforehand."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from types import MappingProxyType

from compiler.deploy.bundle import BundleFolder
from compiler.host.machine import Machine
from compiler.host.store import kept_generations
from tests.support.host_folder import OPTIONS, HostFolder


def pushing(host: HostFolder, **options: object) -> bytes:
    """A push of the build beside a host."""
    bundle = bundle_of(host)
    kept = kept_generations(Machine(f"{host.folder}/root"))
    present = {file.sha256 for generation in kept for file in generation.files}
    missing = dict.fromkeys(file.sha256 for file in bundle.manifest.files if file.sha256 not in present)
    request = _request("push", **options)
    return b"".join(
        (
            _payload(bundle.content, request),
            _payload(bundle.blobs(missing)) if missing else b"",
            _releases(),
        )
    )


def rolling_back(number: int) -> bytes:
    """A rollback to the generation of a number."""
    return _line(_request("rollback")) + _line({"to": number}) + _releases()


def removing(**options: object) -> bytes:
    """A removal."""
    return _line(_request("remove", **options)) + _releases()


def bundle_of(host: HostFolder) -> BundleFolder:
    """The bundle in the build beside a host."""
    return host.bundles()["localhost"]


def _request(verb: str, **options: object) -> dict[str, object]:
    return {**OPTIONS.request, "do": verb, "confirm": False, "secrets": {}, **options}


def _releases() -> bytes:
    return b"".join(_line({"go": word}) for word in ("install", *OPTIONS.steps, "finish", "commit"))


def _payload(content: bytes, request: Mapping[str, object] = MappingProxyType({})) -> bytes:
    compressed = zlib.compress(content)
    return _line({**request, "size": len(compressed)}) + compressed


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value).encode() + b"\n"
