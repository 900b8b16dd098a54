"""Everything on a node that a push may change, as text: before and after can be compared."""

from __future__ import annotations

from compiler.lab import LabNode

# The lock is emptied after each use.
_LOOK = """
places="/etc /var/lib/config-data /var/lib/heatsink /usr/local /srv"
find $places -xdev ! -path /var/lib/heatsink/lock {without} -printf '%p %y %m %u:%g %l\\n' 2>&- | sort
find $places -xdev -type f ! -path /var/lib/heatsink/lock {without} -exec sha256sum {{}} + 2>&- | sort
systemctl show --property=Id,InvocationID,ActiveState --no-pager 'heatsink*' '*.timer' 'own*' |
    awk 'BEGIN {{RS = ""}} {{gsub("\\n", " "); print}}' | sort
{engine} ps --all --no-trunc --format '{{{{.Names}}}} {{{{.ID}}}}'
{engine} volume ls --format '{{{{.Name}}}}'
{engine} images --no-trunc --format '{{{{.Repository}}}}:{{{{.Tag}}}} {{{{.ID}}}}' | sort
ls -A /var/tmp /tmp | grep -v '^systemd-private' || true
"""


def footprint(node: LabNode, without: str = "") -> str:
    """Files, links and folders with mode, owner and digest; units and since when they run; what the engine
    has. Without what is below a folder, if one is named."""
    left_out = f"! -path '{without}' ! -path '{without}/*'" if without else ""
    return node.run(("sh", "-c", _LOOK.format(engine=node.engine, without=left_out)))
