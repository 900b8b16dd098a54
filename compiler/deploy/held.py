"""Asks hosts which secrets they have, before values are generated or to bring values back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from compiler.deploy.errors import DeployError
from compiler.deploy.events import SecretsReported
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions
from compiler.diagnostics import HeatsinkError, Problem


def held_names(sessions: Sessions) -> dict[str, frozenset[str]]:
    """Host → the names of the secrets that it has; hosts without an answer are in `sessions.errors`."""
    reports = sessions.ask(lambda session: _report(session, values=False))
    return {host: frozenset(report.names) for host, report in reports.items()}


def held_values(sessions: Sessions) -> dict[str, Mapping[str, str]]:
    """Host → the secrets that it has; hosts without an answer are in `sessions.errors`."""
    reports = sessions.ask(lambda session: _report(session, values=True))
    return {host: report.values for host, report in reports.items()}


def _report(session: Session, *, values: bool) -> SecretsReported:
    session.greet()
    session.request("secrets", {"values": values})
    return session.expect(SecretsReported)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouching:
    """What hosts say of secrets without a value here: who has them, and who does not answer."""

    names: Mapping[str, Collection[str]]  # host → the secrets that it has
    needs: Mapping[str, Collection[str]]  # host → the secrets in its bundle
    errors: Mapping[str, DeployError]  # host → why it does not answer

    def check(self, missing: Iterable[str]) -> None:
        """Raise HeatsinkError unless all of these can be generated: no host has one, or may have one."""
        if self.errors and not self.names:
            raise HeatsinkError.of(problem for error in self.errors.values() for problem in error.problems)
        if problems := [problem for name in missing for problem in self._problems(name)]:
            raise HeatsinkError.of(problems)

    def _problems(self, name: str) -> Iterator[Problem]:
        """Why a secret cannot be generated."""
        if holders := [host for host, held in self.names.items() if name in held]:
            back = "run `heatsink secrets fetch` to bring it back, or `heatsink secrets import FILE`"
            message = f"`{name}` has no value here, and {_hosts(holders)} has one"
            yield Problem(message, hint=f"{back}; `--new-secrets {name}` replaces it")
            return
        for host, error in self.errors.items():
            if name in self.needs[host]:
                yield from error.problems
                message = f"`{name}` has no value here, and {host}, which needs it, may have one"
                hint = f"push again when it answers; `--new-secrets {name}` generates a value now"
                yield Problem(message, hint=hint)


def _hosts(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"each of {', '.join(names)}"


def brought_back(
    held: Mapping[str, Mapping[str, str]], present: Collection[str]
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """The values of hosts for names that are not present, and names for which they have different ones."""
    values: dict[str, dict[str, list[str]]] = {}
    for host, secrets in held.items():
        for name, value in secrets.items():
            if name not in present:
                values.setdefault(name, {}).setdefault(value, []).append(host)
    agreed = {name: next(iter(by_value)) for name, by_value in sorted(values.items()) if len(by_value) == 1}
    return agreed, tuple(
        _conflict(name, by_value) for name, by_value in sorted(values.items()) if len(by_value) > 1
    )


def _conflict(name: str, by_value: Mapping[str, list[str]]) -> Problem:
    groups = "; ".join(", ".join(hosts) for hosts in by_value.values())
    return Problem(
        f"hosts have different values of `{name}`: {groups}",
        hint=f"choose a host: `heatsink secrets fetch --host {next(iter(by_value.values()))[0]}`",
    )
