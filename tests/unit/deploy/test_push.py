"""The whole conversation with a host that is a folder: real shell and host program, stand-in systemd."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from compiler.deploy.errors import DeployError
from compiler.deploy.events import Item, PlannedUnit
from compiler.deploy.outcome import DryRun, Outcome
from compiler.deploy.program import program
from compiler.deploy.status import HostStatus
from compiler.diagnostics import HeatsinkError
from compiler.host import layout
from compiler.model.artifact import Artifacts, File
from tests.support.bundles import prepared, run_once, service
from tests.support.host_folder import OPTIONS, HostFolder, rewrite_manifest

CONFIG = "/var/lib/config-data/one/one.conf"


def test_a_push_installs_files_and_links_and_starts_units(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("two", step=2))
    outcome = host.push()
    assert outcome.error is None
    assert (outcome.generation, outcome.started) == (1, ("heatsink-one.service", "heatsink-two.service"))
    assert host.path(CONFIG).read_text() == "a"
    wants = host.path("/etc/systemd/system/heatsink-step1.target.wants/heatsink-one.service")
    assert wants.readlink() == Path("../heatsink-one.service")
    assert host.path("/var/lib/heatsink/current").readlink() == Path("generations/1")


def test_step_0_comes_before_everything_else(host: HostFolder) -> None:
    host.writes(service("one"), service("zero", step=0))
    host.push()
    assert host.started()[:4] == [
        "heatsink-step0.target",
        "heatsink-zero.service",
        "heatsink-step1.target",
        "heatsink-one.service",
    ]


def test_a_second_push_starts_no_python(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.path("/usr/local/lib/heatsink/host").write_text("# what runs this fails\n")
    assert host.push() == Outcome(host="localhost", generation=1)


def test_a_host_with_another_host_program_gets_ours(host: HostFolder) -> None:
    installed = host.path(layout.PROGRAM)
    installed.parent.mkdir(parents=True)
    installed.write_text(f"# {'0' * 64}\nraise SystemExit('the program of an older heatsink')\n")
    host.writes(service("one"))
    assert host.push().error is None
    assert installed.read_bytes() == program()


def test_files_are_written_only_where_they_differ(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("two", config="b"))
    host.push()
    host.writes(service("one", config="a"), service("two", config="c"))
    assert host.push().written == ("/var/lib/config-data/two/two.conf",)


def test_only_a_change_of_units_is_read_by_systemd(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.writes(service("one", config="b"))
    host.push()
    assert host.calls().count("daemon-reload") == 1


def test_a_change_of_one_file_asks_systemd_only_what_it_must(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("two", step=2), service("three", step=3))
    host.push()
    before = len(host.calls())
    host.writes(service("one", config="b"), service("two", step=2), service("three", step=3))
    host.push()
    planning = ["is-active", "is-active", "show"]
    first_step, last_step = ["is-active", "reset-failed", "restart", "show"], ["is-active"]
    settling, disarming = ["is-active", "is-active"], ["stop"]
    assert host.calls()[before:] == [*planning, *first_step, *last_step, *settling, *disarming]


def test_a_dry_run_shows_what_a_push_then_does_and_changes_nothing(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("left"))
    host.push()
    host.writes(service("one", config="b"), service("came"))
    plan = host.dry_run().plan
    assert host.path(CONFIG).read_text() == "a"
    outcome = host.push()
    done = (outcome.written, outcome.removed, outcome.stopped, outcome.started)
    assert (plan.writes, plan.removals, plan.stops, plan.starts) == done
    assert all(done)


def test_a_dry_run_names_what_a_run_once_unit_takes_down_and_says_why(host: HostFolder) -> None:
    def parts(command: str) -> tuple[Artifacts, ...]:
        db, shop = service("db", requires="bootstrap"), service("shop", step=2, requires="db")
        return run_once("bootstrap", command=command), db, shop

    host.writes(*parts("true"), service("other"))
    host.push()
    host.writes(*parts("echo again"), service("other"))
    plan = host.dry_run().plan
    bootstrap, db, shop = (f"heatsink-{name}.service" for name in ("bootstrap", "db", "shop"))
    assert plan.units == (
        PlannedUnit(
            unit=bootstrap,
            step=1,
            action="run",
            why="changed",
            causes=(Item(what="unit", name=f"/etc/systemd/system/{bootstrap}"),),
        ),
        PlannedUnit(unit=db, step=1, action="restart", why="dependency", stops_with=bootstrap),
        PlannedUnit(unit=shop, step=2, action="restart", why="dependency", stops_with=db),
    )
    outcome = host.push()
    assert (outcome.started, outcome.warnings) == (plan.starts, ())
    assert host.status().state == "up"


def test_a_unit_that_went_down_since_the_plan_was_made_is_started_and_reported(host: HostFolder) -> None:
    host.writes(service("one"), service("two", step=2))
    host.push()
    host.writes(service("one", config="new"), service("two", step=2))
    outcome = host.push_while("step 1: starting 1 unit", lambda: host.systemctl("stop", "two"))
    assert outcome.started == ("heatsink-one.service", "heatsink-two.service")
    assert outcome.warnings == ("`heatsink-two.service` went down after the plan was made: started again",)


def test_a_unit_that_came_up_since_the_plan_was_made_starts_with_its_new_files(host: HostFolder) -> None:
    host.writes(service("one", images=("example/one:1",)))
    host.push()
    host.systemctl("stop", "one")
    host.writes(service("one", images=("example/one:2",)))
    outcome = host.push_while("pulling 1 image", lambda: host.systemctl("start", "one"))
    assert outcome.started == ("heatsink-one.service",)
    assert outcome.warnings == (
        "`heatsink-one.service` came up after the plan was made: stopped, to start with its new files",
    )


def test_a_run_once_unit_that_ran_before_its_step_is_not_run_again(host: HostFolder) -> None:
    host.writes(service("one"), run_once("job", step=2))
    outcome = host.push_while("step 1: starting 1 unit", lambda: host.systemctl("start", "job"))
    assert (outcome.error, outcome.started) == (None, ("heatsink-one.service",))
    assert outcome.warnings == ("`heatsink-job.service` came up before its step: not started again",)


def test_a_dry_run_of_what_is_up_names_its_generation(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    assert host.dry_run() == DryRun(host="localhost", generation=1)


def test_what_is_not_wanted_any_more_leaves_no_file_and_no_folder(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.writes()
    outcome = host.push()
    assert outcome.stopped == ("heatsink-one.service",)
    assert not host.path("/var/lib/config-data").exists()
    assert not host.path("/etc/systemd/system/heatsink-step1.target.wants").exists()


def test_a_verifying_push_puts_back_what_was_changed_by_hand_and_restarts_its_readers(
    host: HostFolder,
) -> None:
    host.writes(service("one", config="a"), service("two", config="b"), run_once("three"))
    host.push()
    host.path(CONFIG).write_text("edited")
    assert host.push().is_unchanged
    outcome = host.push(options=replace(OPTIONS, verify=True))
    assert (outcome.written, outcome.started) == ((CONFIG,), ("heatsink-one.service",))
    assert host.path(CONFIG).read_text() == "a"
    assert outcome.generation == 1


def test_a_push_of_what_is_there_makes_no_further_generation(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.systemctl("stop", "one")
    outcome = host.push()
    assert (outcome.generation, outcome.started) == (1, ("heatsink-one.service",))


def test_folders_that_were_there_before_stay(host: HostFolder) -> None:
    host.path("/var/lib/config-data").mkdir()
    host.writes(service("one", config="a"))
    host.push()
    host.writes()
    host.push()
    assert host.path("/var/lib/config-data").is_dir()


def test_secrets_are_put_in_coded_as_the_place_asks(host: HostFolder) -> None:
    text = " ".join(f"@{{heatsink:secret:P{coding}}}" for coding in ("", "|url", "|json", "|url|json"))
    host.writes(service("one", config=text, sensitive=True))
    host.push(P='a/"b')
    assert host.path(CONFIG).read_text() == 'a/"b a%2F%22b a/\\"b a%2F%22b'
    assert host.path(CONFIG).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("coding", ["ini", "env"])
def test_a_secret_that_would_begin_another_line_is_refused_before_anything_is_written(
    host: HostFolder, coding: str
) -> None:
    host.writes(service("one", config=f"a = @{{heatsink:secret:P|{coding}}}\n", sensitive=True))
    outcome = host.push(P="open\nsesame = 1")
    assert "the value of `P` contains a line break" in str(outcome.error)
    assert "sesame" not in str(outcome.error)
    assert not host.path(CONFIG).exists()


def test_another_value_of_a_secret_restarts_its_consumer_alone(host: HostFolder) -> None:
    secret = service("one", config="@{heatsink:secret:P}", sensitive=True)
    host.writes(secret, service("two"))
    host.push(P="before")
    assert host.push(P="after").started == ("heatsink-one.service",)


def test_no_secret_is_in_what_tells_generations_apart(host: HostFolder) -> None:
    host.writes(service("one", config="@{heatsink:secret:P}", sensitive=True))
    host.push(P="open sesame")
    kept = host.path("/var/lib/heatsink")
    assert "open sesame" not in (kept / "state").read_text() + (kept / "installed.json").read_text()
    assert {path.stat().st_mode & 0o777 for path in (kept / "state", kept / "installed.json")} == {0o600}


def test_rollback_restores_and_a_second_one_returns(host: HostFolder) -> None:
    host.writes(service("one", config="old"), service("left"))
    host.push()
    host.writes(service("one", config="new"), service("came"))
    host.push()
    assert host.rollback().generation == 1
    assert host.path(CONFIG).read_text() == "old"
    assert host.rollback().generation == 2
    assert host.path(CONFIG).read_text() == "new"


def test_rollback_after_a_push_changes_nothing_that_a_push_of_the_old_would_not_find(
    host: HostFolder,
) -> None:
    host.writes(service("one", config="old"))
    host.push()
    host.writes(service("one", config="new"))
    host.push()
    host.rollback()
    host.writes(service("one", config="old"))
    assert host.push().is_unchanged


def test_rollback_brings_back_the_secrets_of_then(host: HostFolder) -> None:
    host.writes(service("one", config="@{heatsink:secret:P}", sensitive=True))
    host.push(P="before")
    host.push(P="after")
    host.rollback()
    assert host.path(CONFIG).read_text() == "before"


def test_rollback_to_what_is_not_kept_names_what_is(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    with pytest.raises(HeatsinkError) as raised:
        host.rollback(to=7)
    assert raised.value.render() == (
        "error: localhost: there is no generation `7` on this host\n"
        "hint: kept there: 1 (without a name)\n"
        "\n"
        "error: no host was changed"
    )


def test_the_last_five_generations_are_kept(host: HostFolder) -> None:
    for number in range(7):
        host.writes(service("one", config=str(number)))
        host.push()
    kept = {path.name for path in host.path("/var/lib/heatsink/generations").iterdir()}
    assert kept == {str(number) for number in range(3, 8)}


def test_content_that_an_older_generation_has_does_not_travel(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.writes(service("one", config="b"))
    host.push()
    generations = host.path("/var/lib/heatsink/generations")
    unit = "root/etc/systemd/system/heatsink-one.service"
    assert (generations / "1" / unit).samefile(generations / "2" / unit)


def test_a_kept_file_that_was_tampered_with_is_sent_again(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    (host.path("/var/lib/heatsink/generations/1/root") / CONFIG.lstrip("/")).write_text("tampered")
    host.writes(service("one", config="a"), service("two"))
    host.push()
    assert host.path(CONFIG).read_text() == "a"


def test_the_names_of_the_fleet_are_a_block_in_etc_hosts(host: HostFolder) -> None:
    host.path("/etc/hosts").write_text("127.0.0.1 localhost")
    host.writes(prepared("/var/lib/heatsink/hosts", "192.0.2.1 node1\n"))
    host.push()
    block = "# BEGIN heatsink\n192.0.2.1 node1\n# END heatsink\n"
    assert host.path("/etc/hosts").read_text() == f"127.0.0.1 localhost\n{block}"
    host.writes()
    host.push()
    assert host.path("/etc/hosts").read_text() == "127.0.0.1 localhost\n"


def test_a_changed_bundle_on_disk_is_not_pushed(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    (host.folder / "build/hosts/localhost/root" / CONFIG.lstrip("/")).write_text("b")
    error = host.push().error
    assert isinstance(error, DeployError)
    assert "does not match its digest" in str(error)


@pytest.mark.parametrize(
    "path", ["/etc/../root/x", "/root/x", "/etc//x", "/var/lib/heatsink/state", "/etc/hosts", "relative"]
)
def test_a_path_where_no_artifact_belongs_is_refused(host: HostFolder, path: str) -> None:
    host.writes(Artifacts(files=(File(path="/etc/placeholder", content=b"x"),)))
    rewrite_manifest(host.folder / "build", '"/etc/placeholder"', f'"{path}"')
    error = host.push().error
    assert error is not None
    assert str(error) == f"localhost: a bundle must not install `{path}`"


def test_status_names_what_is_not_up(host: HostFolder) -> None:
    host.writes(service("one"), service("two"))
    host.push()
    (host.folder / "bin/active/heatsink-two.service").unlink()
    found = host.status()
    assert (found.generation, found.state) == (1, "down")
    assert [(unit.service, unit.up, unit.state) for unit in found.units] == [
        ("one", True, "active"),
        ("two", False, "inactive"),
    ]


def test_status_of_a_host_without_a_push_is_not_up(host: HostFolder) -> None:
    found = host.status()
    assert found == HostStatus(host="localhost", at=found.at)
    assert found.state == "empty"


QUADLET = prepared("/etc/containers/systemd/heatsink/heatsink-one.container", "[Container]\nImage=one:1\n")
TOO_OLD = """error: localhost: podman 4.3.1 is too old for the backend `quadlet`, which needs podman 4.6
hint: write `backend: podman` for the host in the hosts file and compile again, or update podman"""


def test_a_podman_that_would_ignore_quadlet_files_is_refused_before_anything_changes(
    host: HostFolder,
) -> None:
    host.has_podman("4.3.1")
    host.writes(QUADLET)
    error = host.push().error
    assert error is not None
    assert (error.render(), list(host.path("/etc").iterdir())) == (TOO_OLD, [])


@pytest.mark.parametrize("version", ["4.6.0", "4.10.1-rhel", "5.4.2"])
def test_a_podman_that_knows_quadlet_files_is_taken(host: HostFolder, version: str) -> None:
    host.has_podman(version)
    host.writes(QUADLET)
    assert host.push().error is None


def test_a_removal_leaves_nothing_of_heatsink(host: HostFolder) -> None:
    host.writes(service("one", config="a"), run_once("once"))
    host.push()
    outcome = host.remove()
    assert outcome.error is None, outcome.error.render()
    left = [path for path in host.path("/").rglob("*") if "heatsink" in str(path.relative_to(host.path("/")))]
    assert (left, host.status().generation) == ([], 0)


def test_a_host_from_which_everything_was_removed_can_be_pushed_to(host: HostFolder) -> None:
    host.writes(service("one"))
    host.push()
    host.remove()
    outcome = host.push()
    assert (outcome.generation, outcome.started) == (1, ("heatsink-one.service",))


REFUSES_EVERY_OTHER = """
cd "${0%/*}"
echo >>asked
[ $(($(wc -l <asked) % 2)) = 0 ] || { echo 'Failed to %s' >&2; exit 1; }
exec ./real "$@"
"""


@pytest.mark.parametrize(
    "failure",
    ["connect to system scope bus: refused", "retrieve unit state: Transport endpoint is not connected"],
)
def test_a_systemd_that_is_out_of_reach_for_a_moment_is_waited_for(host: HostFolder, failure: str) -> None:
    (host.folder / "bin/systemctl").rename(host.folder / "bin/real")
    host.installs("systemctl", REFUSES_EVERY_OTHER.replace("%s", failure))
    host.writes(service("one"), service("two", step=2))
    outcome = host.push()
    assert outcome.error is None
    assert {"heatsink-one.service", "heatsink-two.service"} <= set(host.started())


SALT, DIGEST = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    "line",
    [
        f"{SALT} {DIGEST} none",
        f"{SALT} {DIGEST} 1234567890",
        f"{SALT} {DIGEST[1:]} 1",
        f"{SALT} {DIGEST[1:]}- 1",
        f"{SALT[1:]} {DIGEST} 1",
        f"{SALT[1:]}/ {DIGEST} 1",
        '{"format": 1, "units": 3}',
        "* * *",
        "",
    ],
)
def test_a_summary_that_is_not_heatsinks_is_as_if_it_were_missing(host: HostFolder, line: str) -> None:
    host.writes(service("one"))
    host.push()
    host.path(layout.SUMMARY).write_text(f"{line}\n--help *\n/\n")
    outcome = host.push()
    assert (outcome.error, outcome.generation) == (None, 1)
