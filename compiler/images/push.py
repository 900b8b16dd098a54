"""Pushing images to a registry, which returns their digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from compiler.diagnostics import HeatsinkError
from compiler.images.dockerfile import Naming
from compiler.images.engines.protocol import BuildEngine, EngineImage
from compiler.images.installed import InstalledPackages
from compiler.images.labels import sources_in
from compiler.images.package_pins import Versions, other_versions
from compiler.images.registry import RegistryClient
from compiler.images.sources.cache import user_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRegistry:
    """A registry to push to: `host:port`, and whether it uses plain HTTP."""

    address: str
    insecure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOutcome:
    """The result of one push: the digest that the registry serves, or the reason why there is none."""

    name: str
    reference: str
    digest: str = ""
    reason: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    """What the sources of the image are."""


def built(engine: BuildEngine, names: Iterable[str], naming: Naming) -> list[str]:
    """The names whose images the engine has."""
    return [name for name in names if engine.image_id(naming.local(name))]


def push(
    engine: BuildEngine,
    names: Iterable[str],
    naming: Naming,
    registry: ImageRegistry,
    *,
    jobs: int,
    pins: Mapping[str, Versions] | None = None,
) -> Iterator[PushOutcome]:
    """Push images, at most `jobs` at a time, and yield the outcome of each as soon as it ends.

    An image that has other packages than its `pins`, those of a lock, is not pushed.
    """
    packages = InstalledPackages(engine, user_cache("packages"))

    def work(name: str) -> PushOutcome:
        reference = naming.remote(name, registry.address)
        try:
            _check_versions((pins or {}).get(name, {}), packages, naming.local(name))
            image, digest = _push_one(engine, naming.local(name), reference, registry)
        except HeatsinkError as error:
            return PushOutcome(name=name, reference=reference, reason=error.render().removeprefix("error: "))
        return PushOutcome(name=name, reference=reference, digest=digest, sources=sources_in(image.labels))

    with ThreadPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(work, name) for name in names]):
            yield future.result()


def _check_versions(wanted: Versions, packages: InstalledPackages, reference: str) -> None:
    if wanted and (others := other_versions(wanted, packages.versions(reference))):
        raise HeatsinkError(others, hint="build it again with `heatsink images build`")


def _push_one(
    engine: BuildEngine, local: str, remote: str, registry: ImageRegistry
) -> tuple[EngineImage, str]:
    """The image that was pushed, and the digest that the registry serves."""
    image = engine.image(local)
    if image is None:
        raise HeatsinkError(f"`{local}` is not built", hint="run `heatsink images build` first")
    engine.push(local, remote, verify_tls=not registry.insecure)
    client = RegistryClient(insecure=frozenset((registry.address,) if registry.insecure else ()))
    manifest = client.manifest(remote)
    # Newer engines report a failed push in a stream that the SDK does not read, so ask the registry.
    if manifest.config != image.id:
        raise HeatsinkError(f"the registry serves another image as `{remote}` than the one pushed")
    return image, manifest.digest
