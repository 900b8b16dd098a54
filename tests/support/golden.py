"""Cases in tests/golden/, and what the bundle of every host holds, which only one of them keeps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"
SMALLEST = GOLDEN / "compile/smallest-folder"
COMMON = (
    "etc/systemd/system/heatsink.target",
    *(f"etc/systemd/system/heatsink-step{step}.target" for step in range(1, 6)),
    "var/lib/heatsink/hosts",  # empty where no host has an address
)


def cases(kind: str) -> list[Path]:
    """The cases of a kind: folders with a command, in areas or not."""
    return sorted(path.parent for path in (GOLDEN / kind).rglob("command"))


def case_name(case: Path) -> str:
    """A case's area and name."""
    return str(case.relative_to(GOLDEN)).partition("/")[2]


@dataclass(frozen=True)
class Ended:
    """What a case's command leaves."""

    folder: Path
    code: object
    stdout: str
    is_folder_changed: bool


def remove_common(root: Path) -> None:
    """Remove from a host's files what every host has, each of which must be there; one that differs stays."""
    for path in COMMON:
        if (root / path).read_bytes() == (SMALLEST / "expected/hosts/localhost/root" / path).read_bytes():
            (root / path).unlink()
