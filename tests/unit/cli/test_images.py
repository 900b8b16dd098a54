"""What the commands of images select and print."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.cli.image_list import image_rows, show_images
from compiler.cli.image_options import ImageOptions

DOCKERFILES = {
    "broken": "FROM {{ oops }}",
    "child": 'FROM {{ parent("broken") }}',
    "web": "FROM scratch",
}


def options(folder: Path, base_image: str | None = None) -> ImageOptions:
    for name, text in DOCKERFILES.items():
        (folder / name).mkdir()
        (folder / name / "Dockerfile.j2").write_text(text)
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
