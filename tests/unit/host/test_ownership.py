"""What was on a host before a bundle, and bundles that say more than heatsink writes, are refused."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from compiler.deploy.errors import DeployError
from compiler.model.artifact import Artifacts, Link, Unit, UnitKind
from tests.support.bundles import CONFIG, SYSTEM, prepared, run_once, service, stamp_of, taken_over
from tests.support.host_folder import HostFolder, rewrite_manifest

UNIT = f"{SYSTEM}/heatsink-one.service"


def refused(error: DeployError | None) -> str:
    """What an operator is told."""
    assert error is not None
    return error.render()


def everything(folder: Path) -> dict[str, bytes | str]:
    """Path → content or target of every file and link, but for heatsink's own folder."""
    paths = [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    paths = [path for path in paths if "heatsink" not in path.parts]
    return {str(path): str(path.readlink()) if path.is_symlink() else path.read_bytes() for path in paths}


def put(host: HostFolder, path: str, text: str = "theirs") -> Path:
    place = host.path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def test_files_and_units_that_were_there_before_are_named_and_nothing_is_changed(host: HostFolder) -> None:
    put(host, "/etc/app.conf")
    put(host, UNIT)
    host.path(f"{SYSTEM}/heatsink.target").symlink_to("/nowhere")
    before = everything(host.folder / "root")
    host.writes(service("one"), prepared("/etc/app.conf", "ours"))
    assert refused(host.push().error) == (
        "error: localhost: on this host before heatsink, and not to be replaced:\n"
        "  |   `/etc/app.conf`\n"
        f"  |   `{UNIT}`\n"
        f"  |   `{SYSTEM}/heatsink.target`\n"
        "hint: move them away and push again; with `take_over: true` a file is kept, and given back later"
    )
    assert everything(host.folder / "root") == before


def test_a_dry_run_names_them_as_well(host: HostFolder) -> None:
    put(host, "/etc/app.conf")
    host.writes(prepared("/etc/app.conf", "ours"))
    assert "`/etc/app.conf`" in refused(host.dry_run().error)


def test_of_many_files_ten_are_named(host: HostFolder) -> None:
    paths = [f"/etc/app{number:02}.conf" for number in range(13)]
    for path in paths:
        put(host, path)
    host.writes(*(prepared(path, "ours") for path in paths))
    assert refused(host.push().error).count("`/etc/app") == 10
    assert "  |   and 3 more\n" in refused(host.push().error)


def test_the_same_content_is_no_permission(host: HostFolder) -> None:
    put(host, "/etc/app.conf", "ours").chmod(0o644)
    host.writes(prepared("/etc/app.conf", "ours"))
    assert "`/etc/app.conf`" in refused(host.push().error)


def test_what_only_heatsink_can_have_written_is_its_own_although_its_record_is_lost(host: HostFolder) -> None:
    host.writes(service("one"), run_once("two"))
    host.push()
    host.path("/var/lib/heatsink/installed.json").unlink()
    host.writes(service("one"), run_once("two"), prepared("/etc/app.conf", "ours"))
    assert host.push().error is None


@pytest.mark.parametrize(
    "line",
    [
        "f+ /opt/app.conf - - - - ours",
        "w /opt/app.conf - - - - ours",
        "L+ /opt/app.conf - - - - /x",
        "r /opt/app.conf",
        r'f+ "/opt/app.conf" - - - - ours',
    ],
)
def test_a_line_of_tmpfiles_does_not_replace_what_was_there(host: HostFolder, line: str) -> None:
    put(host, "/opt/app.conf")
    host.writes(prepared("/etc/tmpfiles.d/heatsink.conf", f"d /opt\n{line}\n"))
    assert "before heatsink: `/opt/app.conf`" in refused(host.push().error)
    assert not host.path("/etc/tmpfiles.d/heatsink.conf").exists()


@pytest.mark.parametrize(
    "line",
    [
        "f /opt/app.conf - - - - ours",
        "f+ /run/app.conf - - - - ours",
        "w /opt/*.conf - - - - ours",
        "z /opt/app.conf 0600",
    ],
)
def test_a_line_that_replaces_nothing_is_no_obstacle(host: HostFolder, line: str) -> None:
    put(host, "/opt/app.conf")
    put(host, "/run/app.conf")
    host.installs("systemd-tmpfiles", "")
    host.writes(prepared("/etc/tmpfiles.d/heatsink.conf", f"{line}\n"))
    assert host.push().error is None


def test_what_a_line_of_an_earlier_push_wrote_is_no_obstacle(host: HostFolder) -> None:
    host.installs("systemd-tmpfiles", "")
    host.writes(prepared("/etc/tmpfiles.d/heatsink.conf", "f+ /opt/app.conf - - - - one\n"))
    host.push()
    put(host, "/opt/app.conf", "one")
    host.writes(prepared("/etc/tmpfiles.d/heatsink.conf", "f+ /opt/app.conf - - - - two\n"))
    assert host.push().error is None


@pytest.mark.parametrize("take", [prepared, taken_over])
def test_a_folder_in_the_place_of_a_file_is_refused(host: HostFolder, take: object) -> None:
    host.path("/etc/app.conf").mkdir()
    host.writes(taken_over("/etc/app.conf", "") if take is taken_over else prepared("/etc/app.conf", ""))
    assert "`/etc/app.conf`" in refused(host.push().error)


def test_a_file_in_the_place_of_a_folder_is_refused(host: HostFolder) -> None:
    put(host, "/etc/app")
    host.writes(prepared("/etc/app/app.conf", "ours"))
    assert "`/etc/app`, which is not a folder" in refused(host.push().error)


def test_a_rollback_does_not_replace_what_came_in_the_meantime(host: HostFolder) -> None:
    host.writes(service("one"), prepared("/etc/app.conf", "ours"))
    host.push()
    host.writes(service("one"))
    host.push()
    put(host, "/etc/app.conf")
    assert "`/etc/app.conf`" in refused(host.rollback().error)
    assert host.path("/etc/app.conf").read_text() == "theirs"


def test_a_unit_from_elsewhere_is_not_shadowed(host: HostFolder) -> None:
    (host.folder / "bin/from/heatsink-one.service").write_text("/run/systemd/transient/heatsink-one.service")
    host.writes(service("one"))
    assert (
        "`heatsink-one.service`, from `/run/systemd/transient/heatsink-one.service`"
        in refused(host.push().error)
    )  # fmt: skip


def test_an_alias_does_not_shadow_a_unit_of_the_distribution(host: HostFolder) -> None:
    (host.folder / "bin/from/ssh.service").write_text("/usr/lib/systemd/system/ssh.service")
    alias = Artifacts(links=(Link(path=f"{SYSTEM}/ssh.service", target="heatsink-one.service"),))
    host.writes(service("one") + alias)
    assert "`ssh.service`, from `/usr/lib/systemd/system/ssh.service`" in refused(host.push().error)


def test_the_alias_in_a_quadlet_does_not_shadow_a_unit_of_the_distribution(host: HostFolder) -> None:
    (host.folder / "bin/from/ssh.service").write_text("/usr/lib/systemd/system/ssh.service")
    one = service("one")
    host.writes(dataclasses.replace(one, units=(dataclasses.replace(one.units[0], alias="ssh.service"),)))
    assert "`ssh.service`, from `/usr/lib/systemd/system/ssh.service`" in refused(host.push().error)


def test_drop_ins_of_the_operator_are_no_obstacle_and_stay(host: HostFolder) -> None:
    put(host, f"{UNIT}.d/limits.conf", "[Service]\n")
    host.writes(service("one"))
    assert host.push().error is None
    host.writes()
    assert host.push().error is None
    assert host.path(f"{UNIT}.d/limits.conf").read_text() == "[Service]\n"


@pytest.mark.parametrize(("label", "code"), [("", True), ("heatsink-one.service", False)])
def test_a_container_of_this_name_that_no_unit_of_heatsink_runs_is_refused(
    host: HostFolder, label: str, code: bool
) -> None:
    described = [{"Name": "one", "Config": {"Labels": {"PODMAN_SYSTEMD_UNIT": label}}}]
    podman = f"#!/bin/sh\n[ $1 != inspect ] || echo '{json.dumps(described)}'\n"
    (host.folder / "bin/podman").write_text(podman)
    unit = Unit(
        name="heatsink-one.service", kind=UnitKind.SERVICE, container="one", step=1, images=("x",)
    )  # fmt: skip
    host.writes(Artifacts(units=(unit,)))
    assert (host.push().error is not None and "container `one`" in refused(host.push().error)) == code


CHANGED = [
    (UNIT, f"{SYSTEM}/../x", "must not install"),
    (UNIT, f"{SYSTEM}/sshd.service", "belongs to the operating system"),
    (UNIT, "/etc/containers/systemd/web.container", "belongs to the operating system"),
    (UNIT, "/etc/sudoers.d/one", "belongs to the operating system"),
    (UNIT, "/etc/ssh/sshd_config.d/one.conf", "belongs to the operating system"),
    (UNIT, "/var/lib/heatsink/installed.json", "must not install"),
    (UNIT, "/etc/a\\nb", "must not install"),
    ('"root:root"', '"root:shadow"', "must belong to `root:root`, not to `root:shadow`"),
    ('"0644"', '"020666"', "has the mode `020666`"),
    ('"0644"', '"u+s"', "has the mode `u+s`"),
    ('"../heatsink-one.service"', '"/etc/shadow"', "the link"),
    ('"../heatsink-one.service"', '"../../heatsink-one.service"', "the link"),
    ("heatsink-step1.target.wants", "sshd.service.wants", "the link"),
    ('"name": "heatsink-one.service"', '"name": "ssh.service"', "the unit `ssh.service`"),
    ('"name": "heatsink-one.service"', '"name": "heatsink-one.socket"', "the unit `heatsink-one.socket`"),
    ('"service": "one", "step": 1', '"service": "one", "step": 99', "step 99"),
    ('"kind": "service"', '"kind": "socket"', "of kind `socket`"),
    (
        f'"path": "{CONFIG}/one/one.conf"',
        '"path": "/etc/one.conf", "takes_over": ["/etc/shadow"]',
        "take over `/etc/shadow`",
    ),
    (
        f'"path": "{CONFIG}/one/one.conf"',
        '"path": "/etc/one.conf", "takes_over": ["/../x"]',
        "take over `/../x`",
    ),
]


CHANGED += [
    (UNIT, f"{SYSTEM}/heatsink-recovery.service", "must not install"),
    ('"name": "heatsink-one.service"', '"name": "heatsink-revert.service"', "the unit `heatsink-revert.serv"),
    (
        "heatsink-step1.target.wants/heatsink-one.service",
        "heatsink-recovery.service",
        "the link `/etc/systemd/system/heatsink-recovery.service`",
    ),
    (f'"files": ["{UNIT}"', '"files": ["/../../../../../etc/shadow"', "reads `/../../../../../etc/shadow`"),
    ('"images": []', '"images": ["--all-tags"]', "`--all-tags` is not an image"),
    ('"images": []', '"images": ["a b"]', "`a b` is not an image"),
    ('"volumes": []', '"volumes": ["--driver=x"]', "`--driver=x` is not the name of a volume"),
    ('"container": ""', '"container": "../x"', "`../x` is not the name of a volume or container"),
    ('"health": false', '"alias": "heatsink-recovery.service", "health": false', "has the alias `heatsink-"),
    ('"health": false', '"alias": "../x.service", "health": false', "has the alias `../x.service`"),
]


@pytest.mark.parametrize(("old", "new", "message"), CHANGED)
def test_a_manifest_that_says_what_heatsink_does_not_write_is_refused(
    host: HostFolder, old: str, new: str, message: str
) -> None:
    host.writes(service("one", config="x"))
    before = everything(host.folder / "root")
    rewrite_manifest(host.folder / "build", old, new)
    assert message in refused(host.push().error)
    assert everything(host.folder / "root") == before


def test_the_stamp_of_a_run_once_unit_is_in_its_folder(host: HostFolder) -> None:
    host.writes(run_once("one"))
    rewrite_manifest(host.folder / "build", '"stamp": "/var/lib/heatsink/stamps/', '"stamp": "/etc/')
    assert "has the stamp `/etc/" in refused(host.push().error)
    host.writes(run_once("one"))
    rewrite_manifest(host.folder / "build", stamp_of("one"), "/var/lib/heatsink/stamps/..")
    assert "has the stamp `/var/lib/heatsink/stamps/..`" in refused(host.push().error)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_in_the_build_is_not_read(host: HostFolder, kind: str) -> None:
    host.writes(service("one", config="x"))
    place = host.folder / f"build/hosts/localhost/root{CONFIG}/one/one.conf"
    place.rename(place.with_name("moved"))
    make = {
        "link": lambda: place.symlink_to("moved"),
        "pipe": lambda: os.mkfifo(place),
        "folder": place.mkdir,
    }
    make[kind]()
    assert "does not match its digest" in refused(host.push().error)


def test_an_engine_that_does_not_describe_containers_is_named(host: HostFolder) -> None:
    host.installs("podman", "echo oops")
    host.writes(service("one", images=("example/one:1",), container="one"))
    assert "localhost: `podman inspect` answers what is not understood: `oops`\n" in refused(
        host.push().error
    )


def test_a_host_belongs_to_the_project_that_pushed_to_it(host: HostFolder) -> None:
    for name in ("one", "two"):
        host.writes(service(name), project="shop")
        host.push()
    before = everything(host.folder / "root")
    host.writes(service("other"), project="bank")
    assert refused(host.push().error) == (
        "error: localhost: this host belongs to project `shop`, and this is project `bank`\n"
        "hint: check the hosts file; `push-artifacts --take-over shop` replaces what that project has there"
    )
    assert "belongs to project `shop`" in refused(host.rollback().error)
    assert everything(host.folder / "root") == before


def test_a_project_takes_over_from_the_one_it_names(host: HostFolder) -> None:
    host.writes(service("one"), project="shop")
    host.push()
    host.writes(service("two"), project="bank")
    assert "belongs to project `shop`, not to `ship`" in refused(host.push_taking_over("ship").error)
    assert host.push_taking_over("shop").error is None
    assert host.push().error is None
    host.writes(service("one"), project="shop")
    assert "belongs to project `bank`" in refused(host.push().error)


def test_a_rollback_behind_a_take_over_leaves_the_host_with_its_new_project(host: HostFolder) -> None:
    host.writes(service("one"), project="shop")
    host.push()
    host.writes(service("two"), project="bank")
    host.push_taking_over("shop")
    assert host.rollback().error is None
    assert host.push().error is None


def test_what_a_host_has_of_its_former_project_is_not_unchanged_for_that_project(host: HostFolder) -> None:
    host.writes(service("one"), project="shop")
    host.push()
    host.writes(service("two"), project="bank")
    host.push_taking_over("shop")
    host.rollback()
    host.writes(service("one"), project="shop")
    assert "belongs to project `bank`" in refused(host.push().error)
    assert "  needs consent:\n    bank is the project that loses the host\n" in host.says(
        "plan", "--take-over", "bank", code=2
    )
    host.push_taking_over("bank")
    assert host.push().is_unchanged


def test_without_names_all_pushers_are_one_project(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.writes(service("two"))
    assert host.push().error is None


def test_a_project_that_gets_a_name_keeps_its_hosts(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.writes(service("one"), project="shop")
    assert host.push().error is None
    host.writes(service("one"))
    assert "and the hosts file names no project" in refused(host.push().error)
