"""Images as they are found, ordered and hashed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from compiler.diagnostics import CompileError, HeatsinkError
from compiler.images.recipe import ContextFile, ImageRecipe
from compiler.images.tree import chosen, discover, paths_below
from compiler.jinja.reading import blocks
from compiler.shipped import folder
from tests.support.image_trees import selected, write


def recipes_of(*folders: Path, base_image: str | None = None) -> Mapping[str, ImageRecipe]:
    return selected(*folders, base_image=base_image).checked()


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


def test_two_images_of_one_name_leave_the_others_as_they_are(tmp_path: Path) -> None:
    tree = write(
        tmp_path, a__web="FROM scratch", b__web="FROM scratch", c='FROM {{ parent("web") }}', d="FROM scratch"
    )
    recipes = selected(tree)
    assert (list(recipes.by_name), list(recipes.broken), recipes.blocked) == (["d"], ["web"], {"c": "web"})


def test_an_image_of_a_later_folder_replaces_two_of_its_name(tmp_path: Path) -> None:
    shipped = write(tmp_path / "shipped", a__web="FROM scratch", b__web="FROM scratch")
    own = write(tmp_path / "own", web="FROM own")
    assert recipes_of(shipped, own)["web"].dockerfile == "FROM own"


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


@pytest.mark.parametrize(
    ("line", "parents"),
    [
        ("RUN --mount=type=bind,from={{ parent('tools') }},target=/t /t/run", ("tools",)),
        ("RUN --network=none \\\n  --mount=from={{ parent('tools') }},target=/t /t/run", ("tools",)),
        ("RUN --mount=type=cache,target=/c --mount=target=/t,from={{ parent('tools') }} true", ("tools",)),
        ("COPY \\\n --from={{ parent('tools') }} /a /a", ("tools",)),
        ("RUN echo x--mount=from={{ parent('tools') }}", ()),
        ("RUN --mount=type=bind,source=from={{ parent('tools') }} true", ()),
        ("# COPY --from={{ parent('tools') }} /a /a", ()),
    ],
)
def test_an_image_that_a_step_mounts_or_copies_from_is_a_parent(
    line: str, parents: tuple[str, ...], tmp_path: Path
) -> None:
    write(tmp_path, web=f"FROM scratch\n{line}\n", tools="FROM scratch")
    assert recipes_of(tmp_path)["web"].parents == parents


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


def test_a_circle_is_shown_with_all_its_places(tmp_path: Path) -> None:
    tree = write(
        tmp_path / "images",
        b='FROM {{ parent("c") }}',
        c="FROM scratch\nCOPY --from={{ namespace }}/a:{{ tag }} / /",
        a='FROM {{ parent("b") }}',
    )
    assert problem(tree) == (
        "error: circular image parents: a -> b -> c -> a\n"
        " --> images/a/Dockerfile.j2:1:9\n"
        "  |\n"
        '1 | FROM {{ parent("b") }}\n'
        "  |         ^^^^^^^^^^^\n"
        "hint: the other parents of the circle are at images/b/Dockerfile.j2:1:9, images/c/Dockerfile.j2:2:29"
    )


def test_an_image_built_on_itself_is_a_circle(tmp_path: Path) -> None:
    assert "circular image parents: web -> web" in problem(write(tmp_path, web='FROM {{ parent("web") }}'))


def test_every_circle_is_shown_once(tmp_path: Path) -> None:
    circles = {name: f'FROM {{{{ parent("{parent}") }}}}' for name, parent in ("ab", "ba", "cd", "dc", "ed")}
    assert problem(write(tmp_path, **circles)).count("error:") == 2


def test_only_what_is_wanted_and_what_it_is_built_on_is_rendered(tmp_path: Path) -> None:
    write(tmp_path, web='FROM {{ parent("base") }}', base="FROM scratch", broken="FROM {{ oops }}")
    assert list(selected(tmp_path, patterns=["web"]).checked()) == ["base", "web"]


def test_a_broken_dockerfile_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="FROM scratch",
        web='FROM {{ parent("base") }}',
        broken="FROM {{ oops }}",
        child='FROM {{ parent("broken") }}',
        grandchild='FROM {{ parent("child") }}\nCOPY --from={{ parent("base") }} / /',
        circle='FROM {{ parent("circle") }}',
        around='FROM {{ parent("circle") }}',
    )
    tree = selected(tmp_path)
    assert (list(tree.by_name), sorted(tree.broken), tree.blocked) == (
        ["base", "web"],
        ["broken", "circle"],
        {"around": "circle", "child": "broken", "grandchild": "broken"},
    )


def test_a_dockerfile_that_is_not_text_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, web="FROM scratch", other="")
    (tmp_path / "other/Dockerfile.j2").write_bytes(b"\xff")
    tree = selected(tmp_path)
    assert (list(tree.by_name), str(tree.error())) == (
        ["web"],
        f"`{tmp_path}/other/Dockerfile.j2` is not UTF-8 text",
    )


def test_a_file_of_the_context_that_is_refused_breaks_only_its_image(tmp_path: Path) -> None:
    write(tmp_path, web="FROM scratch", other="FROM scratch", child='FROM {{ parent("other") }}')
    (tmp_path / "other/mmdebstrap").write_bytes(b"--variant=\xff\n")
    tree = selected(tmp_path)
    assert (list(tree.by_name), list(tree.broken), tree.blocked) == (["web"], ["other"], {"child": "other"})


def test_a_dockerfile_without_from_is_an_error(tmp_path: Path) -> None:
    assert "the Dockerfile of `web` has no FROM" in problem(write(tmp_path, web="RUN true"))


def test_mistakes_in_several_dockerfiles_are_shown_together(tmp_path: Path) -> None:
    text = problem(write(tmp_path, a="FROM {{ one }}", b="FROM {{ two }}"))
    assert "`one` is undefined" in text
    assert "`two` is undefined" in text


def test_patterns_choose_images_and_bring_their_parents(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{"openstack-base": 'FROM {{ parent("base") }}', "nova-api": 'FROM {{ parent("openstack-base") }}'},
        base="FROM scratch",
        web='FROM {{ parent("base") }}',
    )
    assert list(selected(tmp_path, patterns=["nova-*"]).checked()) == ["base", "openstack-base", "nova-api"]


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


def test_bytecode_of_python_is_no_part_of_a_context(tmp_path: Path) -> None:
    write(tmp_path, nova="FROM scratch")
    for path in ("program.py", "__pycache__/program.cpython-311.pyc", "lib/__pycache__/a.pyc"):
        (tmp_path / "nova" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "nova" / path).touch()
    assert [file.path for file in recipes_of(tmp_path)["nova"].context] == ["program.py"]


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


@pytest.mark.parametrize(
    ("name", "reason"), [("gone", "no such file or directory"), ("folder", "is a directory")]
)
def test_a_file_of_the_context_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    file = ContextFile(path="file", origin=tmp_path / name)
    with pytest.raises(HeatsinkError, match=f"`{tmp_path}/{name}` cannot be read: {reason}"):
        assert file.content


def test_a_folder_of_the_context_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(HeatsinkError, match=f"`{tmp_path}/gone` cannot be read: no such file or directory"):
        list(paths_below(tmp_path / "gone"))


def test_a_dockerfile_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "web/Dockerfile.j2").mkdir(parents=True)
    assert problem(tmp_path) == f"error: `{tmp_path}/web/Dockerfile.j2` cannot be read: is a directory"


def overridden(folder: Path, dockerfile: str, *overrides: str) -> str:
    write(folder, web=dockerfile)
    return selected(folder, overrides=overrides).checked()["web"].dockerfile


def test_an_override_fills_the_block_of_its_image(tmp_path: Path) -> None:
    hooked = (
        "FROM scratch\n{% block web_header %}{% endblock %}\n{% block web_footer %}{% endblock %}\nUSER web\n"
    )
    override = (
        "{% block web_footer %}\nRUN own\n{% endblock %}\n{% block db_footer %}\nRUN other\n{% endblock %}\n"
    )
    assert overridden(tmp_path, hooked, override) == "FROM scratch\nRUN own\nUSER web\n"


def test_overrides_form_a_chain_in_which_the_later_wins(tmp_path: Path) -> None:
    hooked = "{% block a %}{% endblock %}\n{% block b %}RUN b{% endblock %}\n{% block c %}{% endblock %}"
    first = "{% block a %}RUN a1\n{% endblock %}{% block b %}{{ super() }}1{% endblock %}"
    second = "{% block b %}{{ super() }}2{% endblock %}{% block c %}RUN c{% endblock %}"
    assert (
        overridden(tmp_path, f"FROM scratch\n{hooked}", first, second) == "FROM scratch\nRUN a1\nRUN b12RUN c"
    )


def test_an_override_that_is_passed_twice_does_not_extend_itself(tmp_path: Path) -> None:
    hooked = "FROM scratch\n{% block a %}RUN true{% endblock %}"
    override = "{% block a %}{{ super() }} 1{% endblock %}"
    assert overridden(tmp_path, hooked, override, override) == "FROM scratch\nRUN true 1 1"


def test_an_override_knows_the_variables_and_macros_of_dockerfiles(tmp_path: Path) -> None:
    (tmp_path / "macros.j2").write_text("{% macro run(name) %}RUN {{ name }}{% endmacro %}")
    hooked = "FROM scratch\n{% block a %}{% endblock %}"
    override = '{% from "macros.j2" import run %}{% block a %}{{ run("v" ~ version) }}{% endblock %}'
    assert overridden(tmp_path, hooked, override) == "FROM scratch\nRUN v1"


def test_an_override_can_add_a_parent(tmp_path: Path) -> None:
    write(tmp_path, web="FROM scratch\n{% block a %}{% endblock %}", files="FROM scratch")
    override = '{% block a %}COPY --from={{ parent("files") }} / /{% endblock %}'
    tree = selected(tmp_path, patterns=["web"], overrides=[override])
    assert tree.parents == {"files": (), "web": ("files",)}


def test_an_override_changes_the_hash_of_the_images_that_it_fills_and_of_no_other(tmp_path: Path) -> None:
    write(tmp_path, web="FROM scratch\n{% block web_footer %}{% endblock %}", db="FROM scratch")
    before = selected(tmp_path).by_name
    after = selected(tmp_path, overrides=["{% block web_footer %}RUN own{% endblock %}"]).by_name
    assert [name for name in before if before[name].content_hash != after[name].content_hash] == ["web"]


SHIPPED = discover([folder("images")])
LEAVES = SHIPPED.keys() - {
    parent for recipe in recipes_of(folder("images")).values() for parent in recipe.parents
}


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_shipped_image_has_the_hooks_of_kolla(name: str) -> None:
    hook = name.replace("-", "_")
    wanted = {"labels", f"{hook}_header", f"{hook}_footer", *(["footer"] if name in LEAVES else [])}
    assert wanted <= blocks(SHIPPED[name].source)


def test_the_base_has_the_hooks_of_kolla_for_debian() -> None:
    assert blocks(SHIPPED["base"].source) == {
        "labels",
        "base_header",
        "base_ubuntu_package_sources_list",
        "base_debian_after_sources_list",
        "base_ubuntu_package_apt_preferences",
        "base_ubuntu_package_installation",
        "base_lang",
        "base_pip_conf",
        "base_footer",
    }


def test_hooks_that_are_not_filled_leave_no_trace(tmp_path: Path) -> None:
    hooked = (
        "FROM scratch\n{% block web_header %}{% endblock %}\nRUN true\n{% block web_footer %}{% endblock %}\n"
    )
    assert overridden(tmp_path, hooked) == "FROM scratch\nRUN true\n"
