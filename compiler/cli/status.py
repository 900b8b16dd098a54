"""`heatsink status`: the state of every service on every host."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from compiler.cli.command import Command, json_option
from compiler.cli.options import secrets_option
from compiler.cli.output import show_problems
from compiler.cli.selection import Selection, selecting, show_errors
from compiler.cli.status_output import show
from compiler.diagnostics import HeatsinkError, Problem

if TYPE_CHECKING:
    from compiler.deploy.status import Built, HostStatus
    from compiler.files.secrets import SecretsFile
    from compiler.model.fleet import FleetHost

EARLY = 30  # days before a certificate expires


@click.command(cls=Command)
@selecting
@secrets_option("Secrets file; if it can be read, its values are compared with those of the hosts.")
@json_option("Print hosts and their units as JSON.")
def status(selection: Selection, file: SecretsFile, as_json: bool) -> None:
    """Show the state of every service on every host; exit code 1 if anything is not up.

    A host is up if it has what is in the build folder, as a whole and unchanged, and every unit is up.
    """
    from compiler.deploy.status import HostStatus, statuses

    fleet, chosen = selection.read(with_left=True)
    asked = [host for host in chosen if host not in fleet.left]
    values = _values(file)
    built = {host.name: _built(selection, host, values) for host in asked}
    with selection.sessions(asked) as sessions:
        by_host = {host.host: host for host in statuses(sessions, built)}
    hosts = [by_host.get(host.name) or HostStatus(host=host.name, has_left=True) for host in chosen]
    show(hosts, as_json=as_json)
    if not as_json:
        show_problems(expiring(hosts, time.time()), "warning")
    show_errors(host.error for host in hosts)
    if any(host.state not in ("up", "left") for host in hosts):
        sys.exit(1)


def _built(selection: Selection, host: FleetHost, values: Mapping[str, str]) -> Built:
    """What the build folder has for a host, with its secrets if all of them are known here."""
    from compiler.deploy.bundle import bundle_folder
    from compiler.deploy.status import Built

    try:
        names = bundle_folder(selection.build, host).secrets
    except HeatsinkError:  # another heatsink has compiled it, say; the host still has a state
        return Built(manifest=host.manifest)
    known = values.keys() >= set(names)
    return Built(manifest=host.manifest, secrets={name: values[name] for name in names} if known else None)


def _values(file: SecretsFile) -> Mapping[str, str]:
    """The values of secrets, as far as they can be read: a status needs none."""
    try:
        return file.values()
    except HeatsinkError:
        return {}


def expiring(hosts: Iterable[HostStatus], now: float) -> Iterator[Problem]:
    """The certificates that expire within EARLY days of `now`, or have expired."""
    found: dict[tuple[str, int], list[str]] = {}
    for host in hosts:
        for held in host.certificates:
            if held.expires < now + EARLY * 86400:
                found.setdefault((held.secret, held.expires), []).append(host.host)
    for (secret, expires), names in sorted(found.items()):
        word = "expired" if expires < now else "expires"
        day = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d")
        hint = f"run `heatsink secrets rotate {secret}`, then push"
        yield Problem(f"{', '.join(names)}: the certificate `{secret}` {word} on {day}", hint=hint)
