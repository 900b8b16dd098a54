"""Install the configuration of a container: config.yaml or config.json in /var/lib/kolla/config_files.

    kolla_set_configs            copy the files, set owners and modes, write /run_command
    kolla_set_configs --check    check that the installed files are unchanged; change nothing

KOLLA_CONFIG_STRATEGY is COPY_ALWAYS (at every start) or COPY_ONCE (at the first start of a container).
`--root DIR` uses DIR instead of /, to try out a configuration.

Exit status: 0 done or unchanged, 1 a mistake in the configuration or a difference, 2 a bug.
"""

import argparse
import os
import sys
from typing import Optional

from .config import load
from .errors import ConfigError, report
from .files import Root
from .installation import install
from .verification import check

ONCE = "/configured"


def run() -> int:
    """The exit status. A bug has its own: Python's status 1 would mean a mistake in the configuration."""
    try:
        return _main()
    except Exception:  # noqa: BLE001 - as an uncaught one, with another status
        sys.excepthook(*sys.exc_info())
        return 2


def _main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", default="/")
    options = parser.parse_args()
    root = Root(options.root)
    try:
        if options.check:
            check(root, load(root))
        else:
            _start(root, os.environ.get("KOLLA_CONFIG_STRATEGY"))
    except (ConfigError, OSError) as error:
        report(error)
        return 1
    return 0


def _start(root: Root, strategy: Optional[str]) -> None:
    """Install the configuration, but with COPY_ONCE only at a container's first start."""
    if strategy not in ("COPY_ALWAYS", "COPY_ONCE"):
        raise ConfigError(f"KOLLA_CONFIG_STRATEGY is {strategy!r}, not COPY_ALWAYS or COPY_ONCE")
    once = root.path(ONCE)
    if strategy == "COPY_ONCE" and once.exists():
        report("the configuration is installed already and stays unchanged")
        return
    install(root, load(root))
    if strategy == "COPY_ONCE":
        once.touch(mode=0o600)
