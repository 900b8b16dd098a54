"""The digests that references have in their registries now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from compiler.diagnostics import HeatsinkError
from compiler.images.registry import RegistryClient

_AT_A_TIME = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PinOutcome:
    """A reference with its digest, or with the error of its registry."""

    reference: str
    digest: str = ""
    error: HeatsinkError | None = None


def pin(client: RegistryClient, references: Iterable[str]) -> Iterator[PinOutcome]:
    """Ask the registry of each reference, in their order; an image for several platforms has one digest."""

    def work(reference: str) -> PinOutcome:
        try:
            return PinOutcome(reference=reference, digest=client.manifest(reference).digest)
        except HeatsinkError as error:
            return PinOutcome(reference=reference, error=error)

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        yield from pool.map(work, references)
