"""Jinja2's sandbox, with limits on the results of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import do_format
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from compiler.jinja import bounds

_FILTERS = (
    "batch", "center", "groupby", "indent", "join", "list", "replace", "reverse", "slice", "sort", "sum",
    "tojson", "unique",
)  # fmt: skip


class Dialect(Enum):
    """The Jinja2 options that templates are written for."""

    OWN = "own"  # undefined variables are errors, and lines with only a block are removed
    TRIPLEO = "tripleo"  # Jinja2's defaults: undefined variables are "", and the last newline is removed


_OPTIONS: Mapping[Dialect, Mapping[str, Any]] = {
    Dialect.OWN: {
        "undefined": StrictUndefined,
        "keep_trailing_newline": True,
        "trim_blocks": True,
        "lstrip_blocks": True,
    },
    Dialect.TRIPLEO: {},
}


class _BoundedGenerator(CodeGenerator):
    """Jinja2's compiler, except for `~`, which it would compile to an unlimited join."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        self.write("environment.concatenation((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class BoundedEnvironment(SandboxedEnvironment):
    """The sandbox, with limits on the results of operations."""

    code_generator_class = _BoundedGenerator
    concat = staticmethod(lambda pieces: bounds.joined(pieces))
    intercepted_binops = frozenset(("*", "**", "+", "%"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        bounds.OPERATORS[operator](left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        # The sandbox wraps `str.format` in a function.
        method = getattr(__obj, "__wrapped__", __obj)
        owner = getattr(method, "__self__", None)
        if isinstance(owner, str):
            bounds.check_method(owner, method.__name__, (*args, *kwargs.values()))
        return super().call(__context, __obj, *args, **kwargs)

    @staticmethod
    def concatenation(parts: Iterable[object]) -> str:
        """`a ~ b ~ c`."""
        return bounds.joined(map(str, parts))


@lru_cache(maxsize=32)
def environment(search: tuple[Path, ...], dialect: Dialect) -> BoundedEnvironment:
    """The environment for templates of a dialect, which may include files from the folders of `search`."""
    bounded = BoundedEnvironment(loader=FileSystemLoader(search), **_OPTIONS[dialect])
    del bounded.globals["lipsum"]
    bounded.filters.update((name, _bounded_filter(bounded.filters[name])) for name in _FILTERS)
    bounded.filters["format"] = _format
    return bounded


@lru_cache(maxsize=4096)
def compiled(bounded: BoundedEnvironment, text: str, name: str) -> Template:
    """A compiled template; errors show it as `name`."""
    code = bounded.compile(text, name=None, filename=name)
    return bounded.template_class.from_code(bounded, code, bounded.make_globals(None))


def _bounded_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is refused if the product of its arguments is too large."""

    def bounded(*args: Any, **kwargs: Any) -> Any:
        bounded_args = [bounds.listed(arg) if isinstance(arg, Iterator) else arg for arg in args]
        bounds.check_product(*bounded_args, *kwargs.values())
        return function(*bounded_args, **kwargs)

    # Jinja2 marks filters that take its context with an attribute.
    bounded.__dict__.update(function.__dict__)
    return bounded


def _format(text: str, *args: object, **kwargs: object) -> str:
    """The filter `"%s of %s"|format(a, b)`, within the limits."""
    bounds.check_format(text, args or tuple(kwargs.values()))
    return do_format(text, *args, **kwargs)
