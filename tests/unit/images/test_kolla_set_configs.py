"""The program that puts a container's configuration in place, really run, below a folder in place of /."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from compiler import schemas
from tests.support.imports import imported
from tests.support.set_configs import CONFIG, ME, PACKAGE, PROGRAM, configure, mode_of, module, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / CONFIG).mkdir(parents=True)
    return tmp_path


def copied(source: str, dest: str, **more: Any) -> dict[str, Any]:
    return {"source": f"/{CONFIG}/{source}", "dest": dest, "owner": ME, "perm": "0600"} | more


def run(
    root: Path, *arguments: str, strategy: str | None = "COPY_ALWAYS"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-IB", str(PROGRAM), "--root", str(root), *arguments),
        env={} if strategy is None else {"KOLLA_CONFIG_STRATEGY": strategy},
        capture_output=True,
        text=True,
        check=False,
    )


def start(root: Path, **options: Any) -> None:
    done = run(root, **options)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_a_module_is_python_3_9_and_needs_the_standard_library_alone(path: Path) -> None:
    tree = ast.parse(path.read_bytes(), feature_version=(3, 9))
    assert set(imported(tree)) - sys.stdlib_module_names <= {"yaml"}


def test_the_root_of_a_container_is_a_folder_too() -> None:
    root = module("files").Root("/")
    assert [root.name(path) for path in root.matches("/etc/passw[d]")] == ["/etc/passwd"]


def test_a_file_is_copied_with_its_mode_and_the_command_written_down(root: Path) -> None:
    write(root, f"{CONFIG}/app.conf", "a = 1")
    configure(root, copied("app.conf", "/etc/app/app.conf", perm="0640"))
    start(root)
    assert (root / "etc/app/app.conf").read_text() == "a = 1"
    assert mode_of(root / "etc/app/app.conf") == 0o640
    assert (root / "run_command").read_text() == "/usr/bin/service --flag"
    assert mode_of(root / "run_command") == 0o644


@pytest.mark.parametrize(("perm", "mode"), [("640", 0o640), ("0640", 0o640), ("0o640", 0o640)])
def test_modes_may_be_written_in_three_ways(root: Path, perm: str, mode: int) -> None:
    write(root, f"{CONFIG}/app.conf", "")
    configure(root, copied("app.conf", "/app.conf", perm=perm))
    start(root)
    assert mode_of(root / "app.conf") == mode


def test_a_destination_that_ends_with_a_slash_is_a_folder_to_copy_into(root: Path) -> None:
    write(root, f"{CONFIG}/parts/a.conf", "a")
    write(root, f"{CONFIG}/parts/b.conf", "b")
    configure(root, copied("parts/*.conf", "/etc/app/"))
    start(root)
    assert sorted(path.name for path in (root / "etc/app").iterdir()) == ["a.conf", "b.conf"]


def test_a_directory_replaces_the_one_that_was_there(root: Path) -> None:
    write(root, "/etc/app/old.conf", "old")
    write(root, f"{CONFIG}/app/sub/new.conf", "new")
    configure(root, copied("app", "/etc/app"))
    start(root)
    assert [path.name for path in (root / "etc/app").rglob("*.conf")] == ["new.conf"]
    assert mode_of(root / "etc/app/sub") == 0o700


def test_merging_keeps_what_was_there(root: Path) -> None:
    write(root, "/etc/app/old.conf", "old")
    write(root, f"{CONFIG}/src/etc/app/new.conf", "new", 0o604)
    (root / CONFIG / "src/etc/app/link").symlink_to("new.conf")
    source = {"source": f"/{CONFIG}/src/*", "dest": "/", "merge": True, "preserve_properties": True}
    configure(root, source)
    start(root)
    assert sorted(path.name for path in (root / "etc/app").iterdir()) == ["link", "new.conf", "old.conf"]
    assert mode_of(root / "etc/app/new.conf") == 0o604
    assert (root / "etc/app/link").readlink() == Path("new.conf")


def test_a_missing_source_is_an_error_that_names_it(root: Path) -> None:
    configure(root, copied("app.conf", "/app.conf"))
    done = run(root)
    assert done.returncode == 1
    assert done.stderr == (
        "kolla_set_configs: the source '/var/lib/kolla/config_files/app.conf' of '/app.conf' is missing\n"
    )


def test_a_missing_optional_source_is_none(root: Path) -> None:
    configure(root, copied("app.conf", "/app.conf", optional=True))
    start(root)
    assert not (root / "app.conf").exists()


def test_an_entry_that_goes_gives_the_images_own_file_back(root: Path) -> None:
    write(root, "/etc/app.conf", "the image's", 0o604)
    write(root, f"{CONFIG}/app.conf", "ours")
    configure(root, copied("app.conf", "/etc/app.conf"), copied("app.conf", "/etc/new.conf"))
    start(root)
    assert (root / "etc/app.conf").read_text() == "ours"
    configure(root)
    start(root)
    assert (root / "etc/app.conf").read_text() == "the image's"
    assert mode_of(root / "etc/app.conf") == 0o604
    assert not (root / "etc/new.conf").exists()


def test_a_folder_merged_onto_a_file_replaces_it_until_its_entry_goes(root: Path) -> None:
    write(root, "/etc/app", "the image's")
    write(root, f"{CONFIG}/app/new.conf", "new")
    configure(root, copied("app", "/etc/app", merge=True))
    start(root)
    assert (root / "etc/app/new.conf").read_text() == "new"
    configure(root)
    start(root)
    assert (root / "etc/app").read_text() == "the image's"


def test_a_folder_that_merging_made_stays_while_the_service_has_files_in_it(root: Path) -> None:
    write(root, f"{CONFIG}/app/new.conf", "new")
    configure(root, copied("app", "/srv/empty", merge=True), copied("app", "/srv/used", merge=True))
    start(root)
    write(root, "/srv/used/data", "")
    configure(root)
    start(root)
    assert [str(path.relative_to(root)) for path in (root / "srv").rglob("*")] == [
        "srv/used",
        "srv/used/data",
    ]


@pytest.mark.parametrize(("more", "kept"), [({}, False), ({"merge": True}, True)])
def test_a_link_is_kept_if_merged_and_followed_otherwise(
    root: Path, more: dict[str, Any], kept: bool
) -> None:
    (root / CONFIG / "link").symlink_to(write(root, f"{CONFIG}/app.conf", "a").name)
    source = {"source": f"/{CONFIG}/link", "dest": "/app.conf", "preserve_properties": True}
    configure(root, source | more)
    start(root)
    assert (root / "app.conf").is_symlink() == kept


def test_a_config_yaml_wins(root: Path) -> None:
    configure(root)
    (root / CONFIG / "config.yaml").write_text("command: from yaml\n")
    start(root)
    assert (root / "run_command").read_text() == "from yaml"


def test_directories_and_files_are_made(root: Path) -> None:
    configure(
        root,
        directories=[{"path": "/var/cache/app", "owner": ME, "perm": "0640"}],
        files=[{"path": "/var/log/app.log", "owner": ME, "perm": "0640"}],
    )
    start(root)
    assert mode_of(root / "var/cache/app") == 0o750
    assert mode_of(root / "var/log/app.log") == 0o640


def test_a_link_in_place_of_a_file_to_make_is_an_error(root: Path) -> None:
    write(root, "/etc/passwd", "")
    (root / "app.log").symlink_to("etc/passwd")
    configure(root, files=[{"path": "/app.log", "owner": ME, "perm": "0666"}])
    assert run(root).stderr == "kolla_set_configs: the file '/app.log' is a symbolic link\n"
    assert mode_of(root / "etc/passwd") == 0o644


def test_permissions_may_be_for_a_missing_path(root: Path) -> None:
    entry = {"path": "/missing", "owner": ME, "optional": True}
    configure(root, permissions=[entry, entry | {"path": "/mistyped", "optional": False}])
    done = run(root)
    assert (done.returncode, done.stderr) == (
        0, "kolla_set_configs: permissions: /mistyped does not exist\n"
    )  # fmt: skip


def test_permissions_do_not_follow_a_link(root: Path) -> None:
    write(root, "/etc/secret", "", 0o600)
    (root / "data").mkdir()
    (root / "data/link").symlink_to("../etc/secret")
    (root / "data/folder").symlink_to("../etc")
    entry = {"path": "/data/*", "owner": ME, "perm": "0666", "recurse": True}
    configure(root, permissions=[entry])
    start(root)
    assert mode_of(root / "etc/secret") == 0o600


def test_permissions_reach_everything_below_but_what_is_excluded(root: Path) -> None:
    write(root, "/data/a/one", "", 0o600)
    write(root, "/data/b/two", "", 0o600)
    write(root, "/data/c/three", "", 0o600)
    entry = {"path": "/data", "owner": ME, "perm": "0644", "recurse": True, "exclude": ["/b/", "/three$"]}
    configure(root, permissions=[entry])
    start(root)
    assert [mode_of(root / "data" / name) for name in ("a/one", "b/two", "c/three")] == [0o644, 0o600, 0o600]
    assert mode_of(root / "data/a") == 0o755


def test_copying_once_leaves_a_second_start_alone(root: Path) -> None:
    write(root, f"{CONFIG}/app.conf", "first")
    configure(root, copied("app.conf", "/app.conf"))
    start(root, strategy="COPY_ONCE")
    write(root, f"{CONFIG}/app.conf", "second")
    assert run(root, strategy="COPY_ONCE").returncode == 0
    assert (root / "app.conf").read_text() == "first"
    assert mode_of(root / "configured") == 0o600


@pytest.mark.parametrize("strategy", [None, "COPY_SOMETIMES"])
def test_another_strategy_is_an_error(root: Path, strategy: str | None) -> None:
    configure(root)
    done = run(root, strategy=strategy)
    assert done.returncode == 1
    assert "not COPY_ALWAYS or COPY_ONCE" in done.stderr


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "Expecting property name"),
        ("{}", "missing key 'command'"),
        ('{"command": "x", "config": []}', "unknown key 'config'"),
        ('{"command": "x", "config_files": [{"source": "/a", "ignore": true}]}', "unknown key 'ignore'"),
        ('{"command": "x", "config_files": [{"source": "/a", "dest": "/b"}]}', "missing key 'owner'"),
        ('{"command": "x", "permissions": [{"path": "/var", "owner": "nobody-we-know"}]}', "nobody-we-know"),
        ('{"command": "x", "files": [{"path": "/a*", "owner": "a", "perm": "600"}]}', "'/a*' is a pattern"),
        ('{"command": "x", "files": [{"path": "/a", "owner": "a", "perm": 600}]}', "text in quotes, not 600"),
        ('{"command": "x", "files": [{"path": "/a", "owner": "a", "perm": "rw"}]}', "files[0]: perm 'rw'"),
        ('{"command": "x", "permissions": [{"path": "/", "owner": "a", "exclude": ["("]}]}', "'(' is not"),
        ('{"command": "x", "permissions": {"a": 1}}', "permissions is not a list"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_configuration_is_one_line(root: Path, config: str, said: str) -> None:
    (root / "var").mkdir(exist_ok=True)
    (root / CONFIG / "config.json").write_text(config)
    done = run(root)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_mistake_in_config_yaml_is_one_line(root: Path) -> None:
    (root / CONFIG / "config.yaml").write_text("command: [\n")
    done = run(root)
    assert done.returncode == 1
    assert "config.yaml: while parsing a flow node" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_schema_has_the_keys_of_the_program() -> None:
    kolla = json.loads(schemas.text("role_data"))["$defs"]["kolla"]["properties"]
    made = json.loads(schemas.text("role_data"))["$defs"]["made"]
    lists = module("config").LISTS
    assert kolla.keys() == lists.keys() | {"command", "take_over"}  # the last is for heatsink alone
    for key, cls in lists.items():
        items = kolla[key]["items"]
        if "$ref" in items:
            items = made
        assert items["properties"].keys() == {item.name for item in fields(cls)}
        assert set(items["required"]) == set(cls.required({"preserve_properties": True}))


def test_a_check_of_what_was_just_put_in_place_passes(root: Path) -> None:
    write(root, f"{CONFIG}/app.conf", "a")
    write(root, f"{CONFIG}/dir/sub/file", "b")
    write(root, "/merged/own", "")
    configure(
        root,
        copied("app.conf", "/app.conf", perm="600"),
        copied("dir", "/dir"),
        copied("app.conf", "/dir/sub/more"),
        copied("app.conf", "/twice"),
        copied("dir/sub/file", "/twice"),
        copied("dir", "/merged", merge=True),
        {"source": f"/{CONFIG}/dir", "dest": "/kept", "preserve_properties": True},
        permissions=[{"path": "/app.conf", "owner": ME, "perm": "0644"}],
    )
    start(root)
    assert (run(root, "--check").returncode, run(root, "--check").stderr) == (0, "")


@pytest.mark.parametrize(
    ("path", "text", "mode", "said"),
    [
        ("/app.conf", "changed", 0o600, "other content"),
        ("/app.conf", "a", 0o644, "another owner or mode"),
        ("/dir/extra", "", 0o600, "is not in any source"),
        ("/run_command", "/bin/sh", 0o644, "is not the command"),
    ],
)
def test_a_check_finds_a_difference_and_changes_nothing(
    root: Path, path: str, text: str, mode: int, said: str
) -> None:
    write(root, f"{CONFIG}/app.conf", "a")
    write(root, f"{CONFIG}/dir/file", "b")
    configure(root, copied("app.conf", "/app.conf"), copied("dir", "/dir"))
    start(root)
    changed = write(root, path, text, mode)
    done = run(root, "--check")
    assert done.returncode == 1
    assert said in done.stderr
    assert (changed.read_text(), mode_of(changed)) == (text, mode)


def test_a_check_finds_what_is_missing(root: Path) -> None:
    write(root, f"{CONFIG}/app.conf", "a")
    configure(root, copied("app.conf", "/app.conf"))
    start(root)
    (root / "app.conf").unlink()
    assert "missing" in run(root, "--check").stderr


def test_a_check_finds_that_an_entry_is_gone_until_the_next_start(root: Path) -> None:
    write(root, f"{CONFIG}/app.conf", "a")
    configure(root, copied("app.conf", "/etc/app.conf"))
    start(root)
    configure(root)
    assert run(root, "--check").stderr == (
        "kolla_set_configs: /etc/app.conf was installed by an entry that is gone\n"
    )
    start(root)
    assert run(root, "--check").returncode == 0
