"""What is between a node and the others: slow cables."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from compiler.lab import LabNode


@contextmanager
def slow(node: LabNode, kilobits: int) -> Iterator[None]:
    """A node that receives only so many kilobits a second."""
    limit = ("tbf", "rate", f"{kilobits}kbit", "burst", "8kb", "latency", "2s")
    subprocess.run(("tc", "qdisc", "replace", "dev", node.cable, "root", *limit), check=True)
    try:
        yield
    finally:
        subprocess.run(("tc", "qdisc", "del", "dev", node.cable, "root"), check=False)
