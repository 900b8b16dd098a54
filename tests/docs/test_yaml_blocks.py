"""The YAML of every page works: `heatsink compile` checks each block against its schema and compiles it.

A block's kind is read from its keys, its file name from the line above it or from the comment it begins with.
A fragment is completed to a service of a small fleet. Pages whose blocks other tests run are named below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import pytest

from compiler.images.image_file import image_settings
from compiler.images.sources.entry import complete
from compiler.node import Mapping, plain
from compiler.node.yaml import parse
from compiler.source import Source
from tests.support.golden import GOLDEN
from tests.support.operator import heatsink

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)```(?:yaml|json)\n(.*?)^ *```$", re.M | re.S)
NAME_ABOVE = re.compile(r"^`([\w./-]+\.yaml)`.*:\n\n\Z", re.M)
NAME_WITHIN = re.compile(r"\A# ([\w./-]+\.ya?ml)\n")

KINDS = {  # a key that only this kind of file has -> the kind
    "heat_template_version": "template",
    "hosts": "hosts",
    "ServicesDefault": "role",
    "parameter_defaults": "environment",
    "resource_registry": "environment",
    "parameter_merge_strategies": "environment",
    "images": "images_lock",
    "profiles": "image_profiles",
    "lists": "images",
    "sources": "image",
    "config_data": "role_data",
    "docker_config": "role_data",
    "host_prep": "role_data",
    "service_config_settings": "role_data",
    "command": "kolla_config",
}
KINDS_BY_NAME = {
    "image.yaml": "image",
    "images.yaml": "images",
    "images/users.yaml": "image_users",
}
OF_IMAGES = {"image", "images", "image_users"}  # what `heatsink images` reads, and no compile
TEMPLATES = {"template", "role_data", "kolla_config"}  # what is compiled as a service's template
TESTED_BY = {  # pages whose blocks another test runs -> the files with these blocks
    "docs/lint.md": sorted((GOLDEN / "lint").glob("*/fires*.yaml")),
    "docs/functions.md": [],  # every named block is a file of tests/docs/test_functions.py
    "docs/tutorial.md": [],  # every named block is a file of tests/docs/test_projects.py
    "docs/openstack.md": [],  # the same
    "docs/own-tree.md": [],  # the same
}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    name: str | None
    text: str

    @property
    def kind(self) -> str:
        root = parse(Source(f"{self.page}:{self.line}", self.text))
        assert isinstance(root, Mapping)
        if self.name in KINDS_BY_NAME:
            return KINDS_BY_NAME[self.name]
        kinds = {kind for key, kind in KINDS.items() if key in root.entries}
        assert len(kinds) < 2, f"{self.page}:{self.line}: {kinds}"
        return kinds.pop() if kinds else "secrets"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        content, before = dedent(match[2]), text[: match.start()]
        name = NAME_WITHIN.search(content) or NAME_ABOVE.search(before)
        yield Block(str(page.relative_to(ROOT)), before.count("\n") + 1, name[1] if name else None, content)


def label(block: Block) -> str:
    return f"{block.page}:{block.line}"


PAGES = {
    str(page.relative_to(ROOT)): list(blocks(page)) for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
}
ALL_BLOCKS = [block for page, found in PAGES.items() if page not in TESTED_BY for block in found]
BLOCKS = [block for block in ALL_BLOCKS if block.kind not in OF_IMAGES]

FLEET = """
hosts:
  - {name: controller0, role: Controller, address: 192.0.2.10}
  - {name: compute0, role: Compute, address: 192.0.2.20}
  - {name: web0, role: Web, address: 192.0.2.40}
"""
DOCS_SERVICE = """
resource_registry: {OS::Docs::Service: TEMPLATE}
parameter_defaults: {WebServices: [OS::Docs::Service]}
"""
AROUND_ROLE_DATA = """
heat_template_version: wallaby
parameters:
  Debug: {type: boolean, default: false}
  Self: {type: json, default: {}}
  ServiceHosts: {type: json, default: {}}
  ServiceNodeIps: {type: json, default: {}}
outputs:
  role_data:
    value:
      service_name: docs
