"""The intrinsic functions of HOT: one table, by the version that adds each.

references   look something up      texts       make text, or take it apart
structures   lists and mappings     choices     `if`, and conditions
expressions  yaql                   amazon      what the first versions took from CloudFormation
arguments    what arguments may be  likely      what they look like, for lint

A mapping is a call if it has one key and that is the name of a function of the template's version. Anything
else is data: a misspelled name, a second key, a function of a later version.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from compiler.hot.functions import amazon, choices, expressions, likely, references, structures, texts
from compiler.hot.functions.arguments import anything, every, first, first_of_list, listed, whole
from compiler.hot.scope import Function, Functions, Names
from compiler.hot.versions import Version

_REPLACE = "{template: text, params: {KEY: value}}"
_REPEAT = "{template: value, for_each: {KEY: list}}"
_JOIN = "[delimiter, list, …]"
_ATTRIBUTE = "[resource, attribute, key, …]"
_IF = "[condition, then, else]"

_REPLACEMENT = likely.mapped("template", "params")
_LOOP = likely.mapped("template", "for_each")

_PARAMETER = Names(("parameters",), first)
_RESOURCE = Names(("resources",), first)
_OF_RESOURCE = Names(("resources",), first_of_list)
_EITHER = Names(("parameters", "resources"), first)
_CONDITION = Names(("conditions",), first)

_VALUES: dict[Version, tuple[Function, ...]] = {
    Version.ICEHOUSE: (
        Function(
            "get_param",
            "Name` or `get_param: [Name, key, …]",
            references.get_param,
            anything,
            likely.text_or_path,
            names=_PARAMETER,
            conditions_since=Version.NEWTON,
        ),
        Function(
            "get_attr",
            _ATTRIBUTE,
            references.get_attr,
            listed(2),
            likely.path,
            refers=references.known_attribute,
            names=_OF_RESOURCE,
        ),
        Function("get_file", "name.conf", references.get_file, anything, likely.text),
        Function("get_resource", "name", references.get_resource, anything, likely.text, names=_RESOURCE),
        Function("resource_facade", "metadata", references.resource_facade, references.facade, likely.text),
        Function("list_join", "[delimiter, list]", texts.list_join_one, listed(2, 2), likely.listed(2)),
        Function(
            "str_replace",
            _REPLACE,
            texts.str_replace(texts.formatted_scalar),
            texts.replacement_shape,
            _REPLACEMENT,
        ),
        Function("Ref", "name", amazon.ref, anything, likely.text, names=_EITHER),
        Function("Fn::Select", "[index, list]", amazon.select, listed(2, 2), likely.anything),
        Function("Fn::Join", "[delimiter, list]", texts.list_join_one, listed(2, 2), likely.anything),
        Function("Fn::Split", "[delimiter, text]", amazon.split, listed(2, 2), likely.anything),
        Function("Fn::Replace", "[{KEY: value}, text]", amazon.replace, listed(2, 2), likely.anything),
        Function("Fn::Base64", "text", amazon.base64, anything, likely.anything),
        Function(
            "Fn::MemberListToMap",
            "[Name, Value, list]",
            amazon.member_list_to_map,
            listed(3, 3),
            likely.anything,
        ),
        Function("Fn::ResourceFacade", "Metadata", amazon.resource_facade, amazon.facade, likely.anything),
        Function("Fn::GetAZs", "''", amazon.zones, anything, likely.anything),
    ),
    Version.KILO: (
        Function("digest", "[sha256, text]", texts.digest, anything, likely.text_and_value),
        Function(
            "repeat", _REPEAT, structures.repeat(maps=False, together=False), structures.repeat_shape, _LOOP
        ),
    ),
    Version.LIBERTY: (
        Function(
            "get_attr",
            _ATTRIBUTE,
            references.get_attr,
            references.attribute_path,
            likely.path,
            refers=references.known_attribute,
            names=_OF_RESOURCE,
        ),
        Function("list_join", _JOIN, texts.list_join, listed(2), likely.listed(2)),
        Function(
            "str_replace", _REPLACE, texts.str_replace(texts.formatted), texts.replacement_shape, _REPLACEMENT
        ),
        Function(
            "str_split", "[delimiter, text, index]", texts.str_split, texts.split_shape, likely.listed(2, 3)
        ),
    ),
    Version.MITAKA: (
        Function("map_merge", "[mapping, …]", structures.map_merge, anything, likely.list_or_call),
    ),
    Version.NEWTON: (
        Function(
            "if",
            _IF,
            choices.if_,
            listed(3, 3),
            likely.choice,
            refers=choices.if_refers,
            names=_CONDITION,
            chooses=True,
        ),
        Function(
            "map_replace",
            "[mapping, {keys: {…}, values: {…}}]",
            structures.map_replace,
            anything,
            likely.listed(2, 2),
        ),
        Function(
            "repeat", _REPEAT, structures.repeat(maps=True, together=False), structures.repeat_shape, _LOOP
        ),
        Function(
            "yaql",
            "{expression: $.data.x, data: {x: …}}",
            expressions.evaluate,
            expressions.expression_shape,
            likely.mapped("expression"),
            conditions_since=Version.PIKE,
        ),
    ),
    Version.OCATA: (
        Function("filter", "[values, list]", structures.filter_, listed(2, 2), likely.two_lists),
        Function(
            "str_replace_strict",
            _REPLACE,
            texts.str_replace(texts.formatted, strict=True),
            texts.replacement_shape,
            _REPLACEMENT,
        ),
    ),
    Version.PIKE: (
        Function(
            "contains",
            "[value, list]",
            structures.contains,
            listed(2, 2),
            likely.value_and_list,
            conditions_since=Version.PIKE,
        ),
        Function("list_concat", "[list, …]", structures.list_concat, anything, likely.list_or_call),
        Function(
            "list_concat_unique", "[list, …]", structures.list_concat_unique, anything, likely.list_or_call
        ),
        Function(
            "make_url",
            "{scheme: …, host: …, port: …}",
            texts.make_url,
            texts.url_shape,
            likely.mapped("host"),
        ),
        Function(
            "repeat",
            _REPEAT,
            structures.repeat(maps=True, together=True),
            structures.nested_repeat_shape,
            _LOOP,
        ),
        Function(
            "str_replace_vstrict",
            _REPLACE,
            texts.str_replace(texts.formatted_nonempty, strict=True),
            texts.replacement_shape,
            _REPLACEMENT,
        ),
    ),
    Version.WALLABY: (
        Function(
            "if",
            _IF,
            choices.if_,
            listed(2, 3),
            likely.choice,
            refers=choices.if_refers,
            names=_CONDITION,
            chooses=True,
        ),
    ),
}

_CONDITIONS: dict[Version, tuple[Function, ...]] = {
    Version.NEWTON: (
        Function("equals", "[this, that]", choices.equals, listed(2, 2), likely.listed(2, 2)),
        Function(
            "not",
            "condition",
            choices.negation,
            choices.negation_shape,
            likely.anything,
            names=Names(("conditions",), whole),
        ),
        Function(
            "and",
            "[condition, condition, …]",
            choices.all_or_any(all),
            listed(2),
            likely.listed(2),
            names=Names(("conditions",), every),
        ),
        Function(
            "or",
            "[condition, condition, …]",
            choices.all_or_any(any),
            listed(2),
            likely.listed(2),
            names=Names(("conditions",), every),
        ),
    ),
}

_REMOVED: dict[Version, tuple[str, ...]] = {
    Version.JUNO: (
        "Ref",
        "Fn::Join",
        "Fn::Split",
        "Fn::Replace",
        "Fn::Base64",
        "Fn::MemberListToMap",
        "Fn::GetAZs",
        "Fn::ResourceFacade",
    ),
    Version.LIBERTY: ("Fn::Select",),
}


def _rows(table: dict[Version, tuple[Function, ...]], version: Version) -> dict[str, Function]:
    """The functions of a version: a later row replaces an earlier one of its name."""
    rows = (row for since, added in table.items() if since <= version for row in added)
    return {row.name: row for row in rows}


def _removed(row: Function, since: Version) -> Function:
    """A function that HOT had before: still recognised as a call, and an error only when evaluated."""
    refuse = choices.refused(f"was removed from HOT in {since.date}")
    return replace(row, evaluate=refuse, expect=anything, refers=refuse)


@lru_cache
def values(version: Version) -> Functions:
    """What may be called in values of a template of that version."""
    rows = _rows(_VALUES, version)
    for since, names in _REMOVED.items():
        if since <= version:
            rows |= {name: _removed(rows[name], since) for name in names}
    return rows


@lru_cache
def conditions(version: Version) -> Functions:
    """What may be called in conditions; every other function of the version is an error there."""
    everywhere = values(version)
    refuse = choices.refused("is not allowed in a condition")
    return {
        name: row
        if row.conditions_since is not None and row.conditions_since <= version
        else replace(row, evaluate=refuse, expect=refuse)
        for name, row in everywhere.items()
    } | _rows(_CONDITIONS, version)


@lru_cache
def known() -> Functions:
    """Every function of any version, as the last version with it has it."""
    return _rows(_VALUES, max(Version)) | _rows(_CONDITIONS, max(Version))


CONDITION_FUNCTIONS = frozenset(_rows(_CONDITIONS, max(Version)))  # that only conditions can call
