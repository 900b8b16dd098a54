"""Files as Heat's client reads them (python-heatclient, common/template_utils.py)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from compiler import files
from compiler.diagnostics import CompileError
from compiler.node import Mapping, Node, plain
from compiler.node.json_text import parse_json
from compiler.node.yaml import Duplicates, Repeated, parse
from compiler.source import Source, Span


@dataclass(frozen=True, slots=True)
class HeatOpening:
    """Opens templates, where the last of equal keys wins, and files for `get_file`."""

    repeated: list[Repeated] | None = None  # collects duplicate keys

    def document(self, path: Path) -> Node:
        source = _stripped(files.read(path))
        root = _parsed(source, self.repeated)
        if root is None:
            raise CompileError(
                "the template is empty", Span(source, 1, 1, 1, 1), "begin it with `heat_template_version`"
            )
        return root

    def read(self, path: Path) -> Source:
        """The text of a file: as base64 if it is not UTF-8, and that of a template as JSON."""
        try:
            content = path.read_bytes()
            text = content.decode()
        except UnicodeDecodeError:
            return Source(files.short_name(path), base64.encodebytes(content).decode())
        except OSError:
            return files.read(path)  # which reports what is wrong
        source = Source(files.short_name(path), text)
        return Source(source.name, _as_json(source)) if "heat_template_version" in text else source


def _parsed(source: Source, repeated: list[Repeated] | None = None) -> Node | None:
    """The document of a template's text: as JSON, if it begins as JSON."""
    if source.text.startswith("{"):
        return parse_json(source, [] if repeated is None else repeated)
    return parse(source, Duplicates.LAST, repeated)


def _stripped(source: Source) -> Source:
    """The text without trailing white space: a block scalar at the end loses its line end."""
    return Source(source.name, source.text.rstrip())


def _as_json(source: Source) -> str:
    try:
        root = _parsed(_stripped(source))
    except CompileError:
        return source.text
    is_template = isinstance(root, Mapping) and "heat_template_version" in root.entries
    return json.dumps(plain(root)) if root is not None and is_template else source.text
