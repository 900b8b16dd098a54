"""Files with something wrong in them: a part of their structure replaced, or some of their bytes."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import yaml

YEARS = "range(1000).selectMany(range(1000)).selectMany(range(1000)).len()"
NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**30, 1.5, float("inf"), float("nan"), [], {}, [None], {"": None}),
    *("", "x", "x" * 10_000, "a\nb", "\0", "\x1b[31m", "%h $FOO ;", "é☃", "\u2028", " ", "#", "{{ 1 }}"),
    *(
        "../../x",
        "/etc/passwd",
        "//x",
        ".",
        "..",
        "a b",
        "a/b",
        "a:b:c:d",
        "web",
        "Web",
        "^(a+)+$",
        "(" * 200,
    ),
    *("{{ 'x' * 10 ** 10 }}", "{% for i in range(10 ** 9) %}{% endfor %}", "9" * 5000, "1" + ":59" * 3000),
    *({"get_param": "Self"}, {"get_param": ["Self", "name", 0]}, {"get_attr": ["x", "y"]}, {"get_file": "x"}),
    *(
        {"get_file": "../x"},
        {"if": [True, 1, 2]},
        {"str_split": ["", "x"]},
        {"equals": [1, 1]},
        {"not": True},
    ),
    *(
        {"list_join": ["x" * 100, ["y"] * 100]},
        {"str_replace": {"template": "x", "params": {"x": "y" * 100}}},
    ),
    *({"yaql": {"expression": YEARS}}, {"yaql": {"expression": "$.data.a", "data": {"a": [1]}}}),
    *({"repeat": {"template": "a", "for_each": {"a": ["b"] * 100}}}, {"map_merge": [{"a": 1}, None]}),
    *(
        {"resource_facade": "metadata"},
        {"get_resource": "x"},
        {"digest": ["md5", "x"]},
        {"contains": [1, [1]]},
    ),
)
BYTES = (
    b"\0",
    b"\xff",
    b"\n",
    b" ",
    b"\t",
    b"-",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b"&a ",
    b"*a",
    b"!!x ",
    b"%",
    b"'",
)


def mutated(content: bytes, random: Random) -> bytes:
    """The content with one to three mistakes, most of them in its structure if it has any."""
    for _ in range(random.choice((1, 1, 2, 3))):
        content = _structure(content, random) if random.random() < 0.75 else _bytes(content, random)
    return content


def _structure(content: bytes, random: Random) -> bytes:
    try:
        root = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        return _bytes(content, random)
    places = list(_places(root))
    if not places:
        return _bytes(content, random)
    holder, key = random.choice(places)
    _change(holder, key, random)
    try:
        return json.dumps(root, indent=1, default=str).encode() if random.random() < 0.1 else _dumped(root)
    except (yaml.YAMLError, ValueError, TypeError):
        return content


def _dumped(root: Any) -> bytes:
    return yaml.safe_dump(root, allow_unicode=True, sort_keys=False).encode()


def _places(value: Any) -> Any:
    """Every item of every mapping and list: what holds it, and its key."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _change(holder: Any, key: Any, random: Random) -> None:
    value = holder[key]
    match random.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[random.choice(("", "x", "get_param", "yaql", "web", 1, None, f"{key}x"))] = holder.pop(key)
        case 2:
            holder[key] = [value, value]
        case 3:
            holder[key] = {"x": value}
        case _:
            holder[key] = random.choice(NASTY)


def _bytes(content: bytes, random: Random) -> bytes:
    start = random.randrange(len(content) + 1)
    end = min(len(content), start + random.choice((0, 1, 1, 2, 10, 100)))
    inserted = random.choice((b"", random.choice(BYTES), content[start:end] * 2, random.choice(BYTES) * 300))
    return content[:start] + inserted + content[end:]
