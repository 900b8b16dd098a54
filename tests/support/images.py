"""Images for tests on nodes, made of the node's own files: nothing is downloaded."""

from __future__ import annotations

import base64

from compiler.lab import LabNode

_PROGRAMS = "sh sleep cat env test touch"


def make_image(node: LabNode, image: str, programs: str = "") -> None:
    """An image of a shell, what it calls, and further programs that the node has."""
    node.run(("sh", "-c", f"tar -ch {_files(programs)} 2>/dev/null | {node.engine} import - {image}"))


def layer_of(node: LabNode) -> bytes:
    """The only layer of such an image, compressed."""
    return base64.b64decode(node.run(("sh", "-c", f"tar -czh {_files('')} 2>/dev/null | base64 -w0")))


def _files(programs: str) -> str:
    each = "command -v $p; ldd $(command -v $p) | grep -o '/[^ ]*'"
    return f"/bin/sh $(for p in {_PROGRAMS} {programs}; do {each}; done | sort -u)"
