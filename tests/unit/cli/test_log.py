"""The log of a command that changes hosts: complete, private, bounded, and without secrets."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compiler import __version__
from compiler.cli.log import KEPT, LogFile
from compiler.cli.output import LOG
from tests.support.bundles import service
from tests.support.host_folder import HostFolder

QUICK = ("--settle", "0", "--yes")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d ")


def logs(host: HostFolder) -> list[Path]:
    return sorted((host.folder / "state/heatsink/log").glob("*.log"))


def lines(host: HostFolder) -> list[str]:
    """The lines of the newest log without their times, which all of them have."""
    text = logs(host)[-1].read_text()
    assert all(TIME.match(line) or line.startswith("  ") for line in text.splitlines())
    return [TIME.sub("", line) for line in text.splitlines()]


def test_a_push_leaves_a_log(host: HostFolder) -> None:
    host.writes(service("one", config="a"), project="shop")
    done = host.heatsink("push-artifacts", *QUICK, "-v")
    written = lines(host)
    assert written[0] == "heatsink push-artifacts --settle 0 --yes -v"
    assert written[1].startswith(f"heatsink {__version__}, Python ")
    assert written[2].endswith(f", in {host.folder}")
    assert re.fullmatch(r"change \d{8}T\d{6}-[0-9a-f]{8}, commit unknown, project shop", written[3])
    assert written[4:] == [
        "hosts: localhost",
        f"log: {logs(host)[0]}",
        "localhost: connecting",
        "localhost: step 1: starting 1 unit",
        "localhost: generation 1, 10 files written, 1 unit started",
        "exit code 0",
    ]
    assert f"log: {logs(host)[0]}\n" in done.stderr


@pytest.mark.parametrize("command", [("rollback",), ("remove", "--host", "*")])
def test_other_changes_leave_one_too(host: HostFolder, command: tuple[str, ...]) -> None:
    for config in "ab":
        host.writes(service("one", config=config))
        host.push()
    host.says(*command, *QUICK)
    assert logs(host)[0].name.endswith(f"-{command[0]}.log")
    assert lines(host)[-1] == "exit code 0"


def test_what_changes_nothing_leaves_none(host: HostFolder) -> None:
    host.writes(service("one"))
    host.says("push-artifacts", "--dry-run", code=2)
    host.says("status", code=1)
    assert logs(host) == []


def test_an_error_names_the_log_at_its_end(host: HostFolder) -> None:
    host.writes(service("one"))
    host.shows("one", ActiveState="failed")
    said = host.heatsink("push-artifacts", *QUICK).stderr
    assert said.endswith(f"\nlog: {logs(host)[0]}\n")
    assert any(
        line.startswith("error: localhost: `heatsink-one.service` did not come up") for line in lines(host)
    )
    assert lines(host)[-1] == "exit code 1"


def test_a_quiet_push_and_one_for_programs_log_the_same(host: HostFolder) -> None:
    host.writes(service("one"))
    done = host.heatsink("push-artifacts", *QUICK, "--quiet", "--json")
    assert "localhost: step 1: starting 1 unit" in lines(host)
    assert json.loads(lines(host)[-2]) == json.loads(done.stdout)


def test_only_the_owner_can_read_a_log(host: HostFolder) -> None:
    host.writes(service("one"))
    host.says("push-artifacts", *QUICK)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (logs(host)[0], logs(host)[0].parent)]
    assert modes == [0o600, 0o700]


def test_no_value_of_a_secret_is_in_a_log(host: HostFolder) -> None:
    host.writes(service("one", config="@{heatsink:secret:Password}", sensitive=True))
    host.says("push-artifacts", *QUICK)
    value = re.findall(r'Password: "?([^"\n]+)', (host.folder / "secrets.yaml").read_text())[0]
    host.shows("one", ActiveState="failed")
    host.installs("journalctl", f'echo \'{{"MESSAGE": "the password is {value}"}}\'')
    host.systemctl("stop", "one")
    host.says("push-artifacts", *QUICK, "--debug", code=1)
    assert any("the password is ****" in line for line in lines(host))
    assert all(value not in path.read_text() for path in logs(host))


def test_the_newest_logs_are_kept(host: HostFolder) -> None:
    host.writes(service("one"))
    folder = host.folder / "state/heatsink/log"
    folder.mkdir(parents=True)
    for number in range(KEPT + 5):
        (folder / f"20200101T000000.{number:06}-push-artifacts.log").touch()
    (folder / "notes").touch()
    host.says("push-artifacts", *QUICK)
    assert len(logs(host)) == KEPT
    assert logs(host)[0].name.startswith("20200101T000000.000006")
    assert (folder / "notes").exists()


def test_a_push_goes_on_without_a_log(host: HostFolder) -> None:
    host.writes(service("one"))
    (host.folder / "state").write_text("in the way")
    done = host.heatsink("push-artifacts", *QUICK)
    assert done.returncode == 0
    assert re.match(r"warning: the log `\S+` cannot be written: not a directory\n", done.stderr)
    assert done.stderr.endswith("localhost: generation 1, 9 files written, 1 unit started\n")


def test_a_log_that_cannot_be_written_any_more_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = LogFile(tmp_path / "full.log")
    file = log.setStream(Path("/dev/full").open("w"))  # noqa: SIM115 - the log closes it
    LOG.addHandler(log)
    LOG.info("one")
    LOG.info("two")
    assert file is not None
    file.close()
    assert capsys.readouterr().err == (
        f"warning: the log `{tmp_path}/full.log` cannot be written: no space left on device\n"
    )


@pytest.mark.parametrize(("number", "last"), [(signal.SIGINT, "interrupted"), (signal.SIGKILL, None)])
def test_a_log_survives_what_ends_the_push(host: HostFolder, number: int, last: str | None) -> None:
    host.writes(service("one"))
    host.shows("one", ActiveState="activating")
    command = (sys.executable, "-m", "compiler", "push-artifacts", *QUICK)
    with subprocess.Popen(
        command,
        cwd=host.folder,
        env=host.environment,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # which a job in the background ignores
    ) as push:
        wait_for_line(host, "localhost: step 1: starting 1 unit")
        push.send_signal(number)
        push.communicate()
    written = lines(host)
    assert "localhost: step 1: starting 1 unit" in written
    assert last is None or written[-1] == last


@pytest.mark.parametrize("state", ["", "relative"])
def test_the_usual_folder_is_below_the_home(host: HostFolder, state: str) -> None:
    host.writes(service("one"))
    host.heatsink("push-artifacts", *QUICK, environment={"XDG_STATE_HOME": state})
    assert len(list((host.folder / ".local/state/heatsink/log").iterdir())) == 1


def wait_for_line(host: HostFolder, text: str) -> None:
    deadline = time.monotonic() + 60
    while not logs(host) or text not in lines(host):
        assert time.monotonic() < deadline
        time.sleep(0.1)
