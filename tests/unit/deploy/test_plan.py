"""What a host says of its plan: causes, what may be shown of files, and what tells whether it has moved."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pytest

from compiler.deploy.differences import differences
from compiler.deploy.events import Item, PlannedUnit, PlanSummary
from compiler.deploy.outcome import DryRun
from compiler.deploy.push import dry_run, push
from compiler.diagnostics import HeatsinkError
from compiler.model.artifact import Artifacts
from tests.support.bundles import prepared, run_once, service
from tests.support.host_folder import OPTIONS, HostFolder

CONFIG = "/var/lib/config-data/one/one.conf"
UNIT = "/etc/systemd/system/heatsink-one.service"
JOB = "heatsink-job.service"
SECRET = "@{heatsink:secret:Password}"


def planned(host: HostFolder, **secrets: str) -> PlanSummary:
    """The plan of a push, with the texts of files."""
    with host.sessions() as sessions:
        options = dataclasses.replace(OPTIONS, diff=True)
        return dry_run(sessions, host.bundles(), secrets, options)[0].plan


def after(host: HostFolder, old: Artifacts, new: Artifacts, password: str = "a") -> PlannedUnit:
    """What is planned for a unit that was pushed with the password `a`."""
    host.writes(old)
    assert host.push(Password="a").error is None
    host.writes(new)
    (unit,) = planned(host, Password=password).units
    return unit


def edited(artifacts: Artifacts, edit: Callable[[bytes], bytes]) -> Artifacts:
    """A service with another text of its unit."""
    unit, *others = artifacts.files
    return dataclasses.replace(
        artifacts, files=(dataclasses.replace(unit, content=edit(unit.content)), *others)
    )


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (service("one", config="a"), service("one", config="b"), Item(what="file", name=CONFIG)),
        (service("one", config="a"), service("one"), Item(what="file", name=CONFIG)),
        (service("one"), service("one", command="sleep 1234"), Item(what="unit", name=UNIT)),
        (service("one", images=("x:1",)), service("one", images=("x:2",)), Item(what="image", name="x:2")),
    ],
    ids=["another file", "a file less", "another unit file", "another image"],
)
def test_what_differs_is_the_cause(host: HostFolder, old: Artifacts, new: Artifacts, cause: Item) -> None:
    unit = after(host, old, new)
    assert (unit.why, unit.causes) == ("changed", (cause,))


def test_another_value_of_a_secret_is_the_cause(host: HostFolder) -> None:
    one = service("one", config=SECRET, sensitive=True)
    assert after(host, one, one, password="b").causes == (Item(what="secret", name="Password"),)


def test_the_cause_is_what_differs_from_when_the_unit_last_came_up(host: HostFolder) -> None:
    """Not from the generation of a push that failed before it."""
    one, bad = service("one", step=2, config="a"), run_once("bad")
    host.writes(one, bad)
    host.push()
    host.writes(service("one", step=2, config="b"), service("bad", images=("missing",)))
    failing = '#!/bin/sh\n[ "$1" != pull ] && [ "$1" != image ]\n'
    (host.folder / "bin/podman").write_text(failing)
    assert host.push().error is not None
    host.writes(service("one", step=2, config="b"), bad)
    assert planned(host).units[-1].causes == (Item(what="file", name=CONFIG),)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace(b"[Service]", b"# by a newer heatsink\n\n[Service]"),
        lambda text: text.replace(b"Type=exec\n", b"").replace(b"Restart=no", b"Restart=no\nType=exec"),
        lambda text: text.replace(b"sleep infinity", b"sleep \\\n  infinity"),
        lambda text: text.replace(b"[Unit]", b"[Unit]\nDescription=one (one, step 1)"),
    ],
    ids=["comment", "order", "folded", "description"],
)
def test_a_unit_in_other_words_is_in_the_plan_with_that_reason(
    host: HostFolder, edit: Callable[[bytes], bytes]
) -> None:
    one = service("one")
    unit = after(host, one, edited(one, edit))
    assert (unit.action, unit.why) == ("restart", "respelled")


def test_the_order_of_entries_with_the_same_key_is_more_than_words(host: HostFolder) -> None:
    one = edited(service("one"), lambda text: text + b"Alias=a.service\nAlias=b.service\n")
    other = edited(service("one"), lambda text: text + b"Alias=b.service\nAlias=a.service\n")
    assert after(host, one, other).why == "changed"


def test_the_sources_are_those_of_the_unit_and_of_what_differs(host: HostFolder) -> None:
    def one(header: str, text: str) -> Artifacts:
        config = f"# Managed by heatsink, from {header}\n{text}\n"
        return edited(
            service("one", config=config),
            lambda unit: unit.replace(b"[Unit]", b"[Unit]\nX-Source=one.yaml: OneImage"),
        )

    unit = after(host, one("one.yaml", "a"), one("one.yaml, site.yaml", "b"))
    assert unit.sources == ("one.yaml: OneImage", "one.yaml, site.yaml")


def test_a_job_that_goes_down_with_another_unit_is_in_the_plan(host: HostFolder) -> None:
    host.writes(service("one", config="a"), run_once("job", requires="one"))
    host.push()
    host.writes(service("one", config="b"), run_once("job", requires="one"))
    plan = planned(host)
    assert (plan.stops, plan.untouched) == (("heatsink-job.service",), ())


def test_what_a_rollback_does_not_undo_is_named(host: HostFolder) -> None:
    host.writes(prepared("/etc/tmpfiles.d/heatsink.conf", "d /run/x\n"), run_once("job"))
    assert planned(host).irreversible == (
        Item(what="runs", name="heatsink-job.service"),
        Item(what="applies", name="/etc/tmpfiles.d/heatsink.conf"),
    )


def test_a_service_that_leaves_needs_consent_and_a_job_does_not(host: HostFolder) -> None:
    host.writes(service("one"), service("two"), run_once("job", step=0))
    host.push()
    host.writes(service("one"))
    plan = planned(host)
    assert plan.consents == (Item(what="removes", name="heatsink-two.service"),)
    assert JOB in plan.stops


def test_a_job_that_leaves_is_forgotten_and_runs_again_when_it_returns(host: HostFolder) -> None:
    host.writes(service("one"), run_once("job"))
    host.push()
    host.writes(service("one"))
    assert planned(host).irreversible == (Item(what="forgets", name=JOB),)
    host.push()
    assert host.rollback().started == (JOB,)


def test_a_host_of_another_project_needs_consent(host: HostFolder) -> None:
    host.writes(service("one"))
    options = [dataclasses.replace(OPTIONS, project=name) for name in ("shop", "bank")]
    with host.sessions() as sessions:
        push(sessions, host.bundles(), {}, options[0])
    host.writes(service("one", config="bank"))
    with host.sessions() as sessions:
        taking = dataclasses.replace(options[1], taken_over="shop")
        (result,) = dry_run(sessions, host.bundles(), {}, taking)
    assert result.plan.consents == (Item(what="takes", name="shop"),)


def test_without_consent_nothing_is_changed(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.writes(service("one", config="b"))

    def refuse(dry_runs: Sequence[DryRun]) -> None:
        assert [dry_run.plan.starts for dry_run in dry_runs] == [("heatsink-one.service",)]
        raise HeatsinkError("no")

    with host.sessions() as sessions, pytest.raises(HeatsinkError):
        push(sessions, host.bundles(), {}, OPTIONS, refuse)
    assert host.path(CONFIG).read_text() == "a"
    assert host.started().count("heatsink-one.service") == 1


def test_without_consent_no_image_is_pulled(host: HostFolder) -> None:
    host.installs("podman", 'echo "$1" >>"${0%/*}/podman-calls"\n[ "$1" != image ]')
    host.writes(service("one", images=("example/one:1",)))
    with host.sessions() as sessions, pytest.raises(HeatsinkError):
        push(sessions, host.bundles(), {}, OPTIONS, refuse_all)
    assert "pull" not in (host.folder / "bin/podman-calls").read_text().split()
    host.push()
    assert "pull" in (host.folder / "bin/podman-calls").read_text().split()


def refuse_all(dry_runs: Sequence[DryRun]) -> None:
    raise HeatsinkError(f"no host of {len(dry_runs)} is changed")


def test_changed_lines_are_shown(host: HostFolder) -> None:
    host.writes(service("one", config="a\nb\x1b[31m\n"))
    host.push()
    host.writes(service("one", config="a\nc\x07\n"))
    (bundle,) = host.bundles().values()
    diff = f"--- {CONFIG} now\n+++ {CONFIG} wanted\n@@ -1,2 +1,2 @@\n a\n-b\n+c\\x07\n"
    assert differences(bundle, planned(host)) == {CONFIG: diff}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (service("one", config="key", sensitive=True), service("one", config="b")),
        (service("one", config="b"), service("one", config="key", sensitive=True)),
        (service("one", config="a" * (65 << 10)), service("one", config="b")),
    ],
    ids=["was sensitive", "will be sensitive", "large"],
)
def test_no_text_leaves_the_host_that_may_not_be_shown(
    host: HostFolder, old: Artifacts, new: Artifacts
) -> None:
    host.writes(old)
    host.push()
    host.writes(new)
    plan = planned(host)
    assert (plan.writes, plan.texts) == ((CONFIG,), {})


def test_a_secret_that_somebody_wrote_into_a_file_is_masked(host: HostFolder) -> None:
    host.writes(service("one", config=SECRET, sensitive=True), service("two", config="a"))
    host.push(Password="hush-hush")
    path = host.path("/var/lib/config-data/two/two.conf")
    path.write_text("a hush-hush")
    host.writes(service("one", config=SECRET, sensitive=True), service("two", config="b"))
    assert list(planned(host, Password="hush-hush").texts.values()) == ["a ********"]


def test_a_plan_is_the_same_until_the_host_moves(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("two"))
    host.push()
    host.writes(service("one", config="b"), service("two"))
    first, second = planned(host).digest, planned(host).digest
    host.systemctl("stop", "two")
    assert (first == second, second == planned(host).digest) == (True, False)


def test_secrets_that_are_made_for_each_plan_do_not_change_it(host: HostFolder) -> None:
    host.writes(service("one", config=SECRET, sensitive=True))
    options = dataclasses.replace(OPTIONS, made=("Password",))

    def digest(value: str, *, made: bool) -> str:
        with host.sessions() as sessions:
            secrets = {"Password": value}
            return dry_run(sessions, host.bundles(), secrets, options if made else OPTIONS)[0].plan.digest

    assert digest("a", made=True) == digest("b", made=True)
    assert digest("a", made=False) != digest("b", made=False)
