"""A plan, as the host program reports it, in lines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any


def plan_lines(plan: Mapping[str, Any], carried: Collection[str]) -> Iterator[str]:
    """What would change; nothing if nothing would. `carried` are the images that need no registry."""
    for path in plan["writes"]:
        yield f"  {'add' if path in plan['added'] else 'write'} {path}"
    yield from (f"  remove {path}" for path in plan["removals"])
    yield from (f"  {'load' if image in carried else 'pull'} image {image}" for image in plan["pulls"])
    yield from (f"  make volume {name}" for name in plan["volumes"])
    yield from (f"  {unit['action']} {unit['unit']} ({unit['why']})" for unit in plan["units"])
    yield from (f"  {item['what']} {item['name']}" for item in plan["consents"])
    yield from (f"  no rollback undoes: {item['what']} {item['name']}" for item in plan["irreversible"])
