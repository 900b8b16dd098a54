"""Which paths of a host a template may write to."""

from __future__ import annotations

import posixpath
import re
from functools import reduce
from pathlib import PurePosixPath

from compiler.diagnostics import CompileError
from compiler.host.layout import WRITABLE, is_writable
from compiler.source import Span

# What a distribution installs and others rely on: who may log in and become whom, how the system boots and
# where its software comes from, and units that are not heatsink's.
_OF_THE_SYSTEM = """
/etc/passwd* /etc/shadow* /etc/group* /etc/gshadow* /etc/subuid* /etc/subgid*
/etc/sudoers* /etc/ssh /etc/pam.d /etc/pam.conf /etc/security /etc/polkit-1
/etc/login.defs /etc/nsswitch.conf /etc/shells /etc/securetty /etc/krb5.conf
/etc/fstab /etc/crypttab /etc/hostname /etc/hosts /etc/machine-id /etc/resolv.conf
/etc/environment /etc/profile* /etc/bash* /etc/ld.so.* /etc/motd /etc/default
/etc/cron* /etc/init.d /etc/rc*.d /etc/systemd /etc/udev /etc/dbus-1 /etc/containers
/etc/docker /etc/modprobe.d /etc/modules* /etc/sysctl* /etc/sysusers.d /etc/tmpfiles.d
/etc/apt /etc/dpkg /etc/yum* /etc/dnf /etc/pki /etc/ssl /etc/ca-certificates*
/etc/network /etc/netplan /etc/NetworkManager /etc/selinux /etc/apparmor* /etc/grub*
/bin /boot /efi /lib* /root /sbin /usr/[!l]* /usr/lib* /var/lib/dpkg
/var/lib/rpm /var/lib/systemd /var/spool/cron
"""
_WILDCARDS = (".", r"\."), ("*", "[^/]*"), ("[!", "[^")  # a pattern of a shell as a regular expression


def _expression(pattern: str) -> str:
    return reduce(lambda text, pair: text.replace(*pair), _WILDCARDS, pattern)


_FOREIGN = re.compile(f"/?(?:{'|'.join(map(_expression, _OF_THE_SYSTEM.split()))})(?:/.*)?", re.DOTALL)


_ABOVE = frozenset(str(parent) for path in _OF_THE_SYSTEM.split() for parent in PurePosixPath(path).parents)


def check_artifact(path: str, place: Span, *, take_over: bool) -> None:
    """Raise CompileError for a path that hosts refuse, or a file of others that is not taken over."""
    if not is_writable(path):
        hint = f"allowed folders: {', '.join(WRITABLE)}"
        raise CompileError(f"a bundle must not install `{path}`", place, hint)
    check_owner(path, place, take_over=take_over)


def check_owner(path: str, place: Span, *, take_over: bool, is_recursive: bool = False) -> None:
    """Raise CompileError for a path, or a pattern of tmpfiles.d(5), that reaches files of the distribution.

    With `is_recursive`, everything below counts as well.
    """
    fixed = re.split(r"[*?\[]", path)[0]
    folder = posixpath.normpath(path if fixed == path else posixpath.dirname(fixed))
    reaches = folder in _ABOVE and (fixed != path or is_recursive)
    if not take_over and (reaches or _is_foreign(folder)):
        raise CompileError(
            f"`{path}` belongs to the operating system", place, "to replace it, set `take_over: true`"
        )


def _is_foreign(path: str) -> bool:
    """Whether the path, or a folder above it, is one of others."""
    return _FOREIGN.fullmatch(posixpath.normpath(path)) is not None
