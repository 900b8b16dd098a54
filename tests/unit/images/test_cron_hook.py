"""The hook of the image cron: when logs are rotated."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from compiler.shipped import folder

HOOK = folder("images") / "cron/extend_start.sh"


def started(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The hook with a folder in place of /, where an earlier start has left an hourly job."""
    for period in ("hourly", "daily"):
        (tmp_path / f"etc/cron.{period}").mkdir(parents=True)
    (tmp_path / "etc/cron.hourly/rotate_logs").symlink_to("/usr/local/bin/rotate_logs")
    script = HOOK.read_text().replace("/etc/", f"{tmp_path}/etc/").replace("/var/", f"{tmp_path}/var/")
    return subprocess.run(
        ("bash", "-euo", "pipefail", "-c", script),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def jobs(tmp_path: Path) -> list[str]:
    return [str(job.relative_to(tmp_path / "etc")) for job in tmp_path.glob("etc/*/*")]


@pytest.mark.parametrize("environment", [{}, {"KOLLA_LOGROTATE_SCHEDULE": "daily"}])
def test_logs_are_rotated_once_a_day_unless_another_schedule_is_set(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    started(tmp_path, **environment)
    assert jobs(tmp_path) == ["cron.daily/rotate_logs"]


def test_logs_are_rotated_every_hour(tmp_path: Path) -> None:
    started(tmp_path, KOLLA_LOGROTATE_SCHEDULE="hourly")
    assert jobs(tmp_path) == ["cron.hourly/rotate_logs"]


def test_a_schedule_that_cron_lacks_stops_the_start(tmp_path: Path) -> None:
    done = started(tmp_path, KOLLA_LOGROTATE_SCHEDULE="often")
    assert (done.returncode, "is 'often', not hourly" in done.stderr) == (1, True)
