"""Files of systemd-networkd: what it is told, which links are deleted, and what a host is refused for."""

from __future__ import annotations

import re
import shutil

import pytest

from compiler.model.artifact import Artifacts
from compiler.model.host_prep import HostPrep, NetworkFile
from compiler.stages.emit.host_prep import host_prep
from tests.support.bundles import service
from tests.support.changes import host_of
from tests.support.conversation import pushing
from tests.support.examples import one_in
from tests.support.fail_points import Moment, for_each, moments_of
from tests.support.host_folder import HostFolder
from tests.support.states import state_of
from tests.support.whole import finish

# networkd makes links that are not there yet: folders here, each with the file that it comes from.
NETWORKCTL = """
cd "${0%/*}/../root"
echo "$@" >>../networkctl
case $1 in
delete) rm -r "sys/class/net/$2" ;;
reload)
  for file in etc/systemd/network/*.netdev; do
    [ -e "$file" ] || continue
    ! grep -q refused0 "$file" || exit 1
    for name in $(sed -n s/^Name=//p "$file"); do
      [ "$name" != second0 ] || [ "$(grep -c reload ../networkctl)" -gt 1 ] || continue
      [ "$name" != never0 ] && [ ! -d "sys/class/net/$name" ] || continue
      mkdir -p "sys/class/net/$name"
      cp "$file" "sys/class/net/$name/netdev"
    done
  done ;;
esac
"""
EVERY = one_in(quick=30, usual=3)  # effect


def network(name: str, kind: str = "bridge", peer: str = "") -> Artifacts:
    """A link in a file of its own."""
    sections = [("NetDev", (("Name", name), ("Kind", kind)))]
    sections += [("Peer", (("Name", peer),))] if peer else []
    file = NetworkFile(path="/etc/systemd/network/10-heatsink-own.netdev", sections=tuple(sections))
    return Artifacts(files=host_prep(HostPrep(network_files=(file,))))


@pytest.fixture
def networked(host: HostFolder) -> HostFolder:
    """A host on which systemd-networkd runs."""
    (host.folder / "bin/active/systemd-networkd.service").touch()
    host.installs("networkctl", NETWORKCTL)
    return host


def stale(host: HostFolder) -> list[str]:
    """Links that no file has, or that were made from what is not in a file any more."""
    links = {path.parent.name: path.read_text() for path in host.path("/sys/class/net").glob("*/netdev")}
    files = [path.read_text() for path in host.path("/etc/systemd/network").glob("*.netdev")]
    named = {name for text in files for name in re.findall("(?m)^Name=(.*)$", text)}
    return [*(named ^ links.keys()), *(name for name, text in links.items() if text not in files)]


def told(host: HostFolder) -> list[str]:
    """What networkctl was told so far."""
    path = host.folder / "networkctl"
    return path.read_text().splitlines() if path.exists() else []


def refusal(host: HostFolder) -> str:
    error = host.push().error
    assert error
    return error.render()


def test_networkd_reads_its_files_when_one_has_changed(networked: HostFolder) -> None:
    networked.writes(service("one"), network("provider0"))
    networked.push()
    networked.writes(service("one", config="new"), network("provider0"))
    networked.push()
    assert told(networked) == ["reload"]


def test_a_changed_link_is_deleted_first(networked: HostFolder) -> None:
    networked.writes(network("provider0"))
    networked.push()
    networked.writes(network("provider0", "dummy"))
    networked.push()
    assert told(networked) == ["reload", "delete provider0", "reload"]


def test_both_ends_of_a_pair_leave(networked: HostFolder) -> None:
    networked.writes(service("one"))
    networked.push()
    networked.writes(service("one"), network("left0", "veth", peer="right0"))
    networked.push()
    networked.rollback()
    assert told(networked) == ["reload", "delete left0", "delete right0", "reload"]


def test_a_link_that_is_gone_needs_no_deletion(networked: HostFolder) -> None:
    networked.writes(network("provider0"))
    networked.push()
    shutil.rmtree(networked.path("/sys/class/net/provider0"))
    networked.remove()
    assert told(networked) == ["reload", "reload"]


def test_a_host_without_networkd_is_refused(host: HostFolder) -> None:
    host.writes(network("provider0"))
    assert "systemd-networkd is not enabled here" in refusal(host)
    assert not host.path("/etc/systemd/network").exists()


def test_a_link_of_somebody_else_is_refused_by_name(networked: HostFolder) -> None:
    networked.path("/sys/class/net/eth0").mkdir(parents=True)
    networked.writes(network("left0", "veth", peer="eth0"))
    assert "a link `eth0` exists already, and is not heatsink's" in refusal(networked)
    assert told(networked) == []


def test_a_change_that_networkd_refuses_is_undone(networked: HostFolder) -> None:
    networked.writes(network("provider0"))
    networked.push()
    networked.writes(network("refused0"))
    assert "`networkctl reload` failed" in refusal(networked)
    assert told(networked) == ["reload", "delete provider0", "reload", "reload"]
    assert networked.path("/sys/class/net/provider0").exists()


def test_a_networkd_that_has_lost_its_bus_is_restarted(networked: HostFolder) -> None:
    lost = "echo 'Failed to activate service org.freedesktop.network1' >&2; exit 1"
    networked.installs("networkctl", f'mkdir -p "${{0%/*}}/../root/sys/class/net/provider0"; {lost}')
    networked.writes(network("provider0"))
    assert networked.push().error is None
    assert "restart" in networked.calls()


@pytest.mark.parametrize("silences", [1, 2])
def test_a_networkd_that_does_not_answer_is_asked_once_more(networked: HostFolder, silences: int) -> None:
    asked = "${0%/*}/../asked"
    silent = "echo 'Failed to reload network settings: Connection timed out' >&2; exit 1"
    made = 'mkdir -p "${0%/*}/../root/sys/class/net/provider0"'
    networked.installs(
        "networkctl", f'{made}; echo >>"{asked}"; [ $(wc -l <"{asked}") -gt {silences} ] || {{ {silent}; }}'
    )
    networked.writes(network("provider0"))
    assert ("Connection timed out" in str(networked.push().error)) == (silences > 1)


def test_a_link_that_networkd_has_failed_to_make_is_tried_again(networked: HostFolder) -> None:
    networked.writes(network("second0"))
    assert not networked.push().warnings
    assert told(networked) == ["reload", "reload"]


def test_a_link_that_does_not_come_is_a_warning(networked: HostFolder) -> None:
    networked.writes(network("never0"))
    assert "has not made the link `never0` yet" in str(networked.push().warnings)


@pytest.mark.parametrize("finisher", ["revert", "push"])
def test_links_are_those_of_the_files_wherever_a_push_was_killed(
    networked: HostFolder, finisher: str
) -> None:
    networked.writes(service("one"), network("left0", "veth", peer="right0"))
    networked.push()
    networked.writes(service("one"), network("left0", "veth", peer="other0"))

    def check(moment: Moment) -> None:
        with host_of(moment.state) as host:
            finish(host, finisher)
            assert stale(host) == []

    with host_of(state_of(networked.folder)) as host:
        run = moments_of(host, (), pushing(host), EVERY)
    for_each(run.moments, check)
