"""What `heatsink secrets list` shows of each secret: never its value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from compiler.cli.output import Cell
from compiler.model.fleet import Fleet

COLUMNS = ("secret", "kind", "value", "expires", "hosts")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSecret:
    """One secret; `expires` is a day, of certificates."""

    secret: str
    kind: str
    set: bool
    expires: str | None
    hosts: tuple[str, ...]


def listed_secrets(
    fleet: Fleet, needs: Mapping[str, Collection[str]], values: Mapping[str, str]
) -> Iterator[ListedSecret]:
    """The secrets that have a value or are needed, by name; `needs` are those of each host."""
    from compiler.deploy.certificates import expiry

    kinds = {name: credential.kind for credential in fleet.credentials for name in credential.secrets}
    for name in sorted({*values, *(name for needed in needs.values() for name in needed)}):
        expires = expiry(values.get(name, ""))
        yield ListedSecret(
            secret=name,
            kind=kinds.get(name, "string"),
            set=name in values,
            expires=f"{expires:%Y-%m-%d}" if expires else None,
            hosts=tuple(host for host, needed in needs.items() if name in needed),
        )


def row(secret: ListedSecret) -> tuple[Cell, ...]:
    """A secret as a row of the table."""
    value = Cell("set") if secret.set else Cell("missing", "yellow")
    hosts = ", ".join(secret.hosts) or "-"
    return (Cell(secret.secret), Cell(secret.kind), value, Cell(secret.expires or "-"), Cell(hosts))
