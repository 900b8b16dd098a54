"""Files of images: written the same by everybody, and read only if they are whole."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.layout import LayoutImage, blobs_of
from compiler.images.layout_file import read_layout
from tests.support.layouts import SmallImage, write_layout
from tests.support.loopback_registry import digest

WEB = SmallImage("registry.example/site/web:1", b"web" * 700)
DB = SmallImage("registry.example/site/db:1", b"db")
Entries = dict[str, bytes]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_layout(tmp_path / "images.oci.tar", WEB, DB)


def entries(path: Path) -> Entries:
    with tarfile.open(path) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]


def rewritten(path: Path, change: Callable[[Entries], object]) -> Path:
    """The file with other entries."""
    content = entries(path)
    change(content)
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, text in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(HeatsinkError) as raised:
        read_layout(path)
    assert str(raised.value).startswith(f"`{path}` is not a whole file of images: ")
    return str(raised.value).partition(": ")[2]


def test_a_file_has_each_blob_once_and_a_reference_for_each_image(file: Path) -> None:
    content = entries(file)
    index = json.loads(content["index.json"])
    assert [(row["digest"], row["annotations"]) for row in index["manifests"]] == [
        (one.image.digest, {"org.opencontainers.image.ref.name": one.reference}) for one in (WEB, DB)
    ]
    assert sorted(content) == [
        *(blob.path for blob in blobs_of([WEB.image, DB.image])),
        "index.json",
        "oci-layout",
    ]


def test_what_is_read_is_what_was_written(file: Path) -> None:
    layout = read_layout(file)
    assert layout.images == (WEB.image, DB.image)
    assert b"".join(layout.content(WEB.image.blobs[1])) == WEB.layer


def test_the_same_images_are_the_same_bytes(file: Path, tmp_path: Path) -> None:
    assert write_layout(tmp_path / "again", WEB, DB).read_bytes() == file.read_bytes()


def test_an_image_is_found_by_its_tag_and_by_its_digest(file: Path) -> None:
    layout = read_layout(file)
    pinned = f"registry.example/site/db@{DB.image.digest}"
    assert (layout.find(pinned), layout.find(DB.reference)) == (DB.image, DB.image)
    assert layout.find(f"other.example/site/db@{DB.image.digest}") is None


def test_an_archive_has_one_image_under_the_name_that_a_host_uses(file: Path, tmp_path: Path) -> None:
    layout = read_layout(file)
    parts = layout.archive(DB.image.pinned)
    assert parts
    (tmp_path / "one.tar").write_bytes(b"".join(piece for part in parts for piece in part.content()))
    one = read_layout(tmp_path / "one.tar")
    assert sum(part.size for part in parts) == (tmp_path / "one.tar").stat().st_size
    assert one.images == (LayoutImage(reference=DB.image.pinned, manifest=DB.image.manifest),)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_short_is_refused(share: float, file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share) - 1])
    assert refusal(file) == "it is cut short"


def test_every_changed_byte_of_a_blob_is_noticed(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"webweb", b"wEbweb", 1))
    assert refusal(file) == f"{digest(WEB.layer)} is damaged, of `{WEB.reference}`"


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "blobs/sha256/../../x", "blobs/sha256/abc"])
def test_a_name_that_no_layout_has_is_refused(name: str, file: Path) -> None:
    rewritten(file, lambda content: content.update({name: b""}))
    assert refusal(file) == f"{name!r} does not belong into an OCI image layout"


def test_a_link_is_refused(file: Path) -> None:
    link = tarfile.TarInfo(WEB.image.blobs[1].path)
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
    file.write_bytes(link.tobuf() + file.read_bytes())
    assert refusal(file) == f"{link.name!r} does not belong into an OCI image layout"


def test_a_file_that_is_there_twice_is_refused(file: Path) -> None:
    entry = tarfile.TarInfo("oci-layout")
    file.write_bytes(entry.tobuf() + file.read_bytes())
    assert refusal(file) == "`oci-layout` is there twice"


def test_what_the_index_does_not_describe_is_refused(file: Path) -> None:
    rewritten(file, lambda content: content.update({"index.json": b'{"manifests": [{"digest": "x"}]}'}))
    assert refusal(file) == "its index does not describe images"


def test_an_image_without_one_of_its_blobs_is_refused(file: Path) -> None:
    layer = WEB.image.blobs[1]
    rewritten(file, lambda content: content.pop(layer.path))
    assert refusal(file) == f"it lacks {layer.digest} of `{WEB.reference}`"


def test_an_index_of_platforms_is_refused(file: Path) -> None:
    def change(content: Entries) -> None:
        inner = b'{"manifests": []}'
        row = {
            "digest": digest(inner),
            "size": len(inner),
            "annotations": {"org.opencontainers.image.ref.name": "x"},
        }
        path = f"blobs/sha256/{digest(inner).removeprefix('sha256:')}"
        content.update({path: inner, "index.json": json.dumps({"manifests": [row]}).encode()})

    rewritten(file, change)
    assert refusal(file) == "it is an index of images for several platforms, which is not supported"


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff" * 2000])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "images.oci.tar"
    path.write_bytes(content)
    assert refusal(path) in ("it is cut short", "it is not a tar file")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HeatsinkError, match="cannot be read: no such file"):
        read_layout(tmp_path / "none")
