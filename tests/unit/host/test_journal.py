"""What a message shows of a unit's journal: what its program and systemd say, without the engines' noise."""

from __future__ import annotations

import json

from tests.support.bundles import service
from tests.support.host_folder import HostFolder

ENTRIES = [
    {"MESSAGE": "container create 0f (image=web:1, name=web)", "PODMAN_EVENT": "create"},
    {"MESSAGE": "0" * 64},
    {"MESSAGE": "conmon 0123456789abcdef0123 <nwarn>: runtime stderr: setrlimit"},
    {"MESSAGE": "web"},
    {"MESSAGE": "Error: crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted"},
    {"MESSAGE": [27, 91]},
    {"MESSAGE": "heatsink-web.service: Main process exited, code=exited, status=126/n/a"},
    *(
        {"MESSAGE": f"heatsink-web.service: Killing process {n} (conmon) with signal SIGKILL."}
        for n in range(9)
    ),
    {"MESSAGE": "heatsink-web.service: Failed with result 'exit-code'."},
]


def test_the_reason_is_not_lost_among_what_engines_and_systemd_say(host: HostFolder) -> None:
    (host.folder / "bin/entries").write_text("\n".join(map(json.dumps, ENTRIES)))
    host.installs("journalctl", 'cat "${0%/*}/entries"')
    host.shows("web", ActiveState="failed")
    host.writes(service("web", container="web"))
    error = host.push().error
    assert error
    assert [line for line in error.render().splitlines() if line.startswith("  | ")] == [
        "  | Error: crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted",
        "  | heatsink-web.service: Main process exited, code=exited, status=126/n/a",
        "  | heatsink-web.service: Failed with result 'exit-code'.",
    ]
