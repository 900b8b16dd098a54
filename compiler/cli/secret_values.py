"""The values of secrets for a push: those in the secrets file, and new ones that no host can have yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from compiler.cli.output import note, show_problems
from compiler.cli.selection import Selection
from compiler.diagnostics import HeatsinkError, Problem, closest

if TYPE_CHECKING:
    from compiler.deploy.bundle import BundleFolder
    from compiler.deploy.making import Making
    from compiler.files.secrets import SecretsFile
    from compiler.model.fleet import Fleet, FleetHost

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def new_secrets_option() -> Callable[[_Decorated], _Decorated]:
    """The option `--new-secrets`, a parameter of that name."""
    return click.option(
        "--new-secrets", multiple=True, metavar="NAME",
        help="Generate this secret even if a host has or may have a value of it; repeatable.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsNeeded:
    """The secrets of a build, the file with their values, and whom to ask before generating others."""

    selection: Selection
    fleet: Fleet
    file: SecretsFile
    forced: Sequence[str] = ()  # names to generate whatever hosts have

    def bundles(self, hosts: Iterable[FleetHost]) -> dict[str, BundleFolder]:
        """The bundles of hosts, by name."""
        from compiler.deploy.bundle import bundle_folder

        return {host.name: bundle_folder(self.selection.build, host) for host in hosts}

    def values(self, bundles: Collection[BundleFolder]) -> tuple[dict[str, str], dict[str, str]]:
        """The values that these bundles need, and those of them that are missing in the file and new.

        Raises HeatsinkError if a host has a missing one, and for values that their files cannot hold.
        """
        from compiler.deploy.bundle import check_values

        values = self.file.values()
        needed = {name for bundle in bundles for name in bundle.secrets}
        making = making_for(self.fleet, self.selection.build, values)
        self._check_present(needed, values)
        known = {name for credential in self.fleet.credentials for name in credential.secrets}
        hosts = [bundle.host for bundle in bundles]
        for problem in self._misspelt(values.keys() - needed - known, needed - values.keys(), hosts):
            show_problems((problem,), "warning")
        new = self._generated(needed, making)
        check_values(bundles, values | new)
        for problem in unnamed_hosts(making, needed):
            show_problems((problem,), "warning")
        return values | new, new

    def keep(self, new: Mapping[str, str]) -> None:
        """Add new values to the file."""
        if new:
            self.file.add(new)
            note(f"generated in {self.file.path}: {', '.join(new)}")

    def _generated(self, needed: Collection[str], making: Making) -> dict[str, str]:
        missing = making.belonging(set(needed) - making.values.keys()) - making.values.keys()
        forced = making.belonging(self.forced)
        if unforced := sorted(missing - forced):
            self._ask_hosts(unforced)
        for name, credential in making.incomplete(missing):
            other = next(other for other in credential.secrets if other != name)
            hint = f"set it from a backup, or replace both: `heatsink secrets rotate {credential.name}`"
            raise HeatsinkError(
                f"`{name}` has no value in `{self.file.path}`, but `{other}` has one", hint=hint
            )
        return making.new(missing)

    def _misspelt(self, unused: Set[str], missing: Set[str], hosts: Sequence[FleetHost]) -> Iterator[Problem]:
        """Names in the secrets file that no host uses, where a similar one is missing."""
        similar = {name: hint for name in sorted(unused) if (hint := closest(name, missing))}
        others = [host for host in self.fleet.hosts if host not in hosts] if similar else []
        used = {name for bundle in self.bundles(others).values() for name in bundle.secrets}
        for name, hint in similar.items():
            if name not in used:
                yield Problem(f"no host uses `{name}` of `{self.file.path}`", hint=hint)

    def _check_present(self, needed: Collection[str], values: Mapping[str, str]) -> None:
        """Raise HeatsinkError for empty values, and for names of `--new-secrets` that generate nothing."""
        for name in sorted(name for name in needed if values.get(name) == ""):
            raise HeatsinkError(
                f"`{name}` is empty in `{self.file.path}`", hint=f"run `heatsink secrets set {name}`"
            )
        known = {*needed, *(credential.name for credential in self.fleet.credentials)}
        for name in self.forced:
            if name not in known:
                raise HeatsinkError(f"no host needs a secret `{name}`", hint=closest(name, known))
            if name in values:
                hint = f"run `heatsink secrets rotate {name}` to replace it"
                raise HeatsinkError(f"`{name}` has a value in `{self.file.path}`", hint=hint)

    def _ask_hosts(self, missing: Sequence[str]) -> None:
        """Raise HeatsinkError if a host of the fleet, chosen or not, has one of these secrets."""
        from compiler.deploy.held import Vouching, held_names

        needs = {name: bundle.secrets for name, bundle in self.bundles(self.fleet.hosts).items()}
        with self.selection.sessions(self.fleet.hosts) as sessions:
            names = held_names(sessions)
            errors = dict(sessions.errors)
        Vouching(names=names, needs=needs, errors=errors).check(missing)


def making_for(fleet: Fleet, build: Path, values: Mapping[str, str]) -> Making:
    """What makes new values for a fleet, with the names of the hosts that need each secret."""
    from compiler.deploy.bundle import bundle_folder
    from compiler.deploy.making import Making

    hosts: dict[str, tuple[str, ...]] = {}
    for host in fleet.hosts if fleet.credentials else ():
        address = (host.connection.address,) if host.connection.address else ()
        for secret in bundle_folder(build, host).secrets:
            hosts[secret] = (*hosts.get(secret, ()), host.name, *address, *host.addresses)
    return Making(credentials=fleet.credentials, values=values, hosts=hosts, now=datetime.now(UTC))


def unnamed_hosts(making: Making, needed: Collection[str]) -> list[Problem]:
    """The certificates with a value in which a host that needs them is not named."""
    problems = []
    for credential in making.credentials:
        value = making.values.get(credential.public)
        if credential.ca and value and credential.public in needed:
            from compiler.deploy.certificates import names_in

            unnamed = [name for name in making.names(credential) if name not in names_in(value)]
            if unnamed:
                message = f"the certificate `{credential.public}` is not for {', '.join(unnamed)}"
                problems.append(
                    Problem(message, hint=f"run `heatsink secrets rotate {credential.name}`, then push")
                )
    return problems


def fetched(selection: Selection, present: Collection[str]) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """The values that the chosen hosts have for names that are not present, and what is wrong with others."""
    from compiler.deploy.held import brought_back, held_values

    _, hosts = selection.read()
    with selection.sessions(hosts) as sessions:
        held = held_values(sessions)
        errors = tuple(problem for error in sessions.errors.values() for problem in error.problems)
    values, conflicts = brought_back(held, present)
    return values, (*errors, *conflicts)
