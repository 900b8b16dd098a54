"""The software bill of materials of an image: its Debian packages, as an SPDX document.

The same image always has the same document: https://spdx.github.io/spdx-spec/v2.3/
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import Parser
from pathlib import Path
from typing import Any
from urllib.parse import quote

from compiler import __version__
from compiler.files.writing import replace_file
from compiler.images.engines.protocol import BuildEngine, EngineImage

STATUS = "/var/lib/dpkg/status"
"""The file of an image that has its packages."""
_RELEASE = "/usr/lib/os-release"
_NO = "NOASSERTION"
_IMAGE = "SPDXRef-Image"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """An installed package, as dpkg knows it."""

    name: str
    version: str
    architecture: str
    maintainer: str = ""
    homepage: str = ""
    source: str = ""


def write_sbom(engine: BuildEngine, reference: str, image: EngineImage, path: Path) -> None:
    """Write the document of an image, unless the file is that already. Raises HeatsinkError, or OSError."""
    namespace = _namespace(image)
    if path.is_file() and namespace in path.read_text(encoding="utf-8", errors="replace"):
        return
    files = engine.files(reference, (STATUS, _RELEASE))
    document = sbom(
        reference, image, packages(files.get(STATUS, b"")), _distribution(files.get(_RELEASE, b""))
    )
    replace_file(path, f"{json.dumps(document, indent=1)}\n".encode(), 0o644)


def packages(status: bytes) -> list[DebianPackage]:
    """The installed packages of dpkg's status file, sorted by name."""
    paragraphs = status.decode("utf-8", "replace").split("\n\n")
    return sorted(_installed(paragraphs), key=lambda package: (package.name, package.architecture))


def sbom(
    reference: str, image: EngineImage, installed: list[DebianPackage], distribution: Mapping[str, str]
) -> dict[str, Any]:
    """The document, in SPDX's JSON."""
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": reference,
        "documentNamespace": _namespace(image),
        "creationInfo": {"created": _time(image.created), "creators": [f"Tool: heatsink-{__version__}"]},
        "packages": [_image(reference, image), *(_package(one, distribution) for one in installed)],
        "relationships": [
            _relationship("SPDXRef-DOCUMENT", "DESCRIBES", _IMAGE),
            *(_relationship(_IMAGE, "CONTAINS", _identifier(one)) for one in installed),
        ],
    }


def _installed(paragraphs: list[str]) -> Iterator[DebianPackage]:
    for paragraph in paragraphs:
        fields = Parser().parsestr(paragraph, headersonly=True)
        if fields.get("Status", "").endswith(" installed"):
            yield DebianPackage(
                name=fields["Package"],
                version=fields["Version"],
                architecture=fields["Architecture"],
                maintainer=fields.get("Maintainer", ""),
                homepage=fields.get("Homepage", ""),
                source=fields.get("Source", ""),
            )


def _distribution(release: bytes) -> dict[str, str]:
    """The variables of os-release."""
    lines = release.decode("utf-8", "replace").splitlines()
    return {name: value.strip("\"'") for name, _, value in (line.partition("=") for line in lines)}


def _image(reference: str, image: EngineImage) -> dict[str, Any]:
    digest = image.id.removeprefix("sha256:")
    return {
        **_named(_IMAGE, reference, image.id),
        "primaryPackagePurpose": "CONTAINER",
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
    }


def _package(package: DebianPackage, distribution: Mapping[str, str]) -> dict[str, Any]:
    return {
        **_named(_identifier(package), package.name, package.version),
        **({"supplier": f"Organization: {_supplier(package.maintainer)}"} if package.maintainer else {}),
        **({"homepage": package.homepage} if package.homepage else {}),
        "sourceInfo": f"built from {package.source or package.name}",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": _purl(package, distribution),
            }
        ],
    }


def _named(identifier: str, name: str, version: str) -> dict[str, Any]:
    """What every package of a document must have."""
    return {
        "SPDXID": identifier,
        "name": name,
        "versionInfo": version,
        "downloadLocation": _NO,
        "filesAnalyzed": False,
        "licenseConcluded": _NO,
        "licenseDeclared": _NO,
        "copyrightText": _NO,
    }


def _relationship(element: str, kind: str, related: str) -> dict[str, str]:
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": related}


def _identifier(package: DebianPackage) -> str:
    """Letters, digits, `.` and `-`: `SPDXRef-libstdc.2b.2b6-amd64`."""
    escaped = re.sub(r"[^a-zA-Z0-9-]", lambda match: f".{ord(match[0]):02x}", package.name)
    return f"SPDXRef-{escaped}-{package.architecture}"


def _purl(package: DebianPackage, distribution: Mapping[str, str]) -> str:
    """https://github.com/package-url/purl-spec: `pkg:deb/debian/apt@3.0.3?arch=amd64&distro=debian-13`."""
    vendor, release = distribution.get("ID", "debian"), distribution.get("VERSION_ID")
    suffix = f"&distro={vendor}-{quote(release)}" if release else ""
    version = quote(package.version, safe="~")
    return f"pkg:deb/{vendor}/{quote(package.name)}@{version}?arch={package.architecture}{suffix}"


def _supplier(maintainer: str) -> str:
    """`Debian APT Team (apt@lists.example)`, as SPDX writes addresses."""
    return re.sub(r"\s*<([^>]*)>", r" (\1)", maintainer)


def _namespace(image: EngineImage) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, image.id)}"


def _time(created: str) -> str:
    return datetime.fromisoformat(created).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
