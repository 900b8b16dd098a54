"""The lab's network: a bridge on the machine, and a veth pair, the cable, from it to each node."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from compiler.lab.cgroup import any_runs
from compiler.lab.place import Lab
from compiler.lab.system import LabError, run

_INTERFACES = Path("/sys/class/net")
_NO_IPV6 = Path("/proc/sys/net/ipv6/conf/default/disable_ipv6")


def build_bridge(lab: Lab) -> None:
    """Create the lab's bridge with the gateway's address, unless it exists.

    The bridge of another lab is taken over if nothing of that lab runs any more: its programs were killed,
    and `heatsink lab down` was never run for it.
    """
    if exists(lab.bridge):
        if _owner(lab) == str(lab.state):
            return
        if not is_free(lab):
            raise LabError(
                f"bridge `{lab.bridge}` belongs to {_owner(lab) or 'another program'}, not to {lab.state}",
                hint="choose another subnet, for example `--subnet 198.18.78`",
            )
        run(("ip", "link", "delete", lab.bridge))
    run(("ip", "link", "add", lab.bridge, "type", "bridge"))
    run(("ip", "link", "set", lab.bridge, "alias", lab.state))
    run(("ip", "addr", "add", f"{lab.gateway}/24", "dev", lab.bridge))
    if has_ipv6():
        # Without `nodad` the address cannot be used before the kernel has looked for duplicates.
        run(("ip", "addr", "add", f"{lab.gateway6}/64", "dev", lab.bridge, "nodad"))
    run(("ip", "link", "set", lab.bridge, "up"))


def has_ipv6() -> bool:
    """Whether the machine's kernel gives IPv6 addresses to interfaces."""
    return _NO_IPV6.exists() and _NO_IPV6.read_text().strip() == "0"


def is_free(lab: Lab) -> bool:
    """Whether no running lab, and no other program, uses the name of the lab's bridge.

    A bridge without an alias is not one of a lab.
    """
    return not exists(lab.bridge) or (bool(_owner(lab)) and not any_runs(lab.bridge))


def remove_bridge(lab: Lab) -> None:
    """Remove the lab's bridge, but not one of another lab."""
    if exists(lab.bridge) and _owner(lab) == str(lab.state):
        run(("ip", "link", "delete", lab.bridge))


def exists(interface: str) -> bool:
    """Whether the machine has a network interface of that name."""
    return (_INTERFACES / interface).exists()


def unplugged(interface: str) -> bool:
    """Whether an interface exists and is down; False if it disappears, as when its node reboots."""
    try:
        return not int((_INTERFACES / interface / "flags").read_text(), 16) & 1
    except OSError:  # removed, or being removed: the kernel then returns EINVAL
        return False


def switch(interface: str, state: Literal["up", "down"]) -> None:
    """Connect or disconnect a node's cable."""
    run(("ip", "link", "set", interface, state))


def remove(interface: str) -> None:
    """Remove a node's cable.

    The kernel removes it with the node's network namespace, but with a delay: a node that boots at once would
    find the name in use.
    """
    if exists(interface):
        try:
            run(("ip", "link", "delete", interface))
        except LabError:
            if exists(interface):
                raise


def _owner(lab: Lab) -> str:
    return (_INTERFACES / lab.bridge / "ifalias").read_text().strip()
