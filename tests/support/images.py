"""Images for tests on nodes, made of the node's own files: nothing is downloaded."""

from __future__ import annotations

from compiler.lab import LabNode

_PROGRAMS = "sh sleep cat env test touch"


def make_image(node: LabNode, image: str, programs: str = "") -> None:
    """An image of a shell, what it calls, and further programs that the node has."""
    each = "command -v $p; ldd $(command -v $p) | grep -o '/[^ ]*'"
    files = f"/bin/sh $(for p in {_PROGRAMS} {programs}; do {each}; done | sort -u)"
    node.run(("sh", "-c", f"tar -ch {files} 2>/dev/null | {node.engine} import - {image}"))
