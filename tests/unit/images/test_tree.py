"""Images as they are found, ordered and hashed."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import CompileError, HeatsinkError
from compiler.images.recipe import ImageRecipe, Naming, RenderSettings, recipes
from compiler.images.tree import chosen, discover, with_parents
from compiler.shipped import folder

NAMING = Naming(tag="1")


def write(root: Path, **dockerfiles: str) -> Path:
    for name, text in dockerfiles.items():
        path = root / name.replace("__", "/") / "Dockerfile.j2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def recipes_of(*folders: Path, base_image: str | None = None) -> dict[str, ImageRecipe]:
    settings = RenderSettings(
        naming=NAMING, version="1", base_image=base_image, search=tuple(reversed(folders))
    )
    return recipes(discover(folders), settings)


def problem(*folders: Path) -> str:
    with pytest.raises(CompileError) as raised:
        recipes_of(*folders)
    return raised.value.render()


def test_an_image_is_named_as_its_folder_however_deep(tmp_path: Path) -> None:
    write(tmp_path, base="FROM scratch", openstack__nova__api="FROM scratch")
    assert list(discover([tmp_path])) == ["api", "base"]


def test_an_image_of_a_later_folder_wins(tmp_path: Path) -> None:
    shipped = write(tmp_path / "shipped", base="FROM shipped", web="FROM shipped")
    own = write(tmp_path / "own", web="FROM own")
    assert recipes_of(shipped, own)["web"].dockerfile == "FROM own"


def test_two_images_of_one_name_in_one_folder_are_an_error(tmp_path: Path) -> None:
    tree = write(tmp_path / "images", a__web="FROM scratch", b__web="FROM scratch")
    assert problem(tree) == (
        "error: duplicate image `web`\n"
        " --> images/b/web/Dockerfile.j2:1:6\n"
        "  |\n"
        "1 | FROM scratch\n"
        "  |      ^^^^^^^\n"
        "hint: the other one is images/a/web/Dockerfile.j2; rename one of the folders"
    )  # fmt: skip


def test_parents_come_first(tmp_path: Path) -> None:
    write(tmp_path, a='FROM {{ parent("b") }}', b='FROM {{ parent("c") }}', c="FROM scratch")
    assert {name: recipe.parents for name, recipe in recipes_of(tmp_path).items()} == {
        "c": (), "b": ("c",), "a": ("b",),
    }  # fmt: skip
    assert list(recipes_of(tmp_path)) == ["c", "b", "a"]


def test_every_stage_and_every_copied_image_is_a_parent(tmp_path: Path) -> None:
    dockerfile = (
        "FROM --platform=linux/amd64 {{ namespace }}/tools:{{ tag }} AS builder\n"
        'FROM {{ parent("base") }}\n'
        "COPY --from=builder /a /a\n"
        'COPY --chmod=0755 --from={{ parent("files") }} /b /b\n'
    )
    write(tmp_path, web=dockerfile, base="FROM scratch", tools="FROM scratch", files="FROM scratch")
    assert recipes_of(tmp_path)["web"].parents == ("base", "files", "tools")


def test_an_unknown_parent_is_shown_with_its_likely_name(tmp_path: Path) -> None:
    tree = write(tmp_path / "images", base="FROM scratch", web='# web\nFROM {{ parent("bsae") }}\n')
    assert problem(tree) == (
        "error: unknown parent image `bsae`\n"
        " --> images/web/Dockerfile.j2:2:1\n"
        "  |\n"
        '2 | FROM {{ parent("bsae") }}\n'
        "  | ^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "hint: did you mean `base`?"
    )  # fmt: skip


def test_a_parent_of_our_namespace_must_be_in_the_tree(tmp_path: Path) -> None:
    tree = write(tmp_path, web="FROM {{ namespace }}/bsae:{{ tag }}")
    assert "unknown parent image `localhost/heatsink/bsae:1`" in problem(tree)


def test_a_circle_is_shown_whole(tmp_path: Path) -> None:
    tree = write(
        tmp_path / "images",
        a='FROM {{ parent("b") }}',
        b='FROM {{ parent("c") }}',
        c='FROM {{ parent("a") }}',
    )
    text = problem(tree)
    assert "circular image parents: a -> b -> c -> a" in text or (
        "b -> c -> a -> b" in text or "c -> a -> b -> c" in text
    )


def test_a_dockerfile_without_from_is_an_error(tmp_path: Path) -> None:
    assert "the Dockerfile of `web` has no FROM" in problem(write(tmp_path, web="RUN true"))


def test_mistakes_in_several_dockerfiles_are_shown_together(tmp_path: Path) -> None:
    text = problem(write(tmp_path, a="FROM {{ one }}", b="FROM {{ two }}"))
    assert "`one` is undefined" in text
    assert "`two` is undefined" in text


def test_patterns_choose_images_and_bring_their_parents() -> None:
    parents = {"base": [], "openstack-base": ["base"], "nova-api": ["openstack-base"], "web": ["base"]}
    assert with_parents(chosen(parents, ["nova-*"]), parents) == ["base", "nova-api", "openstack-base"]


def test_a_pattern_without_a_match_is_an_error() -> None:
    with pytest.raises(HeatsinkError) as raised:
        chosen(["memcached"], ["memcachd"])
    assert raised.value.render() == "error: no image matches `memcachd`\nhint: did you mean `memcached`?"


def hashes(tree: Path) -> dict[str, str]:
    return {name: recipe.content_hash for name, recipe in recipes_of(tree).items()}


def test_a_changed_file_changes_the_hash_of_its_image_and_of_all_built_on_it(tmp_path: Path) -> None:
    write(tmp_path, base="FROM scratch", middle='FROM {{ parent("base") }}', other="FROM scratch")
    (tmp_path / "base/file").write_text("one")
    before = hashes(tmp_path)
    (tmp_path / "base/file").write_text("two")
    after = hashes(tmp_path)
    assert {name for name in before if before[name] != after[name]} == {"base", "middle"}


def test_times_and_permissions_of_others_do_not_change_the_hash(tmp_path: Path) -> None:
    write(tmp_path, base="FROM scratch")
    (tmp_path / "base/file").write_text("one")
    before = hashes(tmp_path)
    (tmp_path / "base/file").chmod(0o600)
    (tmp_path / "base/file").touch()
    assert hashes(tmp_path) == before


def test_images_below_an_image_are_no_part_of_its_context(tmp_path: Path) -> None:
    write(tmp_path, nova="FROM scratch", nova__api="FROM scratch")
    (tmp_path / "nova/own").touch()
    (tmp_path / "nova/api/other").touch()
    assert [file.path for file in recipes_of(tmp_path)["nova"].context] == ["own"]


def test_all_shipped_images_stand_on_a_base_made_here() -> None:
    shipped = recipes_of(folder("images"))
    roots = [name for name, recipe in shipped.items() if not recipe.parents]
    assert roots == ["debian"]
    assert shipped["base"].parents == ("debian",)


def test_another_base_leaves_debians_root_file_system_out() -> None:
    shipped = recipes_of(folder("images"), base_image="registry.example/debian:13")
    assert shipped["base"].parents == ()
    assert "FROM registry.example/debian:13\n" in shipped["base"].dockerfile


def test_a_script_with_windows_line_ends_is_refused(tmp_path: Path) -> None:
    write(tmp_path, web="FROM scratch")
    (tmp_path / "web/run.sh").write_bytes(b"#!/bin/sh\r\necho hello\r\n")
    with pytest.raises(HeatsinkError) as raised:
        recipes_of(tmp_path)
    assert raised.value.render() == (
        f"error: `{tmp_path}/web/run.sh` is a script with Windows line ends\n"
        "hint: save the file with Unix line ends, as `dos2unix` does"
    )


def test_a_dockerfile_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "web/Dockerfile.j2").mkdir(parents=True)
    with pytest.raises(HeatsinkError) as raised:
        discover([tmp_path])
    assert str(raised.value) == f"`{tmp_path}/web/Dockerfile.j2` cannot be read: is a directory"
