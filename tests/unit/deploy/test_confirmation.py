"""A change whose first connection is lost once it is confirmed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from compiler.deploy.local import LocalChannel, LocalTransport
from compiler.deploy.transport import Channel
from compiler.host import layout
from tests.support.bundles import service
from tests.support.host_folder import HostFolder


@dataclass
class Cut:
    """A connection that is lost when a certain word is sent over it."""

    channel: LocalChannel
    word: bytes
    is_cut: bool = False

    def send(self, content: bytes) -> None:
        if self.word in content:
            self.is_cut = True
            self.close()
        if not self.is_cut:
            self.channel.send(content)

    def receive(self, seconds: float) -> bytes:
        return b"" if self.is_cut else self.channel.receive(seconds)

    def receive_stderr(self, seconds: float) -> bytes:
        return b"" if self.is_cut else self.channel.receive_stderr(seconds)

    def close(self) -> None:
        self.channel.close()


@dataclass
class CutTransport:
    """A transport of which the first connection is lost before the change is made current."""

    transport: LocalTransport
    opened: int = 0

    def open(self) -> Channel:
        self.opened += 1
        channel = self.transport.open()
        return Cut(channel, b'"go": "commit"') if self.opened == 1 else channel


def over_a_cut_connection(host: HostFolder) -> CutTransport:
    path = f"{host.folder}/bin:{os.environ['PATH']}"
    return CutTransport(LocalTransport(environment={"HEATSINK_ROOT": f"{host.folder}/root", "PATH": path}))


def test_a_confirmed_change_is_done_though_its_connection_is_lost(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    outcome = host.push_over(over_a_cut_connection(host))
    assert (outcome.error, outcome.generation) == (None, 1)
    assert not host.path(layout.PENDING).exists()
    assert host.path(layout.CURRENT).readlink().name == "1"
