"""Settings of several services for one file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.model.service import Part
from compiler.node import Plain, from_plain, plain
from compiler.source import Source, Span
from compiler.stages.lower.contributions import merged

KEYS = st.sampled_from("abc")
SETTINGS = st.dictionaries(
    KEYS, st.recursive(st.sampled_from((1, True, "x", [])), lambda below: st.dictionaries(KEYS, below))
)


def part(settings: Plain, service: str) -> Part:
    return Part(
        service=service,
        path=("service_config_settings", "proxy", "etc/proxy.cfg"),
        node=from_plain(settings, f"{service}.yaml"),
        place=Span(Source(f"{service}.yaml"), 1, 1, 1, 1),
        places=(),
        shared=True,
    )


def joined(*settings: Plain) -> Plain:
    """All as one; null if two of them differ."""
    try:
        return plain(merged(part(each, f"service{index}") for index, each in enumerate(settings)))
    except CompileError:
        return None


@given(SETTINGS, SETTINGS, SETTINGS)
def test_the_order_of_services_does_not_matter(one: Plain, two: Plain, three: Plain) -> None:
    assert joined(one, two, three) == joined(three, one, two)


@given(SETTINGS)
def test_a_service_may_set_what_another_sets(settings: Plain) -> None:
    assert joined(settings, settings) == settings


def test_a_number_is_not_a_boolean() -> None:
    assert joined({"a": 1}, {"a": True}) is None
