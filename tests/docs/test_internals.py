"""docs/internals.md is about this tree: its paths exist, and its two examples happen as it tells them."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from compiler.diagnostics import Report
from compiler.model.host import EmittedHost
from compiler.model.service import HostData, Part
from compiler.node import Scalar, plain
from compiler.pipeline import Options, Stages, stages
from compiler.stages.load.inputs import Request

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "internals.md").read_text(encoding="utf-8")
FILE = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)


def named_paths() -> list[str]:
    """What the page has in backticks that looks like a path of this tree; `<name>` stands for any name."""
    example = {match[1] for match in FILE.finditer(README)}
    quoted = set(re.findall(r"`([\w./<>-]+)`", PAGE)) - example
    return sorted(
        {path for path in quoted if path.partition("/")[0] in {each.name for each in ROOT.iterdir()}}
    )


def test_every_path_that_the_page_names_exists() -> None:
    paths = named_paths()
    assert len(paths) > 40
    assert [path for path in paths if not list(ROOT.glob(re.sub("<.*?>", "*", path)))] == []


def write_files(text: str, folder: Path) -> None:
    """The files that a page shows, each under the name in its first line."""
    for match in FILE.finditer(text):
        path = folder / match[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {match[1]}\n{match[2]}", encoding="utf-8")


def compiling(folder: Path, request: Request) -> Stages:
    """The stages of a request in a folder."""
    return stages(request, Options(), Report(), lambda what, path: None)


def part(host: HostData, *path: str) -> Part:
    return next(part for _, parts in host.services for part in parts if part.path == path)


def unit(host: EmittedHost, name: str) -> str:
    return next(file.content.decode() for file in host.artifacts.files if file.path.endswith(f"/{name}"))


def test_a_parameter_goes_from_its_environment_to_execstart_as_the_page_says(tmp_path: Path) -> None:
    write_files(README.partition("```console")[0], tmp_path)
    request = Request(roles=("Web",), environments=("hello.yaml",))
    with contextlib.chdir(tmp_path):
        made = compiling(tmp_path, request)
        read = made.inputs.environments[-1].parameter_defaults["HelloPort"]
        merged = made.environment.parameter_defaults["HelloPort"]
        (resolved,) = made.resolved()
        (lowered,) = made.lowered()
        (emitted,) = made.emitted()
    assert isinstance(read, Scalar)
    assert merged is read
    command = plain(part(resolved, "docker_config", "step_4", "hello").node)["command"]
    container = next(each for each in lowered.containers if each.name == "hello")
    text = unit(emitted, "heatsink-hello.service")
    run = re.search(r"@sha256:\w+ (.*)", text)
    assert run is not None
    shown = (
        f"`Scalar` {read.value} at `{read.span.place}:{read.span.column}`",
        f"with `[{', '.join(map(str, command))}]`",
        f"`Container.command` is `{container.command}`",
        f"`Container.sources` ends with `{container.sources[-1]}`",
        f"`ExecStart=` ends with\n   `{run[1]}`",
        f"`{re.findall('X-Source=.*', text)[-1]}`",
    )
    assert [words for words in shown if words not in PAGE] == []


def test_hosts_share_what_the_page_says_they_share(tmp_path: Path) -> None:
    write_files(PAGE, tmp_path)
    with contextlib.chdir(tmp_path):
        first, second = compiling(tmp_path, Request(environments=("pages.yaml",))).resolved()
    rows = re.findall(r"^\| ((?:`[^`]+` ?)+)\| (.*) \| (web0's|evaluated again.*) \|$", PAGE, re.M)
    assert len(rows) == 3
    for cells, _, told in rows:
        path = re.findall("`(.*?)`", cells)
        ours, theirs = part(first, *path), part(second, *path)
        assert (ours is theirs) == (told == "web0's"), path
        assert ours.shared == ("kept for no other host" not in told), path
