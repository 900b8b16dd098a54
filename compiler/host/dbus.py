"""Values and messages of D-Bus as bytes, by its specification.

https://dbus.freedesktop.org/doc/dbus-specification.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

CALL, ERROR, SIGNAL = 1, 3, 4  # types of messages; 2 is a reply
LARGEST = 1 << 24  # bytes of a message that is read; D-Bus itself allows 128 MiB
_HEADER = "yyyyuua(yv)"
_FIXED = 16  # bytes of a header before its fields: they say how long the message is
_BYTE_ORDERS = {ord("l"): "<", ord("B"): ">"}
# Field of a header → the attribute of Message, and its type.
_FIELDS = {
    1: ("path", "o"),
    2: ("interface", "s"),
    3: ("member", "s"),
    4: ("error", "s"),
    5: ("reply_serial", "u"),
    8: ("signature", "g"),
}
_NUMBERS = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d"}
_LENGTHS = {"s": "u", "o": "u", "g": "y"}  # text → the type of the length before it
_ALIGNMENTS = dict(zip("ybnqiuxtdsogav({", (1, 4, 2, 2, 4, 4, 8, 8, 8, 4, 4, 1, 4, 1, 8, 8)))


class MalformedError(Exception):
    """Bytes that are not what their types say."""


class Variant(NamedTuple):
    """A value that brings its type."""

    signature: str
    value: Any


class Message(NamedTuple):
    """A message whose body is not read yet."""

    type: int
    serial: int
    path: str = ""
    interface: str = ""
    member: str = ""
    error: str = ""
    reply_serial: int = 0
    signature: str = ""
    body: bytes = b""
    byte_order: str = "<"

    @property
    def values(self) -> list[Any]:
        """What is in the body. Raises MalformedError."""
        return unmarshalled(self.signature, self.body, self.byte_order)


def packed(message: Message) -> bytes:
    """A message as it is sent."""
    fields = [
        (number, (kind, value))
        for number, (name, kind) in _FIELDS.items()
        if (value := getattr(message, name))
    ]
    fixed = (ord("l"), message.type, 0, 1, len(message.body), message.serial)
    header = marshalled(_HEADER, (*fixed, fields))
    return header + bytes(-len(header) % 8) + message.body


def size_of(content: bytes | bytearray) -> int:
    """The size of the message that starts with this; 0 if that is not known yet. Raises MalformedError."""
    if len(content) < _FIXED:
        return 0
    _, body_size, _, fields_size = _fixed(content)
    size = _FIXED + fields_size + -fields_size % 8 + body_size
    if size > LARGEST:
        raise MalformedError(f"a message of {size} bytes")
    return size


def unpacked(content: bytes) -> Message:
    """The message in as many bytes as it has. Raises MalformedError."""
    order, body_size, serial, _ = _fixed(content)
    start = len(content) - body_size
    *_, fields = unmarshalled(_HEADER, content[:start], order)
    names = {_FIELDS[number][0]: variant.value for number, variant in fields if number in _FIELDS}
    return Message(content[1], serial, **names, body=content[start:], byte_order=order)


def _fixed(content: bytes | bytearray) -> tuple[str, int, int, int]:
    """What every header has: byte order, size of the body, serial number, size of the fields."""
    order = _BYTE_ORDERS.get(content[0])
    if order is None:
        raise MalformedError(f"a message of byte order {content[0]}")
    return (order, *struct.unpack_from(f"{order}III", content, 4))


def marshalled(signature: str, values: Iterable[Any]) -> bytes:
    """Values of these types as bytes."""
    content = bytearray()
    for kind, value in zip(_types(signature), values):
        _write(content, kind, value)
    return bytes(content)


def _write(content: bytearray, kind: str, value: Any) -> None:
    _align(content, kind)
    if kind in _NUMBERS:
        content += struct.pack(f"<{_NUMBERS[kind]}", value)
    elif kind in _LENGTHS:
        text = value.encode()
        _write(content, _LENGTHS[kind], len(text))
        content += text + b"\0"
    elif kind == "v":
        _write(content, "g", value[0])
        _write(content, *value)
    elif kind[0] == "a":
        _write_array(content, kind[1:], value)
    else:
        for part, item in zip(_types(kind[1:-1]), value):
            _write(content, part, item)


def _write_array(content: bytearray, kind: str, items: Iterable[Any]) -> None:
    start = len(content)
    content += bytes(4)
    _align(content, kind)
    first = len(content)
    for item in items:
        _write(content, kind, item)
    struct.pack_into("<I", content, start, len(content) - first)


def _align(content: bytearray, kind: str) -> None:
    content += bytes(-len(content) % _ALIGNMENTS[kind[0]])


def unmarshalled(signature: str, content: bytes, byte_order: str = "<") -> list[Any]:
    """The values of these types in bytes. Raises MalformedError."""
    reader = _Unmarshalling(content, byte_order)
    try:
        return [reader.read(kind) for kind in _types(signature)]
    except (struct.error, LookupError, ValueError, RecursionError) as error:
        raise MalformedError(str(error)) from None


class _Unmarshalling:
    def __init__(self, content: bytes, byte_order: str) -> None:
        self._content = content
        self._byte_order = byte_order
        self._offset = 0

    def read(self, kind: str) -> Any:
        """The next value, which is of this type."""
        self._align(kind)
        if kind in _LENGTHS:
            return self._text(self._number(_LENGTHS[kind]))
        if kind in _NUMBERS:
            return self._number(kind)
        if kind == "v":
            (inner,) = _types(self.read("g"))
            return Variant(inner, self.read(inner))
        if kind[0] == "a":
            return self._array(kind[1:])
        return tuple([self.read(part) for part in _types(kind[1:-1])])

    def _number(self, kind: str) -> Any:
        (number,) = struct.unpack_from(self._byte_order + _NUMBERS[kind], self._content, self._offset)
        self._offset += _ALIGNMENTS[kind]
        return number

    def _text(self, size: int) -> str:
        end = self._offset + size
        if self._content[end]:
            raise MalformedError("a text that does not end")
        text = self._content[self._offset : end].decode()
        self._offset = end + 1
        return text

    def _array(self, kind: str) -> list[Any]:
        size = self.read("u")
        self._align(kind)
        end = self._offset + size
        items = []
        while self._offset < end:
            items.append(self.read(kind))
        if self._offset > end:
            raise MalformedError("an array that does not end")
        return items

    def _align(self, kind: str) -> None:
        self._offset += -self._offset % _ALIGNMENTS[kind[0]]


@cache
def _types(signature: str) -> tuple[str, ...]:
    """The types in a signature: `s`, `a(sv)`, `u`. Raises MalformedError."""
    if not signature:
        return ()
    end = _end(signature)
    return (signature[:end], *_types(signature[end:]))


def _end(signature: str) -> int:
    """Where its first type ends."""
    if signature.startswith("a"):
        return 1 + _end(signature[1:])
    depth = 0
    for index, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0 and not signature.startswith("()"):
            return index + 1
    raise MalformedError(f"`{signature}` is not a signature")
