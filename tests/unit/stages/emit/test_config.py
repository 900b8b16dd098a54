"""Configuration files: what is written is read back the same by those who will read it."""

from __future__ import annotations

import base64
import configparser
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.host.manifest import with_secrets
from compiler.model.artifact import File
from compiler.model.config import ConfigFile, Format
from compiler.node import Plain, plain
from compiler.node.yaml import parse
from compiler.source import Source, Span
from compiler.stages.emit import config

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
SCALAR = st.one_of(
    TEXT, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)
)
VALUE = st.recursive(
    SCALAR, lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXT, inner)), max_leaves=12
)
KEY = st.from_regex(r"[A-Za-z_/.][A-Za-z0-9_/.-]*", fullmatch=True)
ENTRY = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)


@given(VALUE)
def test_yaml_is_read_back_as_it_was(value: Plain) -> None:
    node = parse(Source("it.yaml", config.yaml(value)))
    assert node is not None
    assert plain(node) == value


@given(VALUE)
def test_json_is_read_back_as_it_was(value: Plain) -> None:
    assert json.loads(config.json(value)) == value


@given(st.dictionaries(KEY, st.dictionaries(KEY, ENTRY)))
def test_ini_is_read_back_as_it_was(sections: dict[str, dict[str, str]]) -> None:
    parser = configparser.RawConfigParser(strict=True, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(config.ini(sections))
    assert {name: dict(parser.items(name)) for name in parser.sections()} == sections


def test_ini_speaks_as_oslo_config_and_my_cnf_do() -> None:
    value: Plain = {
        "above": 1,
        "mysqld": {"skip-name-resolve": None, "bind": ["::1", "127.0.0.1"], "on": True, "text": "a\nb\n"},
    }
    assert config.ini(value) == (
        "above = 1\n\n[mysqld]\nskip-name-resolve\nbind = ::1\nbind = 127.0.0.1\non = true\ntext = a\n    b\n"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "an INI file must be a mapping of sections"),
        ({"a": {"b": {}}}, "must be text, a number, a boolean"),
        ({"a": {"b": "c\rd"}}, "control character"),
        ({"a": {"b": "c\n\nd"}}, "empty line"),
        ({"a": {"b=c": 1}}, "is not a valid key"),
        ({"a": {"[b": 1}}, "is not a valid key"),
        ({"a": {"b\nc": 1}}, "is not a valid key"),
    ],
)
def test_ini_refuses_what_would_be_read_differently(value: Plain, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config.ini(value)


def test_json_has_no_word_for_infinity() -> None:
    with pytest.raises(ValueError, match="JSON"):
        config.json({"a": float("inf")})


def test_a_file_that_cannot_be_spelled_is_named() -> None:
    with pytest.raises(CompileError, match=r"`/etc/it\.ini`: an INI file must be a mapping"):
        config.config_file(config_file(Format.INI, [], "/etc/it.ini"))


@pytest.mark.parametrize("spelling", [Format.YAML, Format.JSON])
def test_a_secret_in_data_is_coded_as_text_of_json(spelling: Format) -> None:
    file = config_file(spelling, {"url": "db://u:@{heatsink:secret:Key|url}@h"}, "/etc/it")
    made = config.config_file(replace(file, secrets=frozenset({"Key"})))
    assert b"@{heatsink:secret:Key|url|json}" in made.content
    assert (made.mode, made.sensitive, made.secrets) == (0o600, True, {"Key"})


def config_file(spelling: Format, value: Plain, path: str) -> ConfigFile:
    source = Source("it.yaml", "")
    return ConfigFile(path=path, format=spelling, value=value, source=source, place=Span(source, 1, 1, 1, 1))


def written(format_: Format, value: Plain, *sources: str) -> File:
    source = Source("it.yaml", value if isinstance(value, str) else "")
    place = Span(source, 1, 1, 1, 1)
    return config.config_file(
        ConfigFile(path="/it", format=format_, value=value, source=source, sources=sources, place=place)
    )


@pytest.mark.parametrize(
    ("format_", "value"),
    [
        (Format.INI, {"DEFAULT": {"port": 80}}),
        (Format.YAML, {"port": 80}),
        (Format.TEMPLATE, "# {{ heatsink_managed }}\nport 80\n"),
    ],
)
def test_where_a_file_comes_from_is_its_header_and_means_nothing(format_: Format, value: Plain) -> None:
    one, two = written(format_, value, "a.yaml"), written(format_, value, "a.yaml", "b\n.yaml")
    assert two.content.startswith(b"# Managed by heatsink, from a.yaml, b?.yaml\n")
    assert (one.sha256 == two.sha256, one.meaning == two.meaning) == (False, True)


def test_a_file_in_a_format_without_comments_has_no_header() -> None:
    assert written(Format.JSON, {"port": 80}, "a.yaml").content == b'{\n  "port": 80\n}\n'


@given(
    st.text(st.characters(codec="utf-8", exclude_characters=":\0")),
    st.text(st.characters(codec="utf-8", exclude_characters="\0")),
)
def test_a_login_is_what_engines_read_in_auth_files(user: str, password: str) -> None:
    whole = login(user, password)
    inserted = with_secrets(login(user, "@{heatsink:secret:Key}").encode(), {"Key": password}).decode()
    for text in (whole, inserted):
        name, _, rest = base64.b64decode(text).decode().partition(":")
        assert (name, rest.strip("\0")) == (user, password)


def test_a_login_of_more_than_one_secret_is_refused() -> None:
    with pytest.raises(CompileError, match="the password of a login must be one secret, or none"):
        login("ann", "@{heatsink:secret:Key}@{heatsink:secret:Key}")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_text_and_the_value_of_a_secret_are_encoded_the_same(text: str) -> None:
    inserted = with_secrets(encoded("@{heatsink:secret:Key}").encode(), {"Key": text}).decode()
    assert inserted == encoded(text) == base64.b64encode(text.encode()).decode()


def test_a_text_with_a_secret_in_it_cannot_be_encoded() -> None:
    with pytest.raises(CompileError, match="a text for `base64` must be one secret, or hold none"):
        encoded("key: @{heatsink:secret:Key}")


def login(user: str, password: str) -> str:
    return rendered("{{ basic_auth(user, password) }}", user=user, password=password)


def encoded(text: str) -> str:
    return rendered("{{ base64(text) }}", text=text)


def rendered(template: str, **variables: Plain) -> str:
    file = replace(
        config_file(Format.TEMPLATE, "", "/etc/it"),
        source=Source("it.j2", template),
        variables=variables,
        secrets=frozenset({"Key"}),
    )
    return config.config_file(file).content.decode()
