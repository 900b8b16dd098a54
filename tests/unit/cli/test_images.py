"""What the commands of images select and print."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import pytest

from compiler.cli.image_diff import show_rebuilds
from compiler.cli.image_list import image_rows, show_images
from compiler.cli.image_options import ImageOptions
from compiler.cli.image_selection import ImageSelection
from compiler.images.rebuild import rebuilds
from compiler.images.recipe import Recipes
from tests.support.operator import heatsink, operator_folder

DOCKERFILES = {
    "broken": "FROM {{ oops }}",
    "child": 'FROM {{ parent("broken") }}',
    "web": "FROM scratch",
}


def written(folder: Path) -> Path:
    for name, text in DOCKERFILES.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "Dockerfile.j2").write_text(text)
    return folder


def options(folder: Path, base_image: str | None = None) -> ImageOptions:
    written(folder)
    return ImageOptions(folders=(folder,), namespace="heatsink", tag="1", base_image=base_image)


def test_a_list_has_what_is_fine_and_names_what_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = options(tmp_path).recipes([*DOCKERFILES])
    web = recipes.by_name["web"].content_hash
    show_images(image_rows(recipes, {"localhost/heatsink/web:1": web}.get))
    assert capsys.readouterr().out == (
        "image\tbuilt on\thash\tbuilt\n"
        f"web\t\t{web[:12]}\tyes\n"
        "broken\t\t\tbroken\n"
        "child\tbroken\t\tno: `broken` is broken\n"
    )


def test_the_rows_of_broken_images_have_their_errors(tmp_path: Path) -> None:
    rows = image_rows(options(tmp_path).recipes(["child"]), {}.get)
    assert {row["name"]: (row["errors"], row["broken_parent"]) for row in rows} == {
        "broken": (
            [
                {
                    "message": "`oops` is undefined",
                    "file": f"{tmp_path.name}/broken/Dockerfile.j2",
                    "line": 1,
                    "column": 9,
                    "hint": None,
                }
            ],
            None,
        ),
        "child": ([], "broken"),
    }


@pytest.mark.parametrize(
    ("base_image", "patterns", "is_selected"),
    [
        (None, (), True),
        ("registry.example/debian:13", (), False),
        ("registry.example/debian:13", ("debian",), True),
    ],
)
def test_a_root_file_system_that_another_base_replaces_is_selected_by_its_name(
    base_image: str | None, patterns: tuple[str, ...], is_selected: bool, tmp_path: Path
) -> None:
    assert ("debian" in options(tmp_path, base_image).recipes(patterns).by_name) == is_selected


def test_a_difference_has_a_reason_for_each_image_and_the_errors_of_broken_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = options(tmp_path).recipes([*DOCKERFILES])
    show_rebuilds(list(rebuilds(recipes.by_name, {}.get)), recipes, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"]: (row["reasons"], len(row["errors"]), row["broken_parent"]) for row in rows} == {
        "web": (["new"], 0, None),
        "broken": ([], 1, None),
        "child": ([], 0, "broken"),
    }


def test_a_difference_in_a_pipe_is_one_line_for_each_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = options(tmp_path).recipes(["web"])
    show_rebuilds(list(rebuilds(recipes.by_name, {}.get)), recipes, as_json=False)
    assert capsys.readouterr() == (
        "image\twhy it would be built\nweb\tnew\n",
        "1 of 1 image would be built\n",
    )


def graph(folder: Path, arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    code = heatsink(folder, f"images graph {arguments}")
    return code, capsys.readouterr().out


def nodes(dot: str) -> list[str]:
    return re.findall(r'^  "([^"]+)"(?: \[.*\])?;$', dot, re.MULTILINE)


def test_a_graph_for_graphviz_has_children_below_their_parents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert graph(tmp_path, "keystone", capsys) == (
        0,
        "digraph images {\n"
        '  "base";\n'
        '  "debian";\n'
        '  "keystone";\n'
        '  "openstack-base";\n'
        '  "base" -> "openstack-base";\n'
        '  "debian" -> "base";\n'
        '  "openstack-base" -> "keystone";\n'
        "}\n",
    )


def test_a_graph_for_mermaid_has_broken_images_in_red(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "images")
    assert graph(tmp_path, "child web --format mermaid", capsys) == (
        1,
        "flowchart TD\n"
        '  i0["broken"]:::broken\n'
        '  i1["child"]\n'
        '  i2["web"]\n'
        "  i0 --> i1\n"
        "  classDef broken stroke:red\n",
    )


def test_children_are_selected_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, printed = graph(tmp_path, "ovn-base --with-children", capsys)
    assert nodes(printed) == [
        "base",
        "debian",
        "openvswitch-base",
        "ovn-base",
        "ovn-controller",
        "ovn-nb-db-server",
        "ovn-northd",
        "ovn-sb-db-server",
    ]


def test_what_cannot_be_rendered_may_be_a_child_of_any_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = graph(written(tmp_path / "images").parent, "memcached --with-children", capsys)
    assert (code, nodes(printed)) == (
        1,
        ["base", "broken", "child", "debian", "memcached"],
    )


NO_RECIPES = Recipes(by_name={}, parents={}, broken={}, blocked={})
PROFILES = """\
profiles:
  web: {images: [nginx, memcached]}
  fleet: {roles: [Web], environments: [mine.yaml]}
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A role whose hosts run nginx of the library, and an image of others."""
    folder = operator_folder(tmp_path)
    template = folder / "templates/web.yaml"
    step = "step_1:\n          nginx: {image: nginx}"
    template.write_text(template.read_text().replace("step_1:", step))
    (folder / "mine.yaml").write_text("parameter_defaults: {}\n")
    (folder / "image-profiles.yaml").write_text(PROFILES)
    return folder


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--role Web", ["base", "debian", "nginx"]),
        ("--role Web 'ngi*'", ["base", "debian", "nginx"]),
        ("--profile web", ["base", "debian", "memcached", "nginx"]),
        ("--profile web 'mem*'", ["base", "debian", "memcached"]),
        ("--profile web --role Web", ["base", "debian", "nginx"]),
        ("--profile fleet", ["base", "debian", "nginx"]),
        ("--profile fleet --profile web", ["base", "debian", "memcached", "nginx"]),
    ],
)
def test_images_are_selected_by_what_hosts_deploy_and_by_profiles(
    arguments: str, expected: list[str], fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = graph(fleet, arguments, capsys)
    assert (code, nodes(printed)) == (0, expected)


def test_a_deployed_image_that_is_not_of_the_tree_is_listed_as_foreign(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.chdir(fleet):
        selected = ImageOptions(
            folders=(), namespace="heatsink", tag="1", selection=ImageSelection(roles=("Web",))
        ).selected(())
    show_images(image_rows(NO_RECIPES, {}.get, selected.foreign))
    assert capsys.readouterr().out == "image\tbuilt on\thash\tbuilt\nexample/web@sha256:1\t\t\tforeign\n"
