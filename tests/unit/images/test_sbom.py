"""The packages of an image as an SPDX document, as SPDX's own tools read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from compiler.images.engines.protocol import EngineImage
from compiler.images.sbom import packages, write_sbom
from tests.support.build_engine import ScriptedEngine, outcomes, toy

DIGEST = "c0ffee" + "0" * 58
IMAGE = EngineImage(id=f"sha256:{DIGEST}", size=1, created="2023-11-14T23:13:20.736203565+01:00", labels={})
STATUS = b"""\
Package: libstdc++6
Status: install ok installed
Priority: optional
Maintainer: Debian GCC Maintainers <debian-gcc@lists.example>
Architecture: amd64
Multi-Arch: same
Source: gcc-14 (14.2.0-19)
Version: 14.2.0-19
Description: GNU Standard C++ Library v3
 This package contains an additional runtime library.
 .
 Status: in the text of a description
Homepage: http://gcc.gnu.org/

Package: libstdc++6
Status: install ok installed
Maintainer: Debian GCC Maintainers <debian-gcc@lists.example>
Architecture: i386
Version: 14.2.0-19

Package: removed
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: held
Status: hold ok installed
Architecture: all
Version: 1:2.0~rc1+dfsg-3
"""
RELEASE = b'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'
FILES = {"/var/lib/dpkg/status": STATUS, "/usr/lib/os-release": RELEASE}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sboms/web.spdx.json"


def test_only_what_is_installed_is_a_package_of_the_image() -> None:
    assert [(package.name, package.architecture) for package in packages(STATUS)] == [
        ("held", "all"), ("libstdc++6", "amd64"), ("libstdc++6", "i386"),
    ]  # fmt: skip


@pytest.mark.parametrize("files", [FILES, {}], ids=["debian", "from scratch"])
def test_a_document_is_valid(files: dict[str, bytes], path: Path) -> None:
    write_sbom(ScriptedEngine(files_of={"web": files}), "web", IMAGE, path)
    document = parse_file(str(path))
    assert [message.validation_message for message in validate_full_spdx_document(document)] == []


def test_a_document_names_each_package_with_its_version_and_origin(path: Path) -> None:
    write_sbom(ScriptedEngine(files_of={"web": FILES}), "web", IMAGE, path)
    image, held, library, _ = parse_file(str(path)).packages
    assert (image.name, image.version, image.checksums[0].value) == ("web", IMAGE.id, DIGEST)
    assert held.external_references[0].locator == (
        "pkg:deb/debian/held@1%3A2.0~rc1%2Bdfsg-3?arch=all&distro=debian-13"
    )
    assert (
        library.spdx_id,
        library.version,
        library.homepage,
        library.source_info,
        str(library.supplier),
    ) == (
        "SPDXRef-libstdc.2b.2b6-amd64",
        "14.2.0-19",
        "http://gcc.gnu.org/",
        "built from gcc-14 (14.2.0-19)",
        "Organization: Debian GCC Maintainers (debian-gcc@lists.example)",
    )


def test_an_image_has_one_document(path: Path, tmp_path: Path) -> None:
    write_sbom(ScriptedEngine(files_of={"web": FILES}), "web", IMAGE, path)
    write_sbom(ScriptedEngine(files_of={"web": FILES}), "web", IMAGE, tmp_path / "again")
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


def test_a_document_has_the_time_of_the_image(path: Path) -> None:
    write_sbom(ScriptedEngine(files_of={"web": FILES}), "web", IMAGE, path)
    assert parse_file(str(path)).creation_info.created.isoformat() == "2023-11-14T22:13:20"


def test_the_document_of_an_image_that_is_up_to_date_is_not_made_again(path: Path) -> None:
    write_sbom(ScriptedEngine(files_of={"web": FILES}), "web", IMAGE, path)
    before = path.read_bytes()
    write_sbom(ScriptedEngine(files_of={"web": {}}), "web", IMAGE, path)
    assert path.read_bytes() == before


def test_a_build_writes_a_document_for_every_image_that_there_is(tmp_path: Path) -> None:
    engine = ScriptedEngine({"broken": [{"error": "exit status 1"}]})
    outcomes(engine, tmp_path / "logs", toy("web"), toy("broken"), sboms=tmp_path / "sboms")
    assert [path.name for path in (tmp_path / "sboms").iterdir()] == ["web.spdx.json"]


def test_an_image_without_the_document_that_was_asked_for_has_failed(tmp_path: Path) -> None:
    (tmp_path / "sboms").touch()
    outcome = outcomes(ScriptedEngine(), tmp_path, toy("web"), sboms=tmp_path / "sboms")["web"]
    assert (outcome.result.value, outcome.reason) == (
        "failed", f"`{tmp_path}/sboms/web.spdx.json`: file exists",
    )  # fmt: skip
