"""How problems look to an operator."""

import pytest

from compiler.diagnostics import CompileError, HeatsinkError, Problem, Report, closest
from compiler.source import Source, Span

ROLE = Source("roles/Web.yaml", "name: Web\nServicesDefault:\n\t- Nignx\n- a:\n    b: c\n")


def test_one_line_is_shown_with_a_caret_under_each_character() -> None:
    problem = Problem("service `Web` is unknown", Span(ROLE, 1, 7, 1, 10), "did you mean `Wob`?")
    assert (
        problem.render()
        == """\
error: service `Web` is unknown
 --> roles/Web.yaml:1:7
  |
1 | name: Web
  |       ^^^
hint: did you mean `Wob`?"""
    )


def test_a_value_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    assert (
        Problem("too much", Span(ROLE, 2, 1, 5, 9)).render()
        == """\
error: too much
 --> roles/Web.yaml:2:1
  |
2 | ServicesDefault:
  | ^^^^^^^^^^^^^^^^"""
    )


def test_a_tab_is_one_column() -> None:
    assert (
        Problem("no tabs", Span(ROLE, 3, 4, 3, 9)).render()
        == """\
error: no tabs
 --> roles/Web.yaml:3:4
  |
3 |  - Nignx
  |    ^^^^^"""
    )


def test_the_margin_is_as_wide_as_the_line_number() -> None:
    source = Source("a.yaml", "\n" * 99 + "x: y")
    assert (
        Problem("odd", Span(source, 100, 4, 100, 5)).render()
        == """\
error: odd
   --> a.yaml:100:4
    |
100 | x: y
    |    ^"""
    )


def test_a_place_of_no_width_gets_one_caret() -> None:
    assert Problem("empty", Span(ROLE, 1, 1, 1, 1)).render().endswith("1 | name: Web\n  | ^")


def test_a_place_behind_the_text_is_named_without_an_excerpt() -> None:
    assert Problem("empty", Span(Source("a.yaml"), 1, 1, 1, 1)).render() == "error: empty\n --> a.yaml:1:1"


def test_a_problem_without_a_place_is_its_message_and_hint() -> None:
    assert Problem("no hosts", hint="name a role").render("warning") == "warning: no hosts\nhint: name a role"


def test_several_problems_stand_apart() -> None:
    error = HeatsinkError.of([Problem("one", hint="mend it"), Problem("two")])
    assert error.render() == "error: one\nhint: mend it\n\nerror: two"
    assert str(error) == "one"


def test_a_report_collects_errors_once_and_raises_them_together() -> None:
    report = Report()
    for message in ("one", "two", "one"):
        with report.collecting():
            raise CompileError(message)
    with pytest.raises(CompileError) as caught:
        report.check()
    assert [problem.message for problem in caught.value.problems] == ["one", "two"]


def test_a_report_without_errors_lets_pass_and_keeps_a_warning_once() -> None:
    report = Report()
    report.warn("old")
    report.warn("old")
    report.check()
    assert report.warnings == [Problem("old")]


def test_only_a_near_name_is_offered() -> None:
    services = ["OS::TripleO::Services::Memcached", "OS::TripleO::Services::Keystone"]
    assert closest("OS::TripleO::Services::Memcachd", services) == (
        "did you mean `OS::TripleO::Services::Memcached`?"
    )
    assert closest("OS::TripleO::Services::MySql", ["OS::TripleO::Services::MySQL"]) == (
        "did you mean `OS::TripleO::Services::MySQL`?"
    )
    assert closest("nothing like it", services) is None


def test_of_a_very_long_line_the_part_around_the_mark_is_shown() -> None:
    source = Source("a.yaml", "a" * 500 + "HERE" + "b" * 500)
    shown = Problem("odd", Span(source, 1, 501, 1, 505)).render().splitlines()
    assert shown[3] == f"1 | …{'a' * 50}HERE{'b' * 146}…"
    assert shown[4] == f"  | {' ' * 51}^^^^"
