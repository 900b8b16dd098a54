"""Sessions with many hosts: those that are much slower than the others."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions
from tests.support.scripted import GREETING, ScriptedChannel


@dataclass
class StuckHost:
    """A host that greets and then takes nothing until its connection is closed."""

    closed: threading.Event = field(default_factory=threading.Event)

    def open(self) -> StuckChannel:
        return StuckChannel(iter((GREETING,)), iter(()), closed=self.closed)


@dataclass(kw_only=True)
class StuckChannel(ScriptedChannel):
    closed: threading.Event

    def send(self, content: bytes) -> None:
        assert self.closed.wait(20)

    def close(self) -> None:
        self.closed.set()


@dataclass
class QuickHost:
    """A host that takes everything."""

    def open(self) -> ScriptedChannel:
        return ScriptedChannel(iter((GREETING,)), iter(()))


def staged(*hosts: StuckHost | QuickHost, patience: float = 0.2) -> tuple[list[str], dict[str, str]]:
    """The hosts that take a payload, and what is said of the others."""

    def stage(session: Session) -> None:
        session.greet()
        session.send({}, b"files")

    named = {f"host{number}": host for number, host in enumerate(hosts)}
    with Sessions(named, parallel=4, on_progress=lambda host, text: None) as sessions:
        done = sessions.map_without_slow(stage, patience)
        return list(done), {host: error.render() for host, error in sessions.errors.items()}


def test_the_fleet_goes_on_without_a_host_that_is_much_slower() -> None:
    done, errors = staged(QuickHost(), StuckHost(), QuickHost())
    assert done == ["host0", "host2"]
    assert errors == {
        "host1": "error: host1: is much slower than the other hosts, which do not wait for it: nothing was"
        " changed on it\n"
        "hint: push to it alone, with `--host host1`: it may take its time then"
    }


def test_a_host_alone_may_take_its_time() -> None:
    host = StuckHost()
    threading.Timer(0.6, host.closed.set).start()
    assert staged(host) == (["host0"], {})


def test_a_host_is_let_go_as_soon_as_it_has_answered() -> None:
    hosts = {"host0": StuckHost(), "host1": StuckHost()}

    def question(session: Session) -> bool:
        session.greet()
        return session.host == "host0" or hosts["host0"].closed.wait(20)

    with Sessions(hosts, parallel=2, on_progress=lambda host, text: None) as sessions:
        assert sessions.ask(question) == {"host0": True, "host1": True}
        assert hosts["host1"].closed.is_set()
