"""The cost of `heatsink --help`, compared with an empty click group.

python benchmarks/startup.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EMPTY = "import click\n@click.group()\ndef cli(): pass\ncli(['--help'])\n"


def main() -> None:
    empty = least_cpu([sys.executable, "-c", EMPTY])
    ours = least_cpu([sys.executable, "-m", "compiler", "--help"])
    print(f"empty click group  {empty * 1000:6.1f} ms CPU   1.00")
    print(f"heatsink --help    {ours * 1000:6.1f} ms CPU   {ours / empty:.2f}")


def least_cpu(argv: list[str], rounds: int = 30) -> float:
    """The least CPU seconds of several runs of a process."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    times = []
    for _ in range(rounds):
        process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL)
        _, _, used = os.wait4(process.pid, 0)
        times.append(used.ru_utime + used.ru_stime)
    return min(times)


if __name__ == "__main__":
    main()
