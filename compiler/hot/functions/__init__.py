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
from compiler.hot.functions.arguments import every, first, first_of_list, listed, whole
from compiler.hot.scope import Function, Functions, Names
from compiler.hot.versions import Version

_PARAMETER = Names(("parameters",), first)
_RESOURCE = Names(("resources",), first)
_OF_RESOURCE = Names(("resources",), first_of_list)
_EITHER = Names(("parameters", "resources"), first)
_CONDITION = Names(("conditions",), first)

# Functions that later versions change: their rows below say in what.
_GET_ATTR = Function(
    "get_attr",
    ("[resource, attribute, key, …]",),
    evaluate=references.get_attr,
    expect=listed(2),
    likely=likely.path,
    refers=references.known_attribute,
    names=_OF_RESOURCE,
)
_STR_REPLACE = Function(
    "str_replace",
    ("{template: text, params: {KEY: value}}",),
    evaluate=texts.str_replace(texts.formatted_scalar),
    expect=texts.replacement_shape,
    likely=likely.mapped("template", "params"),
)
_REPEAT = Function(
    "repeat",
    ("{template: value, for_each: {KEY: list}}",),
    evaluate=structures.repeat(maps=False, together=False),
    expect=structures.repeat_shape,
    likely=likely.mapped("template", "for_each"),
)
_IF = Function(
    "if",
    ("[condition, then, else]",),
    evaluate=choices.if_,
    expect=listed(3, 3),
    likely=likely.choice,
    refers=choices.if_refers,
    names=_CONDITION,
    chooses=True,
)

_VALUES: dict[Version, tuple[Function, ...]] = {
    Version.ICEHOUSE: (
        Function(
            "get_param",
            ("Name", "[Name, key, …]"),
            evaluate=references.get_param,
            likely=likely.text_or_path,
            names=_PARAMETER,
            conditions_since=Version.NEWTON,
        ),
        _GET_ATTR,
        Function("get_file", ("name.conf",), evaluate=references.get_file, likely=likely.text),
        Function(
            "get_resource", ("name",), evaluate=references.get_resource, likely=likely.text, names=_RESOURCE
        ),
        Function(
            "resource_facade",
            ("metadata",),
            evaluate=references.resource_facade,
            expect=references.facade,
            likely=likely.text,
        ),
        Function(
            "list_join",
            ("[delimiter, list]",),
            evaluate=texts.list_join_one,
            expect=listed(2, 2),
            likely=likely.listed(2),
        ),
        _STR_REPLACE,
        Function("Ref", ("name",), evaluate=amazon.ref, likely=likely.text, names=_EITHER),
        Function("Fn::Select", ("[index, list]",), evaluate=amazon.select, expect=listed(2, 2)),
        Function("Fn::Join", ("[delimiter, list]",), evaluate=texts.list_join_one, expect=listed(2, 2)),
        Function("Fn::Split", ("[delimiter, text]",), evaluate=amazon.split, expect=listed(2, 2)),
        Function("Fn::Replace", ("[{KEY: value}, text]",), evaluate=amazon.replace, expect=listed(2, 2)),
        Function("Fn::Base64", ("text",), evaluate=amazon.base64),
        Function(
            "Fn::MemberListToMap",
            ("[Name, Value, list]",),
            evaluate=amazon.member_list_to_map,
            expect=listed(3, 3),
        ),
        Function("Fn::ResourceFacade", ("Metadata",), evaluate=amazon.resource_facade, expect=amazon.facade),
        Function("Fn::GetAZs", ("''",), evaluate=amazon.zones),
    ),
    Version.KILO: (
        Function("digest", ("[sha256, text]",), evaluate=texts.digest, likely=likely.text_and_value),
        _REPEAT,
    ),
    Version.LIBERTY: (
        replace(_GET_ATTR, expect=references.attribute_path),
        Function(
            "list_join",
            ("[delimiter, list, …]",),
            evaluate=texts.list_join,
            expect=listed(2),
            likely=likely.listed(2),
        ),
        replace(_STR_REPLACE, evaluate=texts.str_replace(texts.formatted)),
        Function(
            "str_split",
            ("[delimiter, text, index]",),
            evaluate=texts.str_split,
            expect=texts.split_shape,
            likely=likely.listed(2, 3),
        ),
    ),
    Version.MITAKA: (
        Function("map_merge", ("[mapping, …]",), evaluate=structures.map_merge, likely=likely.list_or_call),
    ),
    Version.NEWTON: (
        _IF,
        Function(
            "map_replace",
            ("[mapping, {keys: {…}, values: {…}}]",),
            evaluate=structures.map_replace,
            likely=likely.listed(2, 2),
        ),
        replace(_REPEAT, evaluate=structures.repeat(maps=True, together=False)),
        Function(
            "yaql",
            ("{expression: $.data.x, data: {x: …}}",),
            evaluate=expressions.evaluate,
            expect=expressions.expression_shape,
            likely=likely.mapped("expression"),
            conditions_since=Version.PIKE,
        ),
    ),
    Version.OCATA: (
        Function(
            "filter",
            ("[values, list]",),
            evaluate=structures.filter_,
            expect=listed(2, 2),
            likely=likely.two_lists,
        ),
        replace(
            _STR_REPLACE, name="str_replace_strict", evaluate=texts.str_replace(texts.formatted, strict=True)
        ),
    ),
    Version.PIKE: (
        Function(
            "contains",
            ("[value, list]",),
            evaluate=structures.contains,
            expect=listed(2, 2),
            likely=likely.value_and_list,
            conditions_since=Version.PIKE,
        ),
        Function("list_concat", ("[list, …]",), evaluate=structures.list_concat, likely=likely.list_or_call),
        Function(
            "list_concat_unique",
            ("[list, …]",),
            evaluate=structures.list_concat_unique,
            likely=likely.list_or_call,
        ),
        Function(
            "make_url",
            ("{scheme: …, host: …, port: …}",),
            evaluate=texts.make_url,
            expect=texts.url_shape,
            likely=likely.mapped("host"),
        ),
        replace(
            _REPEAT,
            evaluate=structures.repeat(maps=True, together=True),
            expect=structures.nested_repeat_shape,
        ),
        replace(
            _STR_REPLACE,
            name="str_replace_vstrict",
            evaluate=texts.str_replace(texts.formatted_nonempty, strict=True),
        ),
    ),
    Version.WALLABY: (replace(_IF, expect=listed(2, 3)),),
}

_CONDITIONS: dict[Version, tuple[Function, ...]] = {
    Version.NEWTON: (
        Function(
            "equals",
            ("[this, that]",),
            evaluate=choices.equals,
            expect=listed(2, 2),
            likely=likely.listed(2, 2),
        ),
        Function(
            "not",
            ("condition",),
            evaluate=choices.negation,
            expect=choices.negation_shape,
            names=Names(("conditions",), whole),
        ),
        Function(
            "and",
            ("[condition, condition, …]",),
            evaluate=choices.all_or_any(all),
            expect=listed(2),
            likely=likely.listed(2),
            names=Names(("conditions",), every),
        ),
        Function(
            "or",
            ("[condition, condition, …]",),
            evaluate=choices.all_or_any(any),
            expect=listed(2),
            likely=likely.listed(2),
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
    return replace(row, evaluate=refuse, expect=None, refers=refuse)


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
