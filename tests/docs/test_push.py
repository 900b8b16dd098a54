"""docs/push.md shows the message of a unit that does not come up as a push writes it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support.bundles import service
from tests.support.host_folder import SYSTEMCTL, HostFolder, host_folder

PAGE = (Path(__file__).parents[2] / "docs" / "push.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```\n(error: (\S+): `heatsink-(\S+)\.service` .*?)```$", re.M | re.S)
JOURNALCTL = "#!/bin/sh\necho '{}'\n"


def test_a_unit_that_systemd_restarts_too_often_is_reported_as_on_the_page(tmp_path: Path) -> None:
    block = BLOCK.search(PAGE)
    assert block is not None
    (line,) = re.findall(r"^  \| (.*)$", block[1], re.M)
    host = host_folder(tmp_path)
    restarts_units(host, line)
    host.writes(service(block[3]))
    error = host.push().error
    assert error is not None
    assert error.render().replace("localhost", block[2]) + "\n" == block[1]


def restarts_units(host: HostFolder, line: str) -> None:
    """Every unit that starts is restarted by systemd again and again, and writes this line to the journal."""
    systemctl = SYSTEMCTL.replace("state=active ", "state=activating ").replace("NRestarts=0", "NRestarts=5")
    (host.folder / "bin" / "systemctl").write_text(systemctl)
    journalctl = host.folder / "bin" / "journalctl"
    journalctl.write_text(JOURNALCTL.format(json.dumps({"MESSAGE": line})))
    journalctl.chmod(0o755)
