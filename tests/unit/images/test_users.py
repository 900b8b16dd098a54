"""Users of images, with fixed numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler.diagnostics import CompileError
from compiler.images.users import ImageUsers, image_users
from compiler.shipped import folder
from tests.support.image_trees import selected, write


def users(folder: Path, *texts: str) -> ImageUsers:
    trees = [folder / f"tree{number}" for number in range(len(texts))]
    for tree, text in zip(trees, texts, strict=True):
        tree.mkdir()
        (tree / "users.yaml").write_text(text)
    return image_users(trees)


def test_a_user_has_defaults(tmp_path: Path) -> None:
    assert users(tmp_path, "users: {web: {uid: 7}}").variables() == {
        "users": {"web": {"uid": 7, "gid": 7, "group": "web", "groups": [], "home": "/var/lib/web"}},
        "groups": {"web": 7},
    }


def test_users_of_all_trees_are_together_by_number(tmp_path: Path) -> None:
    variables = users(
        tmp_path,
        "users: {c: {uid: 3}, a: {uid: 1}}",
        "",
        "{users: {b: {uid: 2, groups: [d]}}, groups: {d: 4}}",
    ).variables()
    assert (list(variables["users"]), variables["groups"]) == (
        ["a", "b", "c"],
        {"a": 1, "b": 2, "c": 3, "d": 4},
    )  # type: ignore[call-overload]


def test_users_may_share_a_group(tmp_path: Path) -> None:
    shared = "users: {a: {uid: 1, gid: 9, group: g}, b: {uid: 2, gid: 9, group: g}}"
    assert users(tmp_path, shared).variables()["groups"] == {"g": 9}


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ("users: {a: {uid: 1}}", "users: {b: {uid: 1, gid: 2}}", "users `b` and `a` have the same number 1"),
        ("users: {a: {uid: 1}}", "users: {a: {uid: 1}}", "duplicate user `a`"),
        ("users: {a: {uid: 1}}", "users: {b: {uid: 2, gid: 1}}", "groups `b` and `a` have the same number 1"),
        ("groups: {g: 1}", "groups: {g: 2}", "group `g` has the numbers 2 and 1"),
        ("groups: {g: 1}", "groups: {h: 1}", "groups `h` and `g` have the same number 1"),
        ("groups: {a: 1}", "users: {a: {uid: 2}}", "group `a` has the numbers 1 and 2"),
    ],
)
def test_names_and_numbers_that_clash_are_errors_with_both_places(
    first: str, second: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(CompileError) as raised:
        users(tmp_path, first, second)
    (clash,) = raised.value.problems
    trees = re.findall(r"/(tree\d)/", f"{clash.span} {clash.hint}")
    assert (clash.message, sorted(trees)) == (problem, ["tree0", "tree1"])


def test_a_new_user_changes_base_and_all_built_on_it(tmp_path: Path) -> None:
    own = write(tmp_path / "own", web="FROM scratch")
    before = selected(folder("images"), own).checked()
    (own / "users.yaml").write_text("users: {frr: {uid: 42601}}")
    after = selected(folder("images"), own).checked()
    same = {name for name in before if before[name].content_hash == after[name].content_hash}
    assert same == {"debian", "web"}


def test_base_creates_every_user_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "users.yaml").write_text("users: {frr: {uid: 42601, groups: [disk]}}\ngroups: {disk: 6}\n")
    dockerfile = selected(folder("images"), tmp_path, patterns=["base"]).checked()["base"].dockerfile
    assert (
        "    useradd --uid 42601 --gid frr --groups kolla,disk \\\n"
        "      --home-dir /var/lib/frr --no-create-home --shell /usr/sbin/nologin frr; \\\n"
    ) in dockerfile
    assert (
        '    getent group disk | grep --quiet --fixed-strings ":6:" || groupadd --gid 6 disk; \\\n'
        in dockerfile
    )


def test_the_numbers_of_the_library_are_system_users_of_the_images() -> None:
    assert all(42400 <= user.uid < 43000 for user in image_users([folder("images")]).users)
