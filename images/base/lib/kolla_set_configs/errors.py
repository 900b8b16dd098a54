"""Mistakes in a configuration, and what an operator reads in the container's log."""

import sys


class ConfigError(Exception):
    """The configuration cannot be installed, or differs from what is installed; the text says why."""


def report(text: object) -> None:
    """Write one line to the log."""
    print(f"kolla_set_configs: {text}", file=sys.stderr)  # noqa: T201 - the one place
