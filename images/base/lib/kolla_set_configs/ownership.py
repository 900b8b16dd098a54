"""Owners and modes, as they are written in a configuration."""

import grp
import pwd
import re

from .errors import ConfigError


def parse_mode(text: str) -> int:
    """Permission bits, written as `0640`, `640` or `0o640`."""
    if not re.fullmatch(r"(0o)?[0-7]{3,4}", text):
        raise ConfigError(f"perm {text!r} is not an octal mode such as '0640'")
    return int(text.removeprefix("0o"), 8)


def parse_owner(text: str) -> tuple[int, int]:
    """User and group ids of `user:group`, or of `user` and the group of the same name."""
    user, _, group = text.partition(":")
    try:
        return pwd.getpwnam(user).pw_uid, grp.getgrnam(group or user).gr_gid
    except KeyError as error:
        raise ConfigError(f"owner {text!r}: {error.args[0]}") from error


def directory_mode(mode: int) -> int:
    """The mode of a directory: it can be entered by all who can read it."""
    return mode | (mode & 0o444) >> 2
