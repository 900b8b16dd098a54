"""ovsdb_prepare, with a tool whose databases have nothing but the text of their schema."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from compiler.shipped import folder

PREPARE = folder("images") / "openvswitch/openvswitch-base/ovsdb_prepare"
OVSDB_TOOL = """#!/bin/bash
set -o errexit -o noclobber
case $1 in
create) cat "$3" > "$2" ;;
db-is-clustered) grep --quiet clustered "$2" ;;
needs-conversion) cmp --quiet "$2" "$3" && echo no || echo yes ;;
convert) cp "$3" "$2" ;;
esac
"""


def prepare(tmp_path: Path) -> str:
    """The database `db/conf.db` after its preparation with a schema of version 2."""
    (tmp_path / "schema").write_text("2")
    (tmp_path / "ovsdb-tool").write_text(OVSDB_TOOL)
    (tmp_path / "ovsdb-tool").chmod(0o755)
    database = tmp_path / "db/conf.db"
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(("bash", PREPARE, database, tmp_path / "schema"), env={"PATH": path}, check=True)
    return database.read_text()


def test_a_missing_database_is_created_with_its_folder(tmp_path: Path) -> None:
    assert prepare(tmp_path) == "2"


def test_what_a_start_that_was_killed_has_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db/conf.db.new").write_text("half")
    assert prepare(tmp_path) == "2"


@pytest.mark.parametrize(("before", "after"), [("1", "2"), ("2", "2"), ("1, clustered", "1, clustered")])
def test_a_database_is_converted_unless_servers_of_a_cluster_do_it(
    tmp_path: Path, before: str, after: str
) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db/conf.db").write_text(before)
    assert prepare(tmp_path) == after
