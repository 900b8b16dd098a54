"""Images that a push carries: what they share travels once."""

from __future__ import annotations

from pathlib import Path

from compiler.deploy.archives import numbered
from compiler.images.layout_file import read_layout
from tests.support.layouts import SmallImage, write_layout

WEB, DB = SmallImage("r.example/web:1", b"web"), SmallImage("r.example/db:1", b"db")


def test_what_archives_share_is_one_part(tmp_path: Path) -> None:
    file = read_layout(write_layout(tmp_path / "images.oci.tar", WEB, DB))
    archives = {one.reference: file.archive(one.reference) or () for one in (WEB, DB)}
    parts, numbers = numbered(archives)
    assert len({part.key for part in parts}) == len(parts)
    shared = set(numbers[WEB.reference]) & set(numbers[DB.reference])
    assert {parts[number].key for number in shared} >= {blob.digest for blob in WEB.image.blobs[:1]}
    for one in (WEB, DB):
        assert [parts[number].key for number in numbers[one.reference]] == [
            part.key for part in archives[one.reference]
        ]
