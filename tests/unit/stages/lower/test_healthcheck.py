"""The test of a health check, in all of its written forms, until an engine has it."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.node import Plain, expect_mapping, from_plain
from compiler.stages.emit.options import shell_text
from compiler.stages.emit.podman import health_command
from compiler.stages.lower.healthcheck import healthcheck, is_disabled
from compiler.stages.lower.keys import Keys
from tests.support.examples import examples


def keys(test: Plain) -> Keys:
    return Keys(expect_mapping(from_plain({"healthcheck": {"test": test}}, "web.yaml"), "a container"))


def read(test: Plain) -> str | tuple[str, ...] | None:
    check = healthcheck(keys(test))
    return check and check.test


@pytest.mark.parametrize(
    ("test", "meaning"),
    [
        (" curl  -f 'a  b'\n", "curl  -f 'a  b'"),
        (["bash", "-c", "a && b"], ("bash", "-c", "a && b")),
        (["CMD", "/bin/my check", "a b"], ("/bin/my check", "a b")),
        (["CMD", "CMD", 1], ("CMD", "1")),
        (["CMD-SHELL", "a && b"], "a && b"),
        (["NONE"], None),
    ],
)
def test_a_list_keeps_its_words_and_text_is_for_the_shell(test: Plain, meaning: object) -> None:
    assert read(test) == meaning


@pytest.mark.parametrize(
    "test", ["", " ", [], ["CMD"], ["CMD-SHELL"], ["CMD-SHELL", "a", "b"], ["NONE", "a"], "CMD curl", "NONE"]
)
def test_a_test_without_a_command_is_refused(test: Plain) -> None:
    with pytest.raises(CompileError, match="`test` of a health check"):
        read(test)


def test_only_none_switches_the_image_s_own_off() -> None:
    assert [is_disabled(keys(test)) for test in (["NONE"], ["CMD", "NONE"], ["true"])] == [True, False, False]


@pytest.mark.parametrize(
    ("test", "written"),
    [
        ("curl -f  'a'", "curl -f  'a'"),
        ("[ -e /run/up ]", '["CMD-SHELL", "[ -e /run/up ]"]'),
        ("null", '["CMD-SHELL", "null"]'),
        (("bash", "-c", "a\nb"), '["bash", "-c", "a\\nb"]'),
        (("/healthcheck",), "CMD /healthcheck"),
        (("/my check",), "'/my check'"),
        (("none", "a b"), """["CMD-SHELL", "none 'a b'"]"""),
    ],
)
def test_podman_reads_back_what_is_meant(test: str | tuple[str, ...], written: str) -> None:
    assert health_command(test) == written


@settings(max_examples=examples(15))
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=1))
def test_a_shell_gets_back_the_words(words: list[str]) -> None:
    text = shell_text(("printf", r"%s\0", *words))
    done = subprocess.run(("/bin/sh", "-c", text), capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words
