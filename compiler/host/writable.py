"""Which paths of a host a bundle may write. Compiling and installing ask the same functions."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from . import layout

WRITABLE = ("/etc/", "/opt/", "/srv/", "/usr/local/", "/var/lib/")
OWN = (
    *(layout.HOME, layout.ETC_HOSTS, layout.RECOVERY, layout.RECOVERY_LINK),
    os.path.dirname(layout.PROGRAM),  # noqa: PTH120 - a path of the host
)

# Who may log in and become whom. No bundle replaces these, whatever a template says.
_ACCOUNTS = """
/etc/passwd* /etc/shadow* /etc/group* /etc/gshadow* /etc/subuid* /etc/subgid*
/etc/sudoers* /etc/pam.d /etc/pam.conf /etc/security
"""
# What a distribution installs and others rely on: how the system boots, where its software comes from, and
# units that are not heatsink's.
_OF_THE_SYSTEM = f"""{_ACCOUNTS}
/etc/ssh /etc/polkit-1 /etc/login.defs /etc/nsswitch.conf /etc/shells /etc/securetty /etc/krb5.conf
/etc/fstab /etc/crypttab /etc/hostname /etc/hosts /etc/machine-id /etc/resolv.conf
/etc/environment /etc/profile* /etc/bash* /etc/ld.so.* /etc/motd /etc/default
/etc/cron* /etc/init.d /etc/rc*.d /etc/systemd /etc/udev /etc/dbus-1 /etc/containers
/etc/docker /etc/modprobe.d /etc/modules* /etc/sysctl* /etc/sysusers.d /etc/tmpfiles.d
/etc/apt /etc/dpkg /etc/yum* /etc/dnf /etc/pki /etc/ssl /etc/ca-certificates*
/etc/network /etc/netplan /etc/NetworkManager /etc/selinux /etc/apparmor* /etc/grub*
/bin /boot /efi /lib* /root /sbin /usr/[!l]* /usr/lib* /var/lib/dpkg
/var/lib/rpm /var/lib/systemd /var/spool/cron
"""


class PathRefusal(NamedTuple):
    """Why a bundle may not write a path, and what to do next."""

    message: str
    hint: str


def refusal(path: str, *, takes_over: bool) -> PathRefusal | None:
    """Why a file of a template may not have this path; None if it may."""
    if not is_plain(path) or not path.startswith(WRITABLE) or _is_below(path, OWN):
        return PathRefusal(f"a bundle must not install `{path}`", f"allowed folders: {', '.join(WRITABLE)}")
    if _is_below(path, (layout.UNITS, layout.QUADLETS)) or is_emitted(path):
        return PathRefusal(_of_the_system(path), "only heatsink's own units may be there")
    return system_refusal(path, takes_over=takes_over)


def system_refusal(path: str, *, takes_over: bool) -> PathRefusal | None:
    """Why a template may not write a path, as far as the operating system has to do with it."""
    if not f"/{path.lstrip('/')}".startswith(_BEGINNINGS):  # so it is with most: no pattern is compiled
        return None
    if re.fullmatch(_ACCOUNT, path):
        return PathRefusal(_of_the_system(path), "no bundle replaces files that decide who may log in")
    return replaceable(path) if not takes_over and re.fullmatch(_SYSTEM, path) else None


def replaceable(path: str) -> PathRefusal:
    """Why a template may not write a file of the operating system unless it takes it over."""
    return PathRefusal(_of_the_system(path), "to replace it, set `take_over: true`")


def is_above_the_system(path: str) -> bool:
    """Whether files of the operating system are somewhere below this folder."""
    return path in _ABOVE


def is_plain(path: str) -> bool:
    """Whether a path is absolute, normalised and without control characters."""
    return path.startswith("/") and os.path.normpath(path) == path and path.isprintable()


def is_emitted(path: str) -> bool:
    """Whether heatsink itself writes a file of this path, and nobody else has a reason to."""
    return re.fullmatch(_EMITTED, path) is not None


def is_unit_name(name: str) -> bool:
    """Whether a unit of heatsink may have this name."""
    return re.fullmatch(_UNIT, name) is not None


def is_emitted_link(path: str, target: str) -> bool:
    """Whether heatsink writes such a link: a target's to a unit of its own, or another name of one."""
    if enabled := re.fullmatch(_ENABLED, path):
        return target == f"../{enabled['unit']}"
    return re.fullmatch(_ALIAS, path) is not None and is_unit_name(target)


def _of_the_system(path: str) -> str:
    return f"`{path}` belongs to the operating system"


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _expression(patterns: str) -> str:
    """What matches the paths of some patterns of a shell, and all paths below them."""
    expression = patterns.replace(".", r"\.").replace("*", "[^/]*").replace("[!", "[^")
    return f"(?s:/?(?:{'|'.join(expression.split())})(?:/.*)?)"


_ACCOUNT, _SYSTEM = _expression(_ACCOUNTS), _expression(_OF_THE_SYSTEM)
_BEGINNINGS = tuple(re.split(r"[*\[]", pattern)[0] for pattern in _OF_THE_SYSTEM.split())
_ABOVE = frozenset(
    pattern[:end] or "/"
    for pattern in _OF_THE_SYSTEM.split()
    for end, character in enumerate(pattern)
    if character == "/"
)

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"  # of a container, a family, a volume
_CONTAINER = rf"(?!(?:{'|'.join(layout.OWN_SERVICES)})\.){NAME}"
_UNIT = rf"heatsink(?:-{_CONTAINER}\.(?:service|timer)|(?:-{NAME})?\.target)"
_SINGLE = (
    *(layout.TMPFILES, layout.SYSCTL, layout.MODULES, layout.SYSUSERS),
    *(layout.PODMAN_SETTINGS, layout.HOSTS),
)
_EMITTED = "|".join(
    (
        rf"{layout.UNITS}/{_UNIT}",
        rf"{layout.OWN_QUADLETS}/heatsink-{_CONTAINER}\.container",
        rf"{layout.ENVIRONMENTS}/{NAME}\.env",
        rf"{layout.NETWORKS}/[0-9]{{2}}-heatsink-{NAME}\.(?:netdev|network|link)",
        rf"{layout.NETWORKS}/{NAME}\.network\.d/heatsink-{NAME}\.conf",
        *map(re.escape, _SINGLE),
    )
)
_ENABLED = (
    rf"{layout.UNITS}/(?:multi-user|heatsink(?:-{NAME})?)\.target\.(?:wants|requires)/(?P<unit>{_UNIT})"
)
_ALIAS = rf"{layout.UNITS}/(?!heatsink[-.])[A-Za-z0-9:_.\\-]{{1,247}}\.service"
