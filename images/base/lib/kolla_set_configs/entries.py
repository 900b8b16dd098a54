"""The entries in the lists of a configuration."""

import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

from .errors import ConfigError
from .files import Root
from .ownership import parse_mode


@dataclass(frozen=True)
class ConfigFile:
    """A copy to make; `source` may be a pattern or directory, `dest` is a folder if it ends with a slash."""

    source: str
    dest: str
    owner: str = ""
    perm: str = ""
    optional: bool = False
    merge: bool = False
    preserve_properties: bool = False

    def __post_init__(self) -> None:
        if not self.preserve_properties:
            parse_mode(self.perm)

    @staticmethod
    def required(entry: Mapping[str, object]) -> tuple[str, ...]:
        """The keys that an entry must have."""
        return ("source", "dest") if entry.get("preserve_properties") else ("source", "dest", "owner", "perm")


@dataclass(frozen=True)
class Place:
    """A directory or an empty file that must exist."""

    path: str
    owner: str
    perm: str

    def __post_init__(self) -> None:
        parse_mode(self.perm)
        if glob.has_magic(self.path):
            raise ConfigError(f"path {self.path!r} is a pattern")

    @staticmethod
    def required(_entry: Mapping[str, object]) -> tuple[str, ...]:
        """The keys that an entry must have."""
        return "path", "owner", "perm"


@dataclass(frozen=True)
class Permission:
    """Owner and mode of existing files; `path` may be a pattern."""

    path: str
    owner: str
    perm: str = ""
    recurse: bool = False
    exclude: list[str] = field(default_factory=list)
    optional: bool = False

    def __post_init__(self) -> None:
        if self.perm:
            parse_mode(self.perm)
        for pattern in self.exclude:
            try:
                re.compile(pattern)
            except (re.error, TypeError) as error:
                raise ConfigError(f"exclude {pattern!r} is not a regular expression: {error}") from error

    @staticmethod
    def required(_entry: Mapping[str, object]) -> tuple[str, ...]:
        """The keys that an entry must have."""
        return "path", "owner"

    def excludes(self, name: str) -> bool:
        """Whether a path is left out."""
        return any(re.search(pattern, name) for pattern in self.exclude)

    def reaches(self, root: Root, path: Path) -> bool:
        """Whether it sets the owner and mode of a path."""
        tops = root.matches(self.path)
        reached = path in tops or (self.recurse and any(top in path.parents for top in tops))
        return reached and not self.excludes(root.name(path))


Entry = Union[ConfigFile, Place, Permission]
