"""A configuration file before it becomes text, and a port that a container listens on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from compiler.node import Plain
from compiler.source import Source, Span


class Format(StrEnum):
    """How a file's content is given; the keys of `config_data`."""

    INI = "ini"
    YAML = "yaml"
    JSON = "json"
    TEXT = "text"
    TEMPLATE = "template"


MANAGED = "heatsink_managed"
"""The variable of templates that holds the line for a header."""
QUOTED = "quoted"
"""The function of templates that writes a JSON string."""
BASIC_AUTH = "basic_auth"
"""The function of templates that writes a login for an auth file of podman or docker."""
BASE64 = "base64"
"""The function of templates that encodes a text."""
PROVIDED = frozenset((MANAGED, QUOTED, BASIC_AUTH, BASE64))
"""What every template can use."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfigFile:
    """One configuration file of one host: `value` is data, or the text of TEXT and TEMPLATE."""

    path: str
    format: Format
    value: Plain
    variables: dict[str, Plain] = field(default_factory=dict)  # of a TEMPLATE
    separator: str | None = None  # between key and value, if the text is lines of both
    settings: dict[str, Plain] = field(default_factory=dict)  # values of such keys, over those of the text
    source: Source  # of a TEMPLATE's text, for its errors
    sources: tuple[str, ...] = ()  # the files that its content comes from
    places: tuple[str, ...] = ()  # the same with line numbers, for plans
    mode: int = 0o644
    hidden: bool = False  # it contains a hidden parameter's value in plain text
    public: str | None = None  # if so, all else that decides about its content
    secrets: frozenset[str] = frozenset()  # that it may refer to
    shared: bool = True  # other hosts may hold it too
    takes_over: bool = False  # it may replace a file that is not heatsink's
    place: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One port that a container listens on in the host's own network."""

    number: int
    protocol: str = "tcp"
    address: str | None = None  # None: every address
    owner: str  # the container's or service's name
    client: str = ""  # the service that has it listen there, if that is another one
    place: Span

    @property
    def listener(self) -> str:
        """Who listens, for messages."""
        return f"`{self.owner}` for `{self.client}`" if self.client else f"`{self.owner}`"

    def collides_with(self, other: Port) -> bool:
        """Whether both cannot listen at once."""
        wildcards = (None, "0.0.0.0", "::", "*")  # noqa: S104 - compared, not bound
        same_place = self.address == other.address or self.address in wildcards or other.address in wildcards
        return (self.number, self.protocol) == (other.number, other.protocol) and same_place
