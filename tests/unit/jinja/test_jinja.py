"""Jinja2 templates: what they make, what they are refused, and where an error is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import CompileError
from compiler.jinja import MAX_LENGTH, render
from compiler.source import Source


def text(template: str, *search: Path, **variables: object) -> str:
    return render(Source("app.conf.j2", template), variables, search=search)


def problem(template: str, *search: Path, **variables: object) -> str:
    with pytest.raises(CompileError) as raised:
        text(template, *search, **variables)
    return raised.value.render()


def test_lines_that_only_hold_a_block_leave_no_trace() -> None:
    template = (
        "a = {{ a }}\n{% for host in hosts %}\n  {% if a %}\nserver {{ host }}\n  {% endif %}\n{% endfor %}\n"
    )
    assert text(template, a=1, hosts=["one", "two"]) == "a = 1\nserver one\nserver two\n"


def test_something_undefined_is_shown_where_it_stands() -> None:
    assert problem("x = 1\ny = {{ nope }}\n") == (
        "error: `nope` is undefined\n"
        " --> app.conf.j2:2:8\n"
        "  |\n"
        "2 | y = {{ nope }}\n"
        "  |        ^^^^"
    )  # fmt: skip


def test_a_filter_or_a_test_that_was_meant_is_named() -> None:
    assert problem("{{ 'A' | lowr }}").endswith("\nhint: did you mean `lower`?")
    assert problem("{{ 1 is numbr }}").endswith("\nhint: did you mean `number`?")
    assert "hint: " not in problem("{{ [1] | randm }}")  # nothing here is random


def test_an_error_in_an_included_file_is_shown_there(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("\n{{ nope }}\n")
    assert f"--> {tmp_path}/part.j2:2:4" in problem("{% include 'part.j2' %}", tmp_path)


def test_what_is_not_jinja_is_shown_where_it_ends() -> None:
    assert " --> app.conf.j2:2:1\n" in problem("one\n{% if %}\n")


@pytest.mark.parametrize("path", ["../secret.j2", "parts/../../secret.j2", "/etc/passwd"])
def test_an_include_cannot_leave_the_template_folders(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.j2").write_text("secret")
    folder = tmp_path / "templates"
    folder.mkdir()
    assert f"template `{path}`" in problem(f"{{% include '{path}' %}}", folder)


@pytest.mark.parametrize(
    "escape",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ function.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ 1 | attr('__class__') }}",
    ],
)
def test_a_template_that_tries_to_escape_the_sandbox_is_refused(escape: str) -> None:
    assert "unsafe" in problem(escape, function=text)


@pytest.mark.parametrize(
    "bomb",
    [
        "{{ 'x' * 10 ** 10 }}",
        "{{ ('x' * 999999) | wordwrap(1) }}",
        "{{ ['x'] * 10 ** 10 }}",
        "{{ 9 ** 1000000 }}",
        "{{ 'x'.ljust(10 ** 10) }}",
        "{{ 'x' | center(10 ** 10) }}",
        "{{ 'x' | indent(10 ** 10, true) }}",
        "{{ '%01000000000d' % 1 }}",
        "{{ '%*d' % (10 ** 9, 1) }}",
        "{{ '%01000000000d' | format(1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=10 ** 9) }}",
        "{{ ('a' * 10000).replace('a', 'b' * 10000) }}",
        "{{ range(100000) | map('center', 100000) | join }}",
        "{{ [1] | tojson(indent=10 ** 9) }}",
        "{{ range(10 ** 9) | list }}",
        "{% for i in range(10 ** 5) %}{% for j in range(10 ** 5) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(x='x' * 1000) %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='x' * 1000) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{% set big %}{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}{% endset %}",
    ],
)
def test_a_template_that_makes_gigabytes_is_refused(bomb: str) -> None:
    assert "the template exceeds a limit" in problem(bomb)


DOUBLED = (
    "{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ @ }}"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "use",
    ["n.x | string", "n.x", "n.x == n.x[:]", "{n.x: 1}", "{}[n.x]", "'%s' % (n.x,)", "'{}'.format(n.x)",
     "n.x ~ 1", "[n.x, n.x] | unique | list", "[n.x] | tojson", "[n.x] | pprint"],
)  # fmt: skip
def test_a_value_that_contains_itself_many_times_is_not_walked_over(use: str) -> None:
    assert "a value of more than 1,000,000 parts" in problem(DOUBLED.replace("@", use))


@pytest.mark.slow
@pytest.mark.parametrize(
    "endless",
    [
        "{% for a in many %}{% for b in many %}{% for c in many %}{% endfor %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% for i in range(100000) %}{% set y = 'a' in 'b' * 1000000 %}{% endfor %}",
        "{% for i in range(100000) %}{% set y = ('b' * 1000000)[1:] %}{% endfor %}",
        "{% for i in range(100000) %}{% set y = ('b' * 1000000).split('b') %}{% endfor %}",
        "{% set l = [1] %}{% for i in range(60) %}{% set _ = l.extend(l) %}{% endfor %}",
        "{{ range(900000) | list | sort | length }}",
    ],
)
def test_a_template_that_takes_too_many_steps_ends(endless: str) -> None:
    assert "the template exceeds a limit" in problem(endless, many=["x"] * 1000)


def test_a_precision_of_a_billion_digits_is_refused() -> None:
    assert "a precision of thousands of digits" in problem("{{ 1.5 | round(10 ** 9, 'ceil') }}")


@pytest.mark.parametrize("chance", ["range(10) | random", "lipsum()"])
def test_templates_have_no_chance(chance: str) -> None:
    assert "random" in problem(f"{{{{ {chance} }}}}") or "undefined" in problem(f"{{{{ {chance} }}}}")


@pytest.mark.parametrize(
    "value", ["names | map('upper')", "'a'.upper", "range", "cycler('a')", "namespace()"]
)
def test_what_would_print_an_address_is_refused(value: str) -> None:
    assert "which is not a value" in problem(f"{{{{ {value} }}}}", names=["a"])


def test_an_include_cannot_follow_a_link_out_of_the_template_folders(tmp_path: Path) -> None:
    (tmp_path / "secret.j2").write_text("secret")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "link.j2").symlink_to("../secret.j2")
    assert f"`{folder}/link.j2` is a link to `{tmp_path}/secret.j2`" in problem(
        "{% include 'link.j2' %}", folder
    )


def test_an_include_may_follow_a_link_inside_the_template_folders(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("part")
    (tmp_path / "link.j2").symlink_to("part.j2")
    assert text("{% include 'link.j2' %}", tmp_path) == "part"


def test_what_configuration_files_really_do_is_not_refused() -> None:
    assert text(
        "{{ '%5.2f' % 2.5 }} {{ '{} {:>8}'.format(1700000000, 5) }} {{ [8000000, 9] | join(',') }}"
    ) == (" 2.50 1700000000        5 8000000,9")


def test_a_long_value_is_not_refused() -> None:
    assert len(text("{{ value }}", value="x" * (MAX_LENGTH - 1))) == MAX_LENGTH - 1


def test_templates_that_include_one_another_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.j2").write_text("{% include 'a.j2' %}")
    assert "endlessly" in problem("{% include 'a.j2' %}", tmp_path)


def test_an_error_that_a_function_of_ours_raises_gets_the_templates_place() -> None:
    def parent(name: str) -> str:
        raise CompileError(f"there is no image `{name}`", hint="did you mean `base`?")

    assert problem("FROM {{ parent('bsae') }}", parent=parent).splitlines()[1] == " --> app.conf.j2:1:1"


@pytest.mark.parametrize("block", ["{% if 1 %}x{% endif %}", "{% for i in [1] %}x{% endfor %}"])
def test_blocks_that_are_nested_too_deeply_are_refused(block: str) -> None:
    start, end = block.split("x")
    assert "nested too deeply" in problem(start * 120 + end * 120)
