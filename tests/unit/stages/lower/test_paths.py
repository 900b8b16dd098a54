"""Files of the operating system, by their paths."""

from __future__ import annotations

import pytest

from compiler.diagnostics import CompileError
from compiler.source import Source, Span
from compiler.stages.lower.paths import check_owner

PLACE = Span(Source("web.yaml", ""), 1, 1, 1, 1)


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "/etc/passwd-", "/etc/rc3.d/x", "/usr/bin/sh", "/usr/lib64", "/bin", "/etc/ssh/"),
        *("//etc/ssh", "/srv/../etc/ssh/x", "/etc//ssh", "/etc/./ssh", "/etc/sudoers.d/a\nb"),
    ],
)
def test_a_file_of_the_system_is_not_replaced(path: str) -> None:
    with pytest.raises(CompileError, match="belongs to the operating system"):
        check_owner(path, PLACE, take_over=False)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/web",
        "/etc/sshd",
        "/etc/rc3/x.d",
        "/usr/local/bin/x",
        "/var/lib/web",
        "/srv/etc/passwd",
        "/etc/pamXconf",
    ],
)
def test_any_other_file_is_written(path: str) -> None:
    check_owner(path, PLACE, take_over=False)
