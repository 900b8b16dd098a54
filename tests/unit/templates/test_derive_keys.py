"""The keys that hosts of Keystone derive, each for itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

SCRIPT = Path(__file__).parents[3] / "templates/keystone/derive-keys.py"


def script() -> ModuleType:
    module = ModuleType("derive_keys")
    SourceFileLoader("derive_keys", str(SCRIPT)).exec_module(module)
    return module


DERIVE = script()


def signs_with(keys: Mapping[int, bytes]) -> bytes:
    return keys[max(keys)]


@given(
    secret=st.text(min_size=1),
    period=st.integers(10, 10**6),
    count=st.integers(3, 9),
    ahead=st.integers(-1, 1),
)
def test_hosts_accept_the_tokens_of_one_another(secret: str, period: int, count: int, ahead: int) -> None:
    keys, others = (DERIVE.fernet_keys(secret, each, count) for each in (period, period + ahead))
    assert signs_with(others) in keys.values()


@given(period=st.integers(10, 10**6), count=st.integers(3, 9))
def test_a_token_is_accepted_for_as_many_periods_as_there_are_earlier_keys(period: int, count: int) -> None:
    signed = signs_with(DERIVE.fernet_keys("secret", period, count))
    accepted = [
        signed in DERIVE.fernet_keys("secret", period + later, count).values() for later in range(count)
    ]
    assert accepted == [True] * (count - 1) + [False]


@given(secret=st.text(min_size=1), period=st.integers(10, 10**6), count=st.integers(3, 9))
def test_every_key_is_32_bytes_and_another(secret: str, period: int, count: int) -> None:
    keys = DERIVE.fernet_keys(secret, period, count)
    assert len(set(keys.values())) == len(keys) == count
    assert {len(base64.urlsafe_b64decode(key)) for key in keys.values()} == {32}


def test_a_folder_has_exactly_the_keys(tmp_path: Path) -> None:
    (tmp_path / "1").write_text("of an earlier keystone-manage")
    DERIVE.write(tmp_path, {0: b"next", 7: b"now"})
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"0": b"next", "7": b"now"}
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_a_key_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    DERIVE.write(tmp_path, {0: b"next", 7: b"now"})
    before = (tmp_path / "7").stat().st_ino
    DERIVE.write(tmp_path, {0: b"after", 7: b"now", 8: b"next"})
    assert (tmp_path / "7").stat().st_ino == before
