"""Values and messages of D-Bus, as its specification has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.host.dbus import (
    CALL,
    LARGEST,
    MalformedError,
    Message,
    Variant,
    marshalled,
    packed,
    size_of,
    unmarshalled,
    unpacked,
)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
BASIC: dict[str, st.SearchStrategy[Any]] = {
    "y": st.integers(0, 2**8 - 1),
    "b": st.booleans(),
    "n": st.integers(-(2**15), 2**15 - 1),
    "q": st.integers(0, 2**16 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "u": st.integers(0, 2**32 - 1),
    "x": st.integers(-(2**63), 2**63 - 1),
    "t": st.integers(0, 2**64 - 1),
    "d": st.floats(allow_nan=False),
    "s": TEXT,
    "o": TEXT,
    "g": st.sampled_from(["", "s", "a(sv)"]),
}
SIGNATURES = st.recursive(
    st.sampled_from([*BASIC, "v"]),
    lambda inner: st.one_of(
        inner.map("a{}".format),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: f"({''.join(parts)})"),
    ),
    max_leaves=6,
)


def values_of(signature: str) -> st.SearchStrategy[Any]:
    """Values of one type."""
    if signature == "v":
        return SIGNATURES.flatmap(lambda inner: values_of(inner).map(lambda value: Variant(inner, value)))
    if signature[0] == "a":
        return st.lists(values_of(signature[1:]), max_size=3)
    if signature[0] == "(":
        return st.tuples(*map(values_of, parts_of(signature[1:-1])))
    return BASIC[signature]


def parts_of(signature: str) -> list[str]:
    """The types in a signature."""
    parts, open_parentheses, part = [], 0, ""
    for letter in signature:
        part += letter
        open_parentheses += (letter == "(") - (letter == ")")
        if letter != "a" and not open_parentheses:
            parts.append(part)
            part = ""
    return parts


@given(
    st.lists(SIGNATURES, max_size=4).flatmap(
        lambda types: st.tuples(st.just("".join(types)), *map(values_of, types))
    )
)
def test_what_is_marshalled_is_unmarshalled(case: tuple[Any, ...]) -> None:
    signature, *values = case
    assert unmarshalled(signature, marshalled(signature, values)) == values


@pytest.mark.parametrize(("signature", "value", "content"), [
    ("u", 258, "02010000"),
    ("s", "foo", "03000000 666f6f00"),
    ("g", "as", "02 617300"),
    ("at", [5], "08000000 00000000 0500000000000000"),  # the length does not count the padding
    ("at", [], "00000000 00000000"),
    ("(yu)", (1, 2), "01000000 02000000"),
    ("v", Variant("q", 7), "01 7100 00 0700"),
])  # fmt: skip
def test_values_have_the_bytes_of_the_specification(signature: str, value: object, content: str) -> None:
    assert marshalled(signature, [value]) == bytes.fromhex(content)


def test_the_other_byte_order_is_read() -> None:
    assert unmarshalled("us", bytes.fromhex("00000102 00000001 6100"), ">") == [258, "a"]


@pytest.mark.parametrize(("signature", "content"), [
    ("u", "0000"),
    ("s", "ff000000 61"),
    ("s", "01000000 6161"),
    ("s", "01000000 ff00"),
    ("au", "05000000 00000000 00000000"),
    ("as", "ffffff7f"),
    ("v", "02 737300"),
    ("v", "01 2800"),
    ("a", "00000000"),
    ("()", ""),
    ("h", "00000000"),
])  # fmt: skip
def test_bytes_that_are_not_of_their_type_are_refused(signature: str, content: str) -> None:
    with pytest.raises(MalformedError):
        unmarshalled(signature, bytes.fromhex(content))


def test_a_message_is_what_was_packed() -> None:
    sent = Message(CALL, 9, "/a", "b.c", "D", signature="su", body=marshalled("su", ["e", 1]))
    content = packed(sent)
    assert (size_of(content), unpacked(content), unpacked(content).values) == (len(content), sent, ["e", 1])


def test_the_size_of_a_message_is_known_from_its_first_16_bytes() -> None:
    content = packed(Message(CALL, 1, "/a", member="B"))
    assert [size_of(content[:15]), size_of(content[:16])] == [0, len(content)]


@pytest.mark.parametrize("content", [
    b"x" * 16,
    b"l\2\0\1" + LARGEST.to_bytes(4, "little") + b"\1\0\0\0" + b"\0\0\0\0",
])  # fmt: skip
def test_a_message_of_no_byte_order_or_too_many_bytes_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedError):
        size_of(content)
