"""What lets podman 4.3 run where CAP_SYS_RESOURCE is missing, as in many containers and virtual machines.

To a container with any limit it adds one of 4,194,304 processes; later podmans take what the machine allows.
https://github.com/containers/podman/blob/v4.3.1/pkg/specgen/generate/oci.go (addRlimits)
"""

from __future__ import annotations

from collections.abc import Iterator

_RUNTIME = "usr/local/bin/runc"
_LOWER_LIMIT = r"""#!/bin/bash
# runc; a container (--bundle) or a command in one (--process) gets no more processes than the machine has
most=$(ulimit -Hu)
for word; do
    case $before in
        --bundle) description=$word/config.json ;;
        --process) description=$word ;;
    esac
    before=$word
done
[ "$most" = unlimited ] || [ -z "$description" ] ||
    sed -Ei 's/("RLIMIT_NPROC","hard":)[0-9]+(,"soft":)[0-9]+/\1'"$most"'\2'"$most/" "$description"
exec /usr/bin/runc "$@"
"""


def files() -> Iterator[tuple[str, str]]:
    """Files of a node: path below its root, and text."""
    yield _RUNTIME, _LOWER_LIMIT
    yield (
        "etc/containers/containers.conf.d/lab.conf",
        f'[engine]\nruntime = "runc"\n\n[engine.runtimes]\nrunc = ["/{_RUNTIME}"]\n',
    )
