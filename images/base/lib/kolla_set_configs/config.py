"""The configuration as a value: config.yaml or config.json, read and checked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_origin

from .entries import ConfigFile, Entry, Permission, Place
from .errors import ConfigError
from .files import Root

CONFIG = "/var/lib/kolla/config_files"
LISTS: dict[str, type[Entry]] = {
    "config_files": ConfigFile,
    "directories": Place,
    "files": Place,
    "permissions": Permission,
}
TYPES = {str: "text in quotes", bool: "true or false", list: "a list"}


@dataclass(frozen=True)
class Config:
    """All of config.json."""

    command: str
    config_files: list[ConfigFile]
    directories: list[Place]
    files: list[Place]
    permissions: list[Permission]


def load(root: Root) -> Config:
    """The configuration of the container."""
    path, content = _read(root)
    if not isinstance(content, dict) or not isinstance(content.get("command"), str):
        raise ConfigError(f"{path}: missing key 'command'")
    unknown = sorted(str(key) for key in content if key != "command" and key not in LISTS)
    if unknown:
        raise ConfigError(f"{path}: unknown key {unknown[0]!r}")
    lists: dict[str, Any] = {key: _entries(key, content.get(key)) for key in LISTS}
    return Config(command=content["command"], **lists)


def _read(root: Root) -> tuple[Path, object]:
    """The path and content of config.yaml if it exists, otherwise of config.json."""
    yaml = root.path(f"{CONFIG}/config.yaml")
    path = yaml if yaml.exists() else root.path(f"{CONFIG}/config.json")
    try:
        return path, _parse_yaml(path.read_text()) if path == yaml else json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _parse_yaml(text: str) -> object:
    """The content of a YAML document; a mistake is a ValueError of one line, as with JSON."""
    import yaml  # not needed for config.json

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _entries(key: str, content: object) -> list[Entry]:
    """The entries of a list; none if it is null or missing."""
    if not isinstance(content or [], list):
        raise ConfigError(f"{key} is not a list")
    entries = content if isinstance(content, list) else []
    return [_entry(LISTS[key], f"{key}[{number}]", entry) for number, entry in enumerate(entries)]


def _entry(kind: type[Entry], where: str, content: object) -> Entry:
    """One entry of a list; a key that is null is missing."""
    if not isinstance(content, dict):
        raise ConfigError(f"{where} is not an object")
    values: dict[str, Any] = {key: value for key, value in content.items() if value is not None}
    problems = ", ".join(_problems(kind, values))
    if problems:
        raise ConfigError(f"{where}: {problems}")
    try:
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _problems(kind: type[Entry], values: Mapping[str, object]) -> Iterator[str]:
    """What is wrong with the keys of an entry, and with the types of their values."""
    types: dict[str, Any] = {item.name: get_origin(item.type) or item.type for item in fields(kind)}
    for key in sorted(values, key=str):
        if key not in types:
            yield f"unknown key {key!r}"
        elif not isinstance(values[key], types[key]):
            yield f"{key} must be {TYPES[types[key]]}, not {values[key]!r}"
    for key in kind.required(values):
        if values.get(key, "") == "":
            yield f"missing key {key!r}"
