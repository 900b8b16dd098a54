"""What a bundle says of registries, logins, authorities and mirrors, while images are pulled for it.

Its files are not installed yet: nothing on the host changes before every image is pulled. So an engine that
pulls finds them in its home folder, where both look first. Docker's daemon reads authorities from a folder of
the host, where links to them are meanwhile.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from .disk import remove_tree, write
from .layout import DOCKER_AUTHORITIES, PULL_HOME, REGISTRIES
from .machine import Machine
from .store import Generation

_AUTHORITIES = ".config/containers/certs.d"


@contextlib.contextmanager
def pull_settings(machine: Machine, wanted: Generation) -> Iterator[Mapping[str, str]]:
    """The environment in which an engine pulls for a generation."""
    files = [file for file in wanted.files if file.path.startswith(f"{REGISTRIES}/")]
    home = machine.path(PULL_HOME)
    _clear(machine, home)
    try:
        for file in files:
            write(home / file.path[len(REGISTRIES) + 1 :], wanted.content(machine, file), 0o600)
        if wanted.engine == "docker":
            _link_authorities(machine, home)
        yield {"HOME": str(home)} if files else {}
    finally:
        _clear(machine, home)


def _link_authorities(machine: Machine, home: Path) -> None:
    """Show docker's daemon the authorities of registries for which the host has none."""
    for folder in (home / _AUTHORITIES).glob("*"):
        link = machine.path(DOCKER_AUTHORITIES) / folder.name
        if not os.path.lexists(link):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(folder)


def _clear(machine: Machine, home: Path) -> None:
    """Remove the settings of this pull, or of one that was killed."""
    for link in machine.path(DOCKER_AUTHORITIES).glob("*"):
        if link.is_symlink() and home in Path(os.readlink(link)).parents:  # noqa: PTH115 - Python 3.9
            link.unlink()
    remove_tree(home)
