"""What `push-artifacts`, `status` and `rollback` share: choosing hosts, and showing what they do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.completion import complete_hosts, complete_roles
from compiler.cli.options import grouped
from compiler.cli.output import LOG, left_problem, note, output_options, problems_as_json, show_problems
from compiler.cli.progress import progress_shown
from compiler.diagnostics import HeatsinkError, Problem, counted

if TYPE_CHECKING:
    from compiler.deploy.outcome import Outcome
    from compiler.deploy.sessions import Sessions
    from compiler.deploy.transport import Transport
    from compiler.model.fleet import Fleet, FleetHost

_Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which hosts an operator has chosen, and how to connect to them."""

    build: Path
    patterns: tuple[str, ...]
    roles: tuple[str, ...]
    known_hosts: Path
    accept_new: bool
    parallel: int

    def read(self, *, with_left: bool = False) -> tuple[Fleet, tuple[FleetHost, ...]]:
        """The fleet, and its chosen hosts; those that left it can be chosen too if the command knows them."""
        from compiler.deploy.bundle import read_fleet
        from compiler.model.selection import selected

        fleet = read_fleet(self.build)
        hosts = (*fleet.hosts, *fleet.left) if with_left else fleet.hosts
        return fleet, selected(hosts, self.patterns, self.roles)

    @contextmanager
    def sessions(self, hosts: Sequence[FleetHost]) -> Iterator[Sessions]:
        """Sessions with hosts, whose progress is shown meanwhile."""
        from compiler.deploy.sessions import Sessions

        with progress_shown() as show:

            def on_progress(host: str, text: str) -> None:
                LOG.info("%s: %s", host, text)
                show(host, text)

            transports = self._transports(hosts)
            with Sessions(transports, parallel=self.parallel, on_progress=on_progress) as sessions:
                yield sessions

    def _transports(self, hosts: Sequence[FleetHost]) -> dict[str, Transport]:
        from compiler.deploy.local import LocalTransport

        remote = [host for host in hosts if host.connection.address]
        by_host: dict[str, Transport] = {host.name: LocalTransport() for host in hosts if host not in remote}
        if remote:
            from compiler.deploy.known_hosts import KnownHosts
            from compiler.deploy.ssh import transports

            by_host |= transports(remote, KnownHosts(self.known_hosts, accept_new=self.accept_new))
        return by_host


_PATH = click.Path(path_type=Path)
HOST_OPTIONS = (
    click.option("--build", type=_PATH, default=Path("build"), show_default=True,
                 help="Folder of the compiled bundle."),
    click.option("--host", "patterns", multiple=True, metavar="PATTERN", shell_complete=complete_hosts,
                 help="Only hosts that match, such as `web-*` or `node[1-3,7]`; repeatable."),
    click.option("--role", "roles", multiple=True, shell_complete=complete_roles,
                 help="Only hosts of this role; repeatable."),
)  # fmt: skip


def selecting(command: _Command) -> _Command:
    """Give a command the options of Selection, as its parameter `selection`."""
    options = (
        *HOST_OPTIONS,
        click.option("--known-hosts", type=_PATH, default=Path("known_hosts"), show_default=True,
                     help="File of trusted host keys."),
        click.option("--accept-new-host-keys", "accept_new", is_flag=True,
                     help="Accept the keys of unknown hosts and save them."),
        click.option("--parallel", type=click.IntRange(min=1), default=30, show_default=True,
                     help="Number of hosts to connect to at a time."),
    )  # fmt: skip

    return grouped(command, "selection", Selection, options)


def show_left(fleet: Fleet) -> None:
    """Warn of hosts that left the hosts file and are not removed yet."""
    for host in fleet.left:
        show_problems((left_problem(host.name),), "warning")


def show_outcomes(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """Print the result for each host, then the errors; exit code 1 if there are any."""
    if as_json:
        rows = [_as_json(outcome) for outcome in outcomes]
        LOG.info(json.dumps(rows))
        click.echo(json.dumps(rows, indent=1))
    else:
        _show_lines(outcomes)
    show_errors([outcome.error for outcome in outcomes])


def show_errors(errors: Iterable[HeatsinkError | None]) -> None:
    """Print errors; exit code 1 if there are any."""
    failed = [error for error in errors if error]
    if not output_options().as_json:
        for error in failed:
            show_problems(error.problems)
    if failed:
        sys.exit(1)


def _show_lines(outcomes: Sequence[Outcome]) -> None:
    """One line for each host without an error, after its warnings."""
    for outcome in outcomes:
        for warning in outcome.warnings:
            show_problems((Problem(f"{outcome.host}: {warning}"),), "warning")
        if not outcome.error:
            note(f"{outcome.host}: {_summary(outcome)}")
    if outcomes and all(outcome.is_unchanged for outcome in outcomes):
        note("0 files, 0 restarts")


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "host": outcome.host,
        "generation": outcome.generation or None,
        "written": outcome.written,
        "removed": outcome.removed,
        "stopped": outcome.stopped,
        "started": outcome.started,
        "warnings": outcome.warnings,
        "errors": problems_as_json(outcome.error.problems if outcome.error else ()),
    }


def _summary(outcome: Outcome) -> str:
    if outcome.is_unchanged:
        return f"generation {outcome.generation}, unchanged" if outcome.generation else "nothing is installed"
    parts = [f"generation {outcome.generation}", f"{counted(len(outcome.written), 'file')} written"]
    parts += [f"{counted(len(outcome.removed), 'file')} removed"] if outcome.removed else []
    parts += [f"{counted(len(outcome.stopped), 'unit')} stopped"] if outcome.stopped else []
    return ", ".join((*parts, f"{counted(len(outcome.started), 'unit')} started"))
