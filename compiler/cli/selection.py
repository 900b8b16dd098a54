"""What `push-artifacts`, `status` and `rollback` share: choosing hosts, and showing what they do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.diagnostics import counted

if TYPE_CHECKING:
    from compiler.deploy.push import Outcome
    from compiler.deploy.sessions import Sessions
    from compiler.deploy.transport import Transport
    from compiler.model.fleet import Fleet, FleetHost

_Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which hosts an operator means, and how they are reached."""

    build: Path
    patterns: tuple[str, ...]
    roles: tuple[str, ...]
    known_hosts: Path
    accept_new: bool
    parallel: int

    def read(self) -> tuple[Fleet, tuple[FleetHost, ...]]:
        """The fleet, and those of its hosts that are meant."""
        from compiler.deploy.bundle import read_fleet
        from compiler.model.selection import selected

        fleet = read_fleet(self.build)
        return fleet, selected(fleet.hosts, self.patterns, self.roles)

    @contextmanager
    def sessions(self, hosts: Sequence[FleetHost]) -> Iterator[Sessions]:
        """The hosts, ready to be talked to; what they do is shown meanwhile."""
        from compiler.deploy.sessions import Sessions

        with _shown() as on_progress:
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


def selecting(command: _Command) -> _Command:
    """Give a command the options of Selection, as its parameter `selection`."""
    path = click.Path(path_type=Path)
    options = (
        click.option("--build", type=path, default=Path("build"), show_default=True,
                     help="Where the compiled bundles are."),
        click.option("--host", "patterns", multiple=True, metavar="PATTERN",
                     help="Only hosts of such names: `web-*`, `node[1-3,7]`; repeatable."),
        click.option("--role", "roles", multiple=True, help="Only hosts of this role; repeatable."),
        click.option("--known-hosts", type=path, default=Path("known_hosts"), show_default=True,
                     help="Keys that hosts must show."),
        click.option("--accept-new-host-keys", "accept_new", is_flag=True,
                     help="Trust hosts of which no key is known, and write their keys down."),
        click.option("--parallel", type=click.IntRange(min=1), default=30, show_default=True,
                     help="Hosts that are connected to at the same time."),
    )  # fmt: skip

    def with_selection(**given: Any) -> Any:
        fields = {name: given.pop(name) for name in Selection.__slots__}
        return command(selection=Selection(**fields), **given)

    with_selection.__name__, with_selection.__doc__ = command.__name__, command.__doc__
    with_selection.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    decorated: _Command = with_selection
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def say_errors(outcomes: Sequence[Outcome]) -> None:
    """Show what failed; exit code 1 if anything did."""
    errors = [outcome.error for outcome in outcomes if outcome.error]
    for error in errors:
        click.echo(error.render(), err=True)
    if errors:
        sys.exit(1)


def say_outcomes(outcomes: Sequence[Outcome]) -> None:
    """One line for each host that was dealt with, its warnings before it."""
    for outcome in outcomes:
        for warning in outcome.warnings:
            click.echo(f"warning: {outcome.host}: {warning}", err=True)
        if not outcome.error:
            click.echo(f"{outcome.host}: {_summary(outcome)}", err=True)
    if outcomes and all(outcome.is_unchanged for outcome in outcomes):
        click.echo("0 files, 0 restarts", err=True)


def as_json(outcome: Outcome) -> dict[str, object]:
    """An outcome as `--json` prints it."""
    return {
        "host": outcome.host,
        "generation": outcome.generation or None,
        "written": outcome.written,
        "removed": outcome.removed,
        "stopped": outcome.stopped,
        "started": outcome.started,
        "warnings": outcome.warnings,
        "errors": [problem.message for problem in outcome.error.problems] if outcome.error else [],
    }


def _summary(outcome: Outcome) -> str:
    if outcome.is_unchanged:
        return f"generation {outcome.generation}, unchanged"
    parts = [f"generation {outcome.generation}", f"{counted(len(outcome.written), 'file')} written"]
    parts += [f"{counted(len(outcome.removed), 'file')} removed"] if outcome.removed else []
    parts += [f"{counted(len(outcome.stopped), 'unit')} stopped"] if outcome.stopped else []
    return ", ".join((*parts, f"{counted(len(outcome.started), 'unit')} restarted"))


def _told_once() -> Callable[[str, str], None]:
    """A line for each thing that happens; a sign of life that says the same again is no news."""
    last: dict[str, str] = {}

    def told(host: str, text: str) -> None:
        if text not in ("connecting", last.get(host)):
            click.echo(f"{host}: {text}", err=True)
        last[host] = text

    return told


@contextmanager
def _shown() -> Iterator[Callable[[str, str], None]]:
    """What hosts do while they do it: a line for each host on a terminal, else a line for each thing."""
    if not sys.stderr.isatty():
        yield _told_once()
        return
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    doing: dict[str, str] = {}

    def table() -> Table:
        grid = Table.grid(padding=(0, 2))
        for host, text in list(doing.items()):
            grid.add_row(host, text)
        return grid

    with Live(console=Console(stderr=True), get_renderable=table, transient=True):
        yield doing.__setitem__
