"""The intrinsic functions of HOT: one table, by the version that brings each.

references   look something up      texts       make text, or take it apart
structures   lists and mappings     choices     `if`, and conditions
expressions  yaql                   amazon      what the first versions took over from CloudFormation

A mapping is a call if it has one key and that is the name of a function of the template's version. Anything
else is data: a name that is spelt wrong, a second key, a function that came later.
"""

from __future__ import annotations

from functools import lru_cache

from compiler.hot.functions import amazon, choices, expressions, references, structures, texts
from compiler.hot.functions.intrinsic import Intrinsic, anything, listed
from compiler.hot.scope import Functions
from compiler.hot.versions import Version

_REPLACE = "{template: text, params: {KEY: value}}"
_JOIN = "[delimiter, list, …]"
_REPEAT = "{template: value, for_each: {KEY: list}}"
_ATTRIBUTE = "[resource, attribute, key, …]"
_FACADE = "metadata"
_IF = "[condition, then, else]"
_REMOVED = [
    "Ref",
    "Fn::Join",
    "Fn::Split",
    "Fn::Replace",
    "Fn::Base64",
    "Fn::MemberListToMap",
    "Fn::GetAZs",
    "Fn::ResourceFacade",
]


def _removed_in(name: str, since: Version) -> Intrinsic:
    """A function that HOT had before: it is none of data if_, but nobody minds until it is evaluated."""
    refuse = choices.refused(f"is not in HOT since {since.date}")
    return Intrinsic(name, "", refuse, anything, refuse)


_VALUES: dict[Version, tuple[Intrinsic, ...]] = {
    Version.ICEHOUSE: (
        Intrinsic("get_param", "Name` or `get_param: [Name, key, …]", references.get_param, anything),
        Intrinsic("get_attr", _ATTRIBUTE, references.get_attr, listed(2), references.known_attribute),
        Intrinsic("get_file", "name.conf", references.get_file, anything),
        Intrinsic("get_resource", "name", references.get_resource, anything),
        Intrinsic("resource_facade", _FACADE, references.resource_facade, references.facade),
        Intrinsic("list_join", "[delimiter, list]", texts.list_join_one, listed(2, 2)),
        Intrinsic("str_replace", _REPLACE, texts.str_replace(texts.spelt_scalar), texts.replacement_shape),
        Intrinsic("Ref", "name", amazon.ref, anything),
        Intrinsic("Fn::Select", "[index, list]", amazon.select, listed(2, 2)),
        Intrinsic("Fn::Join", "[delimiter, list]", texts.list_join_one, listed(2, 2)),
        Intrinsic("Fn::Split", "[delimiter, text]", amazon.split, listed(2, 2)),
        Intrinsic("Fn::Replace", "[{KEY: value}, text]", amazon.replace, listed(2, 2)),
        Intrinsic("Fn::Base64", "text", amazon.base64, anything),
        Intrinsic("Fn::MemberListToMap", "[Name, Value, list]", amazon.member_list_to_map, listed(3, 3)),
        Intrinsic("Fn::ResourceFacade", "Metadata", amazon.resource_facade, amazon.facade),
        Intrinsic("Fn::GetAZs", "''", amazon.zones, anything),
    ),
    Version.JUNO: tuple(_removed_in(name, Version.JUNO) for name in _REMOVED),
    Version.KILO: (
        Intrinsic("digest", "[sha256, text]", texts.digest, anything),
        Intrinsic("repeat", _REPEAT, structures.repeat(maps=False, together=False), structures.repeat_shape),
    ),
    Version.LIBERTY: (
        Intrinsic(
            "get_attr", _ATTRIBUTE, references.get_attr, references.attribute_path, references.known_attribute
        ),
        Intrinsic("list_join", _JOIN, texts.list_join, listed(2)),
        Intrinsic("str_replace", _REPLACE, texts.str_replace(texts.spelt), texts.replacement_shape),
        Intrinsic("str_split", "[delimiter, text, index]", texts.str_split, texts.split_shape),
        _removed_in("Fn::Select", Version.LIBERTY),
    ),
    Version.MITAKA: (Intrinsic("map_merge", "[mapping, …]", structures.map_merge, anything),),
    Version.NEWTON: (
        Intrinsic("if", _IF, choices.if_, listed(3, 3), choices.if_refers),
        Intrinsic("map_replace", "[mapping, {keys: {…}, values: {…}}]", structures.map_replace, anything),
        Intrinsic("repeat", _REPEAT, structures.repeat(maps=True, together=False), structures.repeat_shape),
        Intrinsic(
            "yaql", "{expression: $.data.x, data: {x: …}}", expressions.evaluate, expressions.expression_shape
        ),
    ),
    Version.OCATA: (
        Intrinsic("filter", "[values, list]", structures.filter_, listed(2, 2)),
        Intrinsic(
            "str_replace_strict",
            _REPLACE,
            texts.str_replace(texts.spelt, strict=True),
            texts.replacement_shape,
        ),
    ),
    Version.PIKE: (
        Intrinsic("contains", "[value, list]", structures.contains, listed(2, 2)),
        Intrinsic("list_concat", "[list, …]", structures.list_concat, anything),
        Intrinsic("list_concat_unique", "[list, …]", structures.list_concat_unique, anything),
        Intrinsic("make_url", "{scheme: …, host: …, port: …}", texts.make_url, texts.url_shape),
        Intrinsic(
            "repeat", _REPEAT, structures.repeat(maps=True, together=True), structures.nested_repeat_shape
        ),
        Intrinsic(
            "str_replace_vstrict",
            _REPLACE,
            texts.str_replace(texts.spelt_full, strict=True),
            texts.replacement_shape,
        ),
    ),
    Version.WALLABY: (
        Intrinsic("if", "[condition, then, else]", choices.if_, listed(2, 3), choices.if_refers),
    ),
}

_CONDITIONS: dict[Version, tuple[Intrinsic, ...]] = {
    Version.NEWTON: (
        Intrinsic("equals", "[this, that]", choices.equals, listed(2, 2)),
        Intrinsic("not", "condition", choices.negation, choices.negation_shape),
        Intrinsic("and", "[condition, condition, …]", choices.all_or_any(all), listed(2)),
        Intrinsic("or", "[condition, condition, …]", choices.all_or_any(any), listed(2)),
    ),
}
_REFUSED = choices.refused("cannot be called in a condition")
_IN_BOTH = {"get_param": Version.NEWTON, "yaql": Version.PIKE, "contains": Version.PIKE}


def _until(table: dict[Version, tuple[Intrinsic, ...]], version: Version) -> dict[str, Intrinsic]:
    """What a version knows: a later row takes the place of an earlier one of its name."""
    rows = (row for since, brought in table.items() if since <= version for row in brought)
    return {row.name: row for row in rows}


@lru_cache
def values(version: Version) -> Functions:
    """What may be called in values of a template of that version."""
    return _until(_VALUES, version)


@lru_cache
def conditions(version: Version) -> Functions:
    """What may be called in conditions; every other function of the version is an error there."""
    everywhere = _until(_VALUES, version)
    shared = {name: everywhere[name] for name, since in _IN_BOTH.items() if since <= version}
    refused = {name: Intrinsic(name, row.form, _REFUSED, _REFUSED) for name, row in everywhere.items()}
    return refused | shared | _until(_CONDITIONS, version)
