"""Reads a build folder: fleet.json, and the bundles of hosts as needed."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from compiler.deploy.errors import DeployError
from compiler.deploy.printable import printable
from compiler.diagnostics import HeatsinkError, Problem, reason
from compiler.files.writing import replace_file
from compiler.host.manifest import BREAKS, FORMAT, Manifest, UnfitError, UnsupportedError, with_secrets
from compiler.model.credential import Credential, CredentialKind
from compiler.model.fleet import FLEET_MODE, PLACES, Connection, Fleet, FleetHost

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class BundleFolder:
    """The bundle of one host in a build folder."""

    host: FleetHost
    folder: Path

    @property
    def content(self) -> bytes:
        """The bytes of manifest.json, not kept: a fleet has many. Raises DeployError if their digest is not
        the one in fleet.json."""
        content = self._read("manifest.json")
        if hashlib.sha256(content).hexdigest() != self.host.manifest:
            raise self._corrupt("manifest.json")
        return content

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest. Raises DeployError if its format or engine is not supported."""
        return self._supported(Manifest.parse)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that this host needs. Raises DeployError as `manifest` does."""
        return tuple(self._supported(Manifest.secrets_in))

    @property
    def hashes(self) -> frozenset[str]:
        """The sha256 of all files."""
        return frozenset(file.sha256 for file in self.manifest.files)

    @cached_property
    def places(self) -> dict[str, tuple[str, ...]]:
        """Path → where what is in the file is written; empty if a build has no valid places.json."""
        try:
            entries = json.loads((self.folder / PLACES).read_bytes())
            return {path: tuple(map(printable, places)) for path, places in entries.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def blobs(self, hashes: Iterable[str]) -> bytes:
        """The contents of the files with these sha256, concatenated."""
        paths = {file.sha256: file.path for file in self.manifest.files}
        return b"".join(self._blob(value, paths[value]) for value in hashes)

    def text(self, path: str) -> str:
        """The content of a file as text, with references in place of secrets."""
        return self._read(f"root{path}").decode(errors="replace")

    def unfit(self, secrets: Mapping[str, str]) -> Iterator[Problem]:
        """Values of secrets that a file of this host cannot hold, by name."""
        for file in self.manifest.files:
            if file.sensitive:
                try:
                    with_secrets(self._read(f"root{file.path}"), secrets)
                except UnfitError as error:
                    hint = "change it in the secrets file, or put it into a file of its own with `text`"
                    yield Problem(f"`{file.path}`: {error}", hint=hint)

    def _supported(self, read: Callable[[bytes], T]) -> T:
        """What is read of the manifest."""
        try:
            return read(self.content)
        except UnsupportedError as error:
            raise DeployError(self.host.name, str(error), error.hint) from None

    def _blob(self, value: str, path: str) -> bytes:
        content = self._read(f"root{path}")
        if hashlib.sha256(content).hexdigest() != value:
            raise self._corrupt(f"root{path}")
        return content

    def _read(self, path: str) -> bytes:
        try:
            if not stat.S_ISREG((self.folder / path).lstat().st_mode):
                raise self._corrupt(path)
            return (self.folder / path).read_bytes()
        except OSError as error:
            raise DeployError(
                self.host.name, f"`{self.folder / path}` cannot be read: {reason(error)}", _AGAIN
            ) from None

    def _corrupt(self, path: str) -> DeployError:
        return DeployError(self.host.name, f"`{self.folder / path}` does not match its digest", _AGAIN)


EARLY = 0  # a step of hosts with a container in it, so taken by every push: rollbacks may bring one back
_AGAIN = "compile again"


def check_values(bundles: Iterable[BundleFolder], secrets: Mapping[str, str]) -> None:
    """Raise HeatsinkError for all values of secrets that some file cannot hold; none is shown."""
    if any(set(value) & BREAKS for value in secrets.values()):  # others fit anywhere
        problems = dict.fromkeys(problem for bundle in bundles for problem in bundle.unfit(secrets))
        if problems:
            raise HeatsinkError.of(problems)


def read_fleet(build: Path) -> Fleet:
    """Read fleet.json of a build folder. Raises HeatsinkError if it is missing, invalid or too new."""
    path = build / "fleet.json"
    try:
        fleet = json.loads(path.read_bytes())
        if fleet["format"] > FORMAT:
            raise HeatsinkError(
                f"`{path}` has format {fleet['format']}, and this heatsink reads formats up to {FORMAT}",
                hint="push with the heatsink that compiled it, or a newer one",
            )
        return Fleet(
            hosts=_hosts(fleet["hosts"]),
            left=_hosts({name: {**entry, "manifest": ""} for name, entry in fleet.get("left", {}).items()}),
            project=fleet.get("project", ""),
            steps=tuple(sorted({EARLY, *fleet["steps"]})),
            credentials=tuple(map(_credential, fleet.get("credentials", ()))),
        )
    except FileNotFoundError:
        raise HeatsinkError(f"no bundle in `{build}`", hint="run `heatsink compile`") from None
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HeatsinkError(f"`{path}` is not a valid fleet.json", hint=_AGAIN) from None


def forget(build: Path, host: str) -> None:
    """Take a host that left the hosts file and was removed out of fleet.json."""
    path = build / "fleet.json"
    fleet = json.loads(path.read_bytes())
    left = {name: entry for name, entry in fleet.pop("left", {}).items() if name != host}
    text = json.dumps({**fleet, **({"left": left} if left else {})}, indent=1, sort_keys=True)
    replace_file(path, f"{text}\n".encode(), FLEET_MODE)


def _hosts(entries: dict[str, dict[str, Any]]) -> tuple[FleetHost, ...]:
    return tuple(_host(name, entry) for name, entry in sorted(entries.items()))


def _host(name: str, entry: dict[str, Any]) -> FleetHost:
    return FleetHost(
        name=name,
        role=entry["role"],
        backend=entry["backend"],
        connection=Connection(**entry["connection"]),
        manifest=entry["manifest"],
        addresses=tuple(entry.get("addresses", ())),
    )


def _credential(entry: dict[str, Any]) -> Credential:
    kind, names = CredentialKind(entry["kind"]), tuple(entry["names"])
    return Credential(name=entry["name"], kind=kind, ca=entry["ca"], names=names)


def bundle_folder(build: Path, host: FleetHost) -> BundleFolder:
    """The bundle of a host of this build folder."""
    return BundleFolder(host=host, folder=build / "hosts" / host.name)
