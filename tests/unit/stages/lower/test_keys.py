"""The forms in which a key may be written, and the one value that each becomes."""

from __future__ import annotations

import pytest

from compiler.node import Plain, expect_mapping, from_plain
from compiler.stages.lower.keys import Keys


def keys(value: Plain) -> Keys:
    return Keys(expect_mapping(from_plain({"key": value}, "web.yaml"), "a container"))


@pytest.mark.parametrize("value", [60, "60", 60.0])
def test_a_number_may_be_text(value: Plain) -> None:
    assert keys(value).number("key") == 60


@pytest.mark.parametrize("value", [90, "90", "90s", "1m30s", "1m30"])
def test_seconds_may_have_units(value: Plain) -> None:
    assert keys(value).seconds("key", 0) == 90


@pytest.mark.parametrize("value", [{"B": "c d", "A": 1}, ["B=c d", "A=1"], ["A=0", "B=c d", "A=1"]])
def test_pairs_may_be_a_list(value: Plain) -> None:
    assert keys(value).pairs("key") == (("A", "1"), ("B", "c d"))


@pytest.mark.parametrize("value", [None, [], [""], [None]])
def test_what_is_null_or_empty_is_no_text(value: Plain) -> None:
    assert keys(value).strings("key") == ()


def test_a_list_keeps_its_words_and_text_is_split_at_blanks() -> None:
    assert keys(["a b", 1]).words("key") == ("a b", "1")
    assert keys("a  b\n1").words("key") == ("a", "b", "1")
