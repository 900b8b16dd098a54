"""What holds for the whole tree: form, types, the direction of imports, documents that lead somewhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

import pytest

from compiler.lab.requirements import PACKAGES
from tests.support.imports import imported

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent

HOMES = {
    "click": "cli",
    "cryptography": "deploy",
    "docker": "images",
    "fabric": "deploy",
    "invoke": "deploy",
    "jinja2": "jinja",
    "jsonschema": "schemas",
    "paramiko": "deploy",
    "podman": "images",
    "pyrage": "files",
    "requests": "images",  # both SDKs let its exceptions through
    "rich": "cli",
    "yaml": "node",
    "yaql": "hot",
}


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "format", "--check", "--quiet", "."),
        ("ruff", "check", "--quiet", "."),
        ("mypy", "--no-error-summary"),
        ("lint-imports", "--no-cache"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_tree_passes(command: tuple[str, ...]) -> None:
    tool, *arguments = command
    done = subprocess.run(
        (str(TOOLS / tool), *arguments), cwd=ROOT, check=False, text=True, stdout=-1, stderr=-2
    )
    assert done.returncode == 0, done.stdout


def test_every_library_has_one_home() -> None:
    used = defaultdict(set)
    for path in sorted((ROOT / "compiler").rglob("*.py")):
        for library in set(imported(ast.parse(path.read_bytes()))) - sys.stdlib_module_names - {"compiler"}:
            used[library].add(path.relative_to(ROOT / "compiler").parts[0].removesuffix(".py"))
    assert dict(used) == {library: {home} for library, home in HOMES.items() if library in used}


def test_no_module_imports_itself_through_others() -> None:
    assert circles(import_graph(ROOT / "compiler")) == []


def import_graph(package: Path) -> dict[str, set[str]]:
    """What each module imports of its package, under TYPE_CHECKING and within functions too."""
    paths = {path.relative_to(package.parent).with_suffix(""): path for path in sorted(package.rglob("*.py"))}
    files = {".".join(module.parts).removesuffix(".__init__"): path for module, path in paths.items()}
    return {name: set(used_modules(name, path, files)) - {name} for name, path in files.items()}


def used_modules(module: str, path: Path, known: Container[str]) -> Iterator[str]:
    """`from a import b` uses the module `a.b` if there is one, and else `a`."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in known)
        elif isinstance(node, ast.ImportFrom):
            up = node.level - (path.name == "__init__.py") if node.level else 0
            above = module.split(".")[: -up or None] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names = [f"{base}.{name.name}" for name in node.names]
            yield from (name if name in known else base for name in names if name in known or base in known)


def circles(graph: Mapping[str, set[str]]) -> list[str]:
    """Every circle that a walk along the imports meets, as `a -> b -> a`."""
    met: list[str] = []
    done: set[str] = set()

    def follow(module: str, way: list[str]) -> None:
        if module in way:
            met.append(" -> ".join([*way[way.index(module) :], module]))
        elif module not in done:
            for used in sorted(graph[module]):
                follow(used, [*way, module])
            done.add(module)

    for module in graph:
        follow(module, [])
    return met


def test_help_imports_no_library_that_is_slow_to_import() -> None:
    command = (sys.executable, "-X", "importtime", "-m", "compiler", "--help")
    done = subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert loaded & {"docker", "fabric", "jinja2", "jsonschema", "paramiko", "podman", "rich"} == set()


def test_what_a_push_needs_imports_nothing_that_only_compiling_needs() -> None:
    code = "import sys, compiler.deploy.push, compiler.files.secrets; print(*sys.modules)"
    done = subprocess.run((sys.executable, "-c", code), cwd=ROOT, check=True, text=True, stdout=-1)
    assert {"compiler.schemas", "jinja2", "yaml"} & set(done.stdout.split()) == set()


def modules() -> Iterator[tuple[str, str]]:
    """The path in the package and the text of every module."""
    for path in sorted((ROOT / "compiler").rglob("*.py")):
        yield str(path.relative_to(ROOT / "compiler")), path.read_text(encoding="utf-8")


def definitions(text: str, kind: type[ast.ClassDef] | type[ast.FunctionDef]) -> Iterator[tuple[str, int]]:
    """The name and the number of lines of every class, or of every function."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, kind):
            yield node.name, 1 + (node.end_lineno or 0) - node.lineno


@pytest.mark.parametrize(
    "package",
    sorted(path.parent for path in (ROOT / "compiler").rglob("__init__.py")),
    ids=lambda package: str(package.relative_to(ROOT)),
)
def test_the_map_of_a_package_names_its_modules_and_no_other(package: Path) -> None:
    """A map is lines of the docstring: names and what they are, set apart by two spaces or more."""
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_bytes())) or ""
    cells = [cell for line in text.splitlines() for cell in re.split(" {2,}", line.strip())[:-1:2]]
    rows = [cell for cell in cells if re.fullmatch(r"\w+/?((, | \| )\w+/?)*", cell)]
    files = {path.stem for path in package.glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    assert sorted(re.findall(r"\w+", " ".join(rows))) == sorted(files | folders)


def test_no_class_name_stands_for_two_things() -> None:
    homes = defaultdict(set)
    for module, text in modules():
        for name, _ in definitions(text, ast.ClassDef):
            homes[name].add(module)
    written_and_read = {"model/artifact.py", "host/manifest.py"}  # files, links and units of a manifest
    twice = {name: places for name, places in homes.items() if len(places) > 1}
    assert {name for name, places in twice.items() if places != written_and_read} == set()


def test_no_module_is_long() -> None:
    assert [module for module, text in modules() if len(text.splitlines()) > 300] == []


def test_no_function_is_long() -> None:
    functions = (
        (module, *function) for module, text in modules() for function in definitions(text, ast.FunctionDef)
    )
    assert [function for function in functions if function[2] > 45] == []


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name
)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    files = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in files if not (page.parent / link).exists()] == []


def test_make_installs_what_the_lab_needs() -> None:
    named = re.search(r"^PACKAGES := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert named and {package for _, package in PACKAGES} <= set(named[1].split())