"""
AROUND_KOLLA_CONFIG = "kolla_config:\n  /var/lib/kolla/config_files/docs.json:\n"


def template(block: Block) -> str:
    """A block as a whole service template; what `get_file` names lies beside it."""
    if block.kind == "template":
        return block.text
    if block.kind == "role_data":
        return AROUND_ROLE_DATA + indent(block.text, " " * 6)
    return AROUND_ROLE_DATA + indent(AROUND_KOLLA_CONFIG + indent(block.text, " " * 4), " " * 6)


def place(block: Block) -> str:
    """Where a block lies in an operator's folder."""
    places = {"role": "roles/Controller.yaml", "images_lock": "images.lock.yaml"}
    places |= {"image_profiles": "image-profiles.yaml"}
    return block.name or places.get(block.kind, f"{block.kind}.yaml")


def command(block: Block) -> str:
    """A command that reads the block: a compile, for profiles of images a graph of them."""
    if block.kind != "image_profiles":
        return f"compile --strict --verbose {arguments(block)}"
    root = plain(parse(Source(block.page, block.text)))
    return f"images graph --verbose {' '.join(f'--profile {name}' for name in root['profiles'])}"


def arguments(block: Block) -> str:
    """What makes the compiler read the block: an environment that names it, where it is a template."""
    if block.kind in TEMPLATES:
        users = [
            other.name for other in PAGES[block.page] if other.name and f": {block.name}\n" in other.text
        ]
        return f"-e {users[0] if users else 'service.yaml'}"
    return f"-e {place(block)}" if block.kind == "environment" else ""


def fleet(folder: Path, block: Block) -> str:
    """Write an operator's folder with a block and the named blocks of its page; where the block lies."""
    path = place(block)
    files = {"hosts.yaml": FLEET, "haproxy.cfg.j2": "{{ backends }}\n"}
    files |= {other.name: other.text for other in PAGES[block.page] if other.name}
    files[path] = block.text
    if block.kind in TEMPLATES:
        files |= {path: template(block), "service.yaml": DOCS_SERVICE.replace("TEMPLATE", path)}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o600 if name == "secrets.yaml" else 0o644)
    return path


@pytest.mark.parametrize("block", BLOCKS, ids=label)
def test_a_block_compiles_in_a_fleet_that_reads_it(
    block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fleet(tmp_path, block)
    code = heatsink(tmp_path, command(block))
    printed = capsys.readouterr().err
    assert code == 0, printed
    assert f": {tmp_path / path}\n" in printed


def of_kind(kind: str) -> list[Block]:
    return [block for block in ALL_BLOCKS if block.kind == kind]


@pytest.mark.parametrize("block", [*of_kind("images"), *of_kind("image_users")], ids=label)
def test_an_images_file_is_read_with_the_library_and_an_image_of_ones_own(
    block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images/web").mkdir(parents=True)
    (tmp_path / "images/web/Dockerfile.j2").write_text("FROM scratch\nARG APP_VERSION\n")
    (tmp_path / place(block)).write_text(block.text, encoding="utf-8")
    code = heatsink(tmp_path, "images render base -o contexts")
    assert code == 0, capsys.readouterr().err


@pytest.mark.parametrize("block", of_kind("image"), ids=label)
def test_an_image_file_is_complete(block: Block, tmp_path: Path) -> None:
    (tmp_path / "image.yaml").write_text(block.text, encoding="utf-8")
    assert complete(image_settings(tmp_path).sources.values())


def test_a_block_that_does_not_work_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = Block("README.md", 1, None, "parameter_defaults: {MemcachedMaxConections: 1}\n")
    fleet(tmp_path, block)
    assert heatsink(tmp_path, f"compile --strict {arguments(block)}") == 1
    assert "MemcachedMaxConections" in capsys.readouterr().err


@pytest.mark.parametrize("page", PAGES)
def test_no_block_of_a_page_is_skipped(page: str) -> None:
    assert len(PAGES[page]) == len(re.findall(r"^ *```(?:ya?ml|json)", (ROOT / page).read_text(), re.M))


@pytest.mark.parametrize("page", TESTED_BY)
def test_the_blocks_of_other_pages_are_run_by_their_own_tests(page: str) -> None:
    run = {path.read_text(encoding="utf-8") for path in TESTED_BY[page]}
    assert PAGES[page]
    assert [label(block) for block in PAGES[page] if not block.name and block.text not in run] == []
