"""Patches that builds apply in images."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from compiler.images.config import images_config
from compiler.shipped import folder
from tests.support.image_trees import selected, write

APPLIES = (
    '{% from "macros.j2" import apply_patches %}\nFROM scratch\n{{ apply_patches(image_name, patches) }}'
)
PATCH = "--- a/login.py\n+++ b/login.py\n@@ -1 +1 @@\n-broken\n+fixed\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An image with a patch, and the macros of the library."""
    tree = write(tmp_path / "images", web=APPLIES)
    (tree / "macros.j2").write_text((folder("images") / "macros.j2").read_text())
    (tree / "web/image.yaml").write_text("patches: [{file: fix.patch, directory: /opt}]\n")
    (tree / "web/fix.patch").write_text(PATCH)
    return tree


def built(tree: Path, root: Path) -> subprocess.CompletedProcess[str]:
    """What the image's RUN does, in a folder in place of the image."""
    (root / "app").mkdir(parents=True)
    (root / "app/login.py").write_text("broken\n")
    file = tree / "web/image.yaml"
    file.write_text(file.read_text().replace("/opt", f"{root}/app"))
    recipe = selected(tree).checked()["web"]
    for patch in recipe.context:
        target = root / "etc/kolla" / Path(patch.path).parent / "web" / Path(patch.path).name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(patch.content)
    script = recipe.dockerfile.partition("RUN ")[2].replace("/etc/kolla", f"{root}/etc/kolla")
    return subprocess.run(("sh", "-c", script), capture_output=True, text=True, check=False)


def test_a_patch_changes_the_files_of_the_image(tree: Path, tmp_path: Path) -> None:
    built(tree, tmp_path / "root")
    assert (tmp_path / "root/app/login.py").read_text() == "fixed\n"


def test_an_image_names_the_patches_that_it_has(tree: Path, tmp_path: Path) -> None:
    built(tree, tmp_path / "root")
    sha256 = hashlib.sha256(PATCH.encode()).hexdigest()
    assert (tmp_path / "root/etc/kolla/patched").read_text() == f"{sha256}  web/fix.patch\n"


def test_a_patch_that_does_not_apply_fails_the_build(tree: Path, tmp_path: Path) -> None:
    (tree / "web/fix.patch").write_text(PATCH.replace("broken", "other"))
    assert built(tree, tmp_path / "root").returncode == 1


def test_patches_of_an_operator_follow_those_of_the_image(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "site.patch").write_text(PATCH)
    (tmp_path / "images.yaml").write_text("images: {web: {patches: [{file: site.patch, directory: /opt}]}}")
    recipe = selected(tree, config=images_config([tmp_path / "images.yaml"])).checked()["web"]
    assert [file.path for file in recipe.context] == ["patches/fix.patch", "patches/site.patch"]
    assert recipe.dockerfile.index("fix.patch") < recipe.dockerfile.index("site.patch")


def test_a_changed_patch_changes_the_hash(tree: Path) -> None:
    before = selected(tree).checked()["web"].content_hash
    (tree / "web/fix.patch").write_text(PATCH.replace("fixed", "better"))
    assert selected(tree).checked()["web"].content_hash != before


def test_every_shipped_image_that_has_patch_applies_patches() -> None:
    texts = {path.parent.name: path.read_text() for path in folder("images").rglob("Dockerfile.j2")}
    assert {name for name, text in texts.items() if "apply_patches(image_name, patches)" not in text} == {
        "debian"
    }
