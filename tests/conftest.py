"""What every test can use: `--lab`, `--update-golden`, and comparing with files of expected output."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, Scheduling

from tests.support.examples import examples, is_quick
from tests.support.golden import Ended
from tests.support.nodes import MOST_WORKERS
from tests.support.operator import contents, heatsink, operator_folder

# Commands start as an operator's do, from bytecode that the start before has left.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

BUILDING = (
    "test_image",
    "test_openstack",
    "test_pages",
    "test_registry_service",
)  # files of tests that build images here

settings.register_profile("heatsink", max_examples=examples(100), deadline=None)
settings.load_profile("heatsink")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("heatsink")
    group.addoption("--lab", action="store_true", help="also run the tests that boot real nodes (as root)")
    group.addoption("--long", action="store_true", help="run the long runs too, and tests on every backend")
    group.addoption("--openstack", action="store_true", help="run the long runs of an OpenStack too")
    group.addoption("--update-golden", action="store_true", help="write expected output instead of comparing")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All cores for all tests together, if each has labs of its own; a part of them runs in one process."""
    together = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    cores = len(os.sched_getaffinity(0))
    most = min(cores, MOST_WORKERS) if config.getoption("--lab") else cores
    return most if together and not config.getoption("--update-golden") else 0


class ByWhatIsShared(LoadFileScheduling):  # type: ignore[misc]
    """Tests of a file share nodes, and those that build images share this machine's podman: an image that one
    of them deletes may be what another one is about to build on."""

    def _split_scope(self, nodeid: str) -> str:
        name = Path(nodeid.partition("::")[0]).name
        return "podman" if name.startswith(BUILDING) else name


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Tests on nodes go to workers by what they share."""
    return ByWhatIsShared(config, log) if config.getoption("--lab") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Quick tests first; the others are skipped, and say why, where they are not wanted or cannot run."""
    items.sort(key=_needs_lab)
    for item in items:
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="takes hours: run `make test-long`"))
        if item.get_closest_marker("openstack") and not config.getoption("--openstack"):
            item.add_marker(pytest.mark.skip(reason="takes hours: run `make test-openstack`"))
        if item.get_closest_marker("slow") and is_quick() and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="takes seconds: run `make test`"))
    if reason := _why_no_lab(config):
        for item in filter(_needs_lab, items):
            item.add_marker(pytest.mark.skip(reason=reason))


def _needs_lab(item: pytest.Item) -> bool:
    return item.get_closest_marker("lab") is not None


def _why_no_lab(config: pytest.Config) -> str | None:
    from compiler.lab.requirements import missing_packages

    if not config.getoption("--lab"):
        return "boots real nodes: run `make test`, or pytest with --lab"
    if os.geteuid() != 0:
        return "boots real nodes: needs root"
    if packages := missing_packages():
        return f"boots real nodes: needs apt-get install {' '.join(packages)}"
    return None


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, Path], None]:
    """`golden(actual, expected)` asserts that two folders hold the same files."""
    update: bool = request.config.getoption("--update-golden")

    def compare(actual: Path, expected: Path) -> None:
        if update:
            shutil.rmtree(expected, ignore_errors=True)
            shutil.copytree(actual, expected, symlinks=True)
        assert _files(actual) == _files(expected)

    return compare


@pytest.fixture
def golden_text(request: pytest.FixtureRequest) -> Callable[[str, Path], None]:
    """`golden_text(actual, expected)` asserts that a file holds a text."""
    update: bool = request.config.getoption("--update-golden")

    def compare(actual: str, expected: Path) -> None:
        if update:
            expected.write_text(actual, encoding="utf-8")
        assert actual == expected.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def run_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], golden_text: Callable[[str, Path], None]
) -> Callable[[Path], Ended]:
    """`run_case(case)` runs its command in a copy of its folder, and asserts that stderr is as expected."""

    def run(case: Path) -> Ended:
        folder = operator_folder(tmp_path, case)
        before = contents(folder)
        code = heatsink(folder, (case / "command").read_text(encoding="utf-8"))
        printed = capsys.readouterr()
        golden_text(printed.err, case / "expected.stderr")
        return Ended(folder, code, printed.out, contents(folder) != before)

    return run


def _files(folder: Path) -> dict[str, str]:
    """Path to content; a symbolic link's is `-> target`."""
    return {
        str(path.relative_to(folder)): _content(path)
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def _content(path: Path) -> str:
    return f"-> {path.readlink()}" if path.is_symlink() else path.read_text(encoding="utf-8")
