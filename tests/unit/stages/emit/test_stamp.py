"""The stamps of run-once containers: they change with what runs, and with nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import field, fields, make_dataclass, replace

from compiler.model.container import Container, Kind
from compiler.stages.emit.stamp import CONSTANT, FIRST_FIELDS, meaning

JOB = Container(name="job", service="web", kind=Kind.RUN_ONCE, step=3, command=("migrate",))


def test_the_meaning_is_that_of_the_first_release() -> None:
    digest = hashlib.sha256(meaning(replace(JOB, tty=True)).encode()).hexdigest()
    assert digest == "e0df9c7e39a059bca85a0dca6c3cdb0687d6f6ddd8239ffc22373e4e90a4228b"


def test_a_field_of_a_later_release_counts_where_it_differs_from_its_default() -> None:
    added = [("shm_size", str, field(default="64m"))]
    later = make_dataclass("Container", added, bases=(Container,), frozen=True, slots=True, kw_only=True)
    values = {each.name: getattr(JOB, each.name) for each in fields(JOB)}
    assert meaning(later(**values)) == meaning(JOB)
    assert meaning(later(**values, shm_size="1g")) != meaning(JOB)


def test_a_field_that_is_gone_has_a_constant() -> None:
    assert set(FIRST_FIELDS) - {each.name for each in fields(Container)} <= set(CONSTANT)


def test_documentation_changes_nothing() -> None:
    assert meaning(replace(JOB, documentation=("man:job(1)",))) == meaning(JOB)


def test_names_and_order_of_other_units_change_nothing() -> None:
    other = replace(
        JOB, alias="tripleo_job.service", after=("db",), requires=("db",), sources=("a.yaml:1 x",)
    )
    assert meaning(other) == meaning(JOB)
