"""Reading input files: short names for operators, errors instead of tracebacks.

hosts_file   the text of a hosts file
images_lock  digests of images
image_profiles  selections of images by name
secrets      the secrets file
secret_lines  values in its text
age          encrypted files
writing      files replaced as a whole
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compiler import shipped
from compiler.diagnostics import CompileError, reason
from compiler.node import Mapping, Node, expect_mapping
from compiler.source import Source, Span

if TYPE_CHECKING:
    from compiler.node.yaml import Duplicates

LARGEST = 16 << 20  # bytes of one input file


def read(path: Path) -> Source:
    """The file's text under its short name. Raises CompileError if it cannot be read or is not UTF-8."""
    name = short_name(path)
    here = Span(Source(name), 1, 1, 1, 1)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CompileError(f"there is no file `{name}`", hint="check the path") from None
    except OSError as error:
        hint = "pass a file" if isinstance(error, IsADirectoryError) else "check its permissions"
        raise CompileError(f"`{name}` cannot be read: {reason(error)}", here, hint) from None
    if len(content) > LARGEST:
        raise CompileError(f"`{name}` is larger than {LARGEST >> 20} MiB", here)
    try:
        return Source(name, content.decode())
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        place = Span(Source(name), line, column, line, column + 1)
        raise CompileError(f"`{name}` is not UTF-8 text", place, "save it as UTF-8") from None


def document(path: Path, duplicates: Duplicates | None = None) -> Node:
    """The YAML document in a file; duplicates are refused by default. Raises CompileError if it is empty."""
    from compiler.node.yaml import Duplicates, parse  # here: a push reads no YAML

    source = read(path)
    root = parse(source, duplicates or Duplicates.REFUSED)
    if root is None:
        raise CompileError("the file is empty", Span(source, 1, 1, 1, 1), "add content, or do not pass it")
    return root


OnRead = Callable[[str, Path], None]  # called with what is read, and from where


def ignore_read(_what: str, _path: Path) -> None:
    """Do nothing, for callers that do not ask what is read."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Reads the files that evaluation needs: templates, and files that they refer to."""

    on_read: OnRead

    def document(self, path: Path) -> Node:
        self.on_read("template", path)
        return document(path)

    def read(self, path: Path) -> Source:
        self.on_read("file", path)
        return read(path)


def mapping(path: Path, what: str) -> Mapping:
    """The YAML mapping in a file; errors call the file `what`."""
    return expect_mapping(document(path), what)


def short_name(path: Path) -> str:
    """The path to show: relative to the current folder or to the shipped library."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as the operator wrote them
    for base in (Path.cwd(), shipped.folder("templates").parent):
        if absolute.is_relative_to(base):
            return str(absolute.relative_to(base))
    return str(absolute)
