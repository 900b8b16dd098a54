"""The cost of resolving a TripleO tree, compared with Heat's own classes, and whether the results are equal.

    python benchmarks/heat TREE [-e ENV]... [--rounds 3] [--properties FILE [--services PATTERN]]

TREE is a rendered tree (`heatsink render UPSTREAM -o TREE`); environments are relative to it. Heat is
installed into a venv in the cache folder if necessary. Our time is that of a whole process without cache
files; Heat's is the time to load and resolve, without importing Heat.

With --properties, the services of TREE are evaluated too, each alone, as members of a role: ours in separate
processes, two at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ("openstack-heat==27.0.1", "python-heatclient==5.3.0", "yaql==2.0.0")
REGISTRY = "overcloud-resource-registry-puppet.yaml"


class Cost(NamedTuple):
    """The cost of a process: wall and CPU seconds, and its peak memory in MiB."""

    wall: float
    cpu: float
    memory: float


class Run(NamedTuple):
    """The output and cost of a process; `status` is 0 if it succeeded."""

    status: int
    output: bytes
    error: str
    cost: Cost


class Heat(NamedTuple):
    """The seconds in which Heat loads and resolves, and the cost of the whole process."""

    load: float
    resolve: float
    whole: Cost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path)
    parser.add_argument("-e", dest="environments", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--properties", type=Path)
    parser.add_argument("--services", default="deployment/**/*.yaml", help="pattern of the service templates")
    arguments = parser.parse_args()
    python = installed(cache_folder() / "heat")
    environments = [word for name in (REGISTRY, *arguments.environments) for word in ("-e", name)]
    with tempfile.TemporaryDirectory() as folder:
        equal = compare_tree(python, arguments.tree, environments, arguments.rounds, Path(folder))
        if arguments.properties:
            properties = arguments.properties.absolute()
            names = services(arguments.tree, arguments.services)
            equal &= compare_services(python, arguments.tree, environments, properties, names, Path(folder))
    sys.exit(not equal)


def cache_folder() -> Path:
    """The folder for files that can be created again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heatsink"


def installed(folder: Path) -> Path:
    """A Python with Heat, which is installed if necessary."""
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.is_file() or complete.read_text().split() != [*REQUIREMENTS]:
        venv.create(folder, with_pip=True, clear=True)
        pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run((*pip, *REQUIREMENTS), check=True)
        complete.write_text("\n".join(REQUIREMENTS))
    return python


def compare_tree(python: Path, tree: Path, environments: list[str], rounds: int, folder: Path) -> bool:
    """Print the cost of RoleData on both sides; True if the results are equal."""
    heats, ours = [], []
    for _ in range(rounds):
        heats.append(heat_run(python, tree, ["overcloud.yaml", *environments], folder))
        ours.append(our_run(tree, ["overcloud.yaml", *environments, "--output", "RoleData"]))
    if failed := next((run for run in ours if run.status), None):
        sys.exit(f"heatsink failed:\n{failed.error}")
    theirs = json.loads((folder / "answer").read_text())
    heat_total = statistics.median(heat.load + heat.resolve for heat in heats)
    our_wall, our_cpu, our_memory = medians([run.cost for run in ours])
    whole = medians([heat.whole for heat in heats])
    load = statistics.median(heat.load for heat in heats)
    print(f"RoleData of {tree.name}, medians of {rounds} rounds")
    print(
        f"  heat       load {load:6.2f} s   resolve {heat_total - load:6.2f} s   in all {heat_total:6.2f} s"
    )
    print(f"  heat       process {whole.wall:6.2f} s   CPU {whole.cpu:6.2f} s   {whole.memory:5.0f} MiB")
    print(f"  heatsink   process {our_wall:6.2f} s   CPU {our_cpu:6.2f} s   {our_memory:5.0f} MiB")
    print(f"  heat without its imports / all of heatsink   {heat_total / our_wall:6.1f}")
    print(f"  process / process                            {whole.wall / our_wall:6.1f}")
    equal = all(same(json.loads(run.output), theirs) for run in ours)
    print(f"  {'equal' if equal else 'NOT EQUAL'}")
    return equal


def compare_services(
    python: Path, tree: Path, environments: list[str], properties: Path, names: list[str], folder: Path
) -> bool:
    """Print the costs of services on both sides; True if all results are equal."""
    options = [*environments, "--properties", str(properties)]
    heat_run(python, tree, [*names, *options], folder)
    theirs = json.loads((folder / "answer").read_text())
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(partial(service_run, tree, options), names)
        ours = dict(zip(names, runs, strict=True))
    wrong = [*differing(ours, theirs)]
    costs = [run.cost for run in ours.values()]
    refused = sum("error" in answer for answer in theirs.values())
    print(f"{len(names)} services of {tree.name}, {refused} of which Heat refuses")
    median, largest = medians(costs), Cost(*map(max, zip(*costs, strict=True)))
    print(f"  heatsink   median {median.wall:6.2f} s {median.memory:5.0f} MiB", end="")
    print(f"   largest {largest.wall:6.2f} s {largest.memory:5.0f} MiB")
    print("\n".join(f"  NOT EQUAL {name}" for name in wrong) or "  equal")
    return not wrong


def service_run(tree: Path, options: list[str], name: str) -> Run:
    """Our result for a service template."""
    return our_run(tree, [name, *options, "--output", "role_data"])


def differing(ours: dict[str, Run], theirs: dict[str, Any]) -> Iterator[str]:
    """The services whose results differ."""
    for name, ran in ours.items():
        result = {"error": ran.error} if ran.status else {"role_data": json.loads(ran.output)}
        refused = "error" in result, "error" in theirs[name]
        if not all(refused) and not same(result, theirs[name]):
            yield name


def services(tree: Path, pattern: str) -> list[str]:
    """The templates of a tree with an output `role_data`, by name."""
    paths = sorted(path for path in tree.glob(pattern) if not path.name.endswith(".j2.yaml"))
    return [str(path.relative_to(tree)) for path in paths if "\n  role_data:" in path.read_text()]


def heat_run(python: Path, tree: Path, argv: Sequence[str], folder: Path) -> Heat:
    """Run Heat; its answer is in the folder."""
    script = Path(__file__).with_name("evaluate.py").absolute()
    ran = run([str(python), "-W", "ignore", str(script), str(folder / "answer"), *argv], tree)
    if ran.status:
        sys.exit(f"Heat failed:\n{ran.error}")
    seconds = json.loads(ran.output)
    return Heat(seconds["load"], seconds["resolve"], ran.cost)


def our_run(tree: Path, argv: Sequence[str]) -> Run:
    """Run heatsink with an empty cache folder."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": cache}
        return run([sys.executable, "-m", "compiler", "resolve", *argv], tree, environment)


def run(argv: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> Run:
    """Run a process and measure it."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
        start = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=folder, env=os.environ | (environment or {}), stdout=output, stderr=error
        )
        _, status, used = os.wait4(process.pid, 0)
        cost = Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        error.seek(0)
        return Run(process.returncode, output.read(), error.read().decode(), cost)


def medians(costs: Sequence[Cost]) -> Cost:
    """The median of each value."""
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON; 1 is 1.0, but not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


if __name__ == "__main__":
    main()
