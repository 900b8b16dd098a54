"""A push of some services leaves the others as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.deploy.events import PlanSummary
from compiler.deploy.outcome import Outcome
from compiler.deploy.push import push
from compiler.model.artifact import Artifacts
from tests.support.bundles import prepared, run_once, service
from tests.support.host_folder import OPTIONS, HostFolder, host_folder


def pushed(host: HostFolder, *services: str, **secrets: str) -> Outcome:
    with host.sessions() as sessions:
        options = dataclasses.replace(OPTIONS, services=services)
        return push(sessions, host.bundles(), secrets, options)[0]


def config(host: HostFolder, name: str) -> str:
    return host.path(f"/var/lib/config-data/{name}/{name}.conf").read_text()


def test_only_the_service_changes_and_the_next_push_does_the_rest(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("two", config="a"), service("gone"))
    host.push()
    host.writes(service("one", config="b"), service("two", config="b"), service("came"))
    outcome = pushed(host, "one")
    assert (outcome.error, outcome.started, outcome.stopped) == (None, ("heatsink-one.service",), ())
    assert (config(host, "one"), config(host, "two"), outcome.generation) == ("b", "a", 2)
    rest = host.push()
    assert rest.started == ("heatsink-came.service", "heatsink-two.service")
    assert rest.stopped == ("heatsink-gone.service",)


def test_a_rollback_returns_to_what_was_before_it(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("two", config="a"))
    host.push()
    host.writes(service("one", config="b"), service("two", config="b"))
    pushed(host, "two")
    assert (host.rollback().error, config(host, "one"), config(host, "two")) == (None, "a", "a")


def test_a_service_that_is_not_wanted_any_more_can_be_removed_alone(host: HostFolder) -> None:
    host.writes(service("one", config="a"), service("two"))
    host.push()
    host.writes(service("one", config="b"))
    assert (pushed(host, "two").stopped, config(host, "one")) == (("heatsink-two.service",), "a")


def test_an_empty_host_gets_the_service_and_what_prepares_the_host(host: HostFolder) -> None:
    host.writes(service("one"), service("two"), prepared("/etc/one.conf", "x"))
    assert pushed(host, "one").started == ("heatsink-one.service",)
    assert host.path("/etc/one.conf").exists()


def test_a_job_that_would_be_skipped_is_refused(host: HostFolder) -> None:
    host.writes(service("one"), run_once("job"))
    error = pushed(host, "one").error
    assert error is not None
    assert error.render() == (
        "error: localhost: `heatsink-job.service` must run once, and would be skipped\n"
        "hint: add `--service job`, or push without `--service`"
    )
    assert not (host.folder / "bin/started").exists()


def test_a_job_that_is_done_is_not_skipped(host: HostFolder) -> None:
    host.writes(service("one", config="a"), run_once("job"))
    host.push()
    host.writes(service("one", config="b"), run_once("job"))
    assert pushed(host, "one").started == ("heatsink-one.service",)


def test_a_value_that_another_service_uses_is_refused(host: HostFolder) -> None:
    secret = "@{heatsink:secret:Password}"
    parts = (service("one", config=secret, sensitive=True), service("two", config=secret, sensitive=True))
    host.writes(*parts)
    host.push(Password="a")
    assert str(pushed(host, "one", Password="b").error) == (
        "localhost: other services use what has changed: `Password`"
    )


def test_a_name_that_is_no_service_is_refused_with_those_that_are(host: HostFolder) -> None:
    host.writes(service("one"))
    error = pushed(host, "onee").error
    assert error is not None
    assert error.render() == ("error: localhost: this host has no service `onee`\nhint: its services: one")


def some_services(versions: Mapping[str, str]) -> Iterator[Artifacts]:
    """Services of which each reads a version of its file; one that is absent has none."""
    yield from (service(name, step=1 + (name == "c"), config=config) for name, config in versions.items())


versions = st.dictionaries(st.sampled_from("abc"), st.sampled_from("123"), min_size=1)


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(before=versions, after=versions, chosen=st.sampled_from("abc"))
def test_services_limit_what_is_carried_out_and_the_rest_is_what_was_planned(
    before: dict[str, str], after: dict[str, str], chosen: str
) -> None:
    """Of what the whole push would do, the limited push does the part of its service, and the next one the
    rest."""
    assume(chosen in before or chosen in after)
    with TemporaryDirectory() as folder:
        host = host_folder(Path(folder))
        host.writes(*some_services(before))
        host.push()
        host.writes(*some_services(after))
        planned = moved(host.dry_run().plan)
        own = {f"heatsink-{chosen}.service"}
        limited, rest = pushed(host, chosen), host.push()
        assert (limited.error, rest.error) == (None, None)
        assert {*limited.started, *limited.stopped} == planned & own
        assert {*rest.started, *rest.stopped} == planned - own


def moved(plan: PlanSummary) -> set[str]:
    return {*plan.starts, *plan.stops}
