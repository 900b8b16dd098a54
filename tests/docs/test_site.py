"""The docs site: it has every page, its links and anchors lead somewhere, nothing is loaded from outside."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("zensical", reason="needs the extra `docs`: pip install '.[docs]'")

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
LOADED = {"audio", "embed", "iframe", "img", "link", "object", "script", "source", "video"}


def copy(folder: Path) -> Path:
    """What the site is built from."""
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return folder


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site as `make docs` does."""
    command = (str(Path(sys.executable).with_name("zensical")), "build", "--clean", "--strict")
    return subprocess.run(command, cwd=folder, check=False, text=True, stdout=-1, stderr=-2)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy(tmp_path_factory.mktemp("site"))
    done = build(folder)
    assert done.returncode == 0, done.stdout
    return folder / "site"


class Loaded(HTMLParser):
    """The addresses that a page loads while it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in LOADED:
            self.addresses += [value for name, value in attrs if name in ("src", "href", "data") and value]


def loaded(page: Path) -> list[str]:
    parser = Loaded()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.addresses


def outside(addresses: list[str]) -> list[str]:
    return [address for address in addresses if re.match(r"\s*(\w+:)?//", address)]


def test_every_page_is_in_the_navigation() -> None:
    navigation = re.findall(r"[\w-]+\.md$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(navigation) == [page.name for page in PAGES]


def test_every_page_is_built(site: Path) -> None:
    names = {"index" if page.stem == "README" else page.stem for page in PAGES}
    assert names <= {page.stem for page in site.glob("*.html")}


def test_pages_load_nothing_from_outside(site: Path) -> None:
    addresses = {page.name: loaded(page) for page in site.rglob("*.html")}
    assert all(addresses.values())
    assert {name: found for name, every in addresses.items() if (found := outside(every))} == {}


def test_styles_load_nothing_from_outside(site: Path) -> None:
    styles = {path.name: path.read_text(encoding="utf-8") for path in site.rglob("*.css")}
    addresses = re.compile(r"""(?:url\(|@import)\s*["']?([^"')]+)""")
    assert styles
    assert {name: found for name, text in styles.items() if (found := outside(addresses.findall(text)))} == {}


def test_links_that_lead_nowhere_fail_the_build(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    links = "[page](nowhere.md) [anchor](formats.md#nowhere) [anchor here](#nowhere)"
    (folder / "docs" / "benchmarks.md").write_text(f"# Benchmarks\n\n{links}\n", encoding="utf-8")
    done = build(folder)
    assert done.returncode != 0
    assert "3 issues found" in done.stdout
