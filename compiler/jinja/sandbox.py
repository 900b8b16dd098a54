"""Jinja2's sandbox, with limits on what operations do and on their results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import do_format
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from compiler.diagnostics import CompileError
from compiler.jinja import bounds
from compiler.jinja.sizes import check_data, size

# Filters whose result is limited by the product of their arguments.
_MULTIPLYING = frozenset((
    "batch", "center", "groupby", "indent", "join", "list", "replace", "reverse", "slice", "sort", "sum",
    "tojson", "unique",
))  # fmt: skip
_ITERATING = frozenset(
    ("batch", "groupby", "list", "max", "min", "reverse", "slice", "sort", "sum", "unique")
)
_SLOW = frozenset(
    ("dictsort", "groupby", "pprint", "sort", "title", "unique", "urlize", "wordwrap", "xmlattr")
)
_PRINTING = frozenset(("join", "pprint", "string", "tojson"))
PARENT = "parent_template"
"""What `{% extends parent_template %}` names: the variable, and its value."""

_EACH, _READ = "each item", "read value"  # our own filters, which no template can name
# Methods of collections that touch one item only.
_QUICK = frozenset(("add", "append", "get", "insert", "items", "keys", "pop", "setdefault", "values"))


Filter: TypeAlias = Callable[..., object]
"""A filter of ours: `{{ value | name(argument) }}` calls `name(variables, value, argument)`."""


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
    """The sandbox, with limits on what operations do and on their results.

    Of one rendering are `counter`, and `parents`: name of a template → what its `parent_template` is.
    """

    code_generator_class = _BoundedGenerator
    intercepted_binops = frozenset(("*", "**", "+", "%"))

    def __init__(self, filters: Iterable[Filter] = (), **options: Any) -> None:
        super().__init__(finalize=self._printed, **options)
        self.counter = bounds.Counter()
        self.parents: Mapping[str, Template] = {}
        del self.globals["lipsum"]
        del self.filters["random"]
        self.filters |= {function.__name__: pass_context(partial(function)) for function in filters}
        for table in (self.filters, self.tests):
            table.update({name: self._bounded(name, function) for name, function in table.items()})
        self.filters |= {"format": self._format, _EACH: self._each, _READ: self._read}

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: Any = None,  # noqa: A002 - as Jinja2 does
    ) -> Template:
        if name == PARENT and (above := self.parents.get(parent or "")):
            return above
        return super().get_template(name, parent, globals)

    def concat(self, pieces: Iterable[str]) -> str:
        """The pieces of a text as one."""
        return bounds.joined(pieces, self.counter)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """The syntax tree, in which loops are counted, and values read that are compared or become keys."""
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = _filtered(_EACH, loop.iter)
        for compare in tree.find_all(nodes.Compare):
            compare.expr = _filtered(_READ, compare.expr)
        for operand in tree.find_all(nodes.Operand):
            operand.expr = _filtered(_READ, operand.expr)
        for item in tree.find_all(nodes.Getitem):
            item.node = _filtered(_READ, item.node) if isinstance(item.arg, nodes.Slice) else item.node
            if not isinstance(item.arg, nodes.Slice):
                item.arg = _filtered(_READ, item.arg)
        for pair in tree.find_all(nodes.Pair):
            pair.key = _filtered(_READ, pair.key)
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        bounds.OPERATORS[operator](left, right)
        self.counter.filter()
        return self._made(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        # The sandbox wraps `str.format` in a function.
        method = getattr(__obj, "__wrapped__", __obj)
        owner = getattr(method, "__self__", None)
        __self.counter.call()
        __self._read((*args, *kwargs.values()))
        if isinstance(owner, str):
            bounds.check_method(owner, method.__name__, (*args, *kwargs.values()), __self.counter)
        elif getattr(method, "__name__", None) not in _QUICK:
            __self._read(owner)
        return __self._made(super().call(__context, __obj, *args, **kwargs))

    def concatenation(self, parts: Iterable[object]) -> str:
        """`a ~ b ~ c`."""
        return self.concat(str(self._printed(part)) for part in parts)

    def _printed(self, value: Any) -> Any:
        """A value that becomes text."""
        check_data(value)
        self._read(value)
        return self._made(value)

    def _made(self, value: Any) -> Any:
        self.counter.write(value)
        return value

    def _read(self, value: Any) -> Any:
        self.counter.read(value)
        return value

    def _each(self, items: Any) -> Any:
        """The items of a loop, counted; they keep their length, which loops ask for."""
        if isinstance(items, list | tuple | dict | range):
            self.counter.turns(len(items))
            return items
        return self.counter.each(items)

    def _bounded(self, name: str, function: Any) -> Callable[..., Any]:
        """A filter or a test whose arguments, and the product of them, are limited."""

        def bounded(*args: Any, **kwargs: Any) -> Any:
            self.counter.filter()
            if name in _MULTIPLYING:
                args = tuple(
                    bounds.listed(arg, self.counter) if isinstance(arg, Iterator) else arg for arg in args
                )
                bounds.check_product(*args, *kwargs.values())
            self._check(name, (*args, *kwargs.values()))
            return self._made(function(*args, **kwargs))

        # Jinja2 marks filters that take its context with an attribute.
        bounded.__dict__.update(getattr(function, "__dict__", {}))
        return bounded

    def _check(self, name: str, values: tuple[Any, ...]) -> None:
        for value in values:
            self.counter.read(value, 8 if name in _SLOW else 1)
            self.counter.spend(len(value) if name in _ITERATING and isinstance(value, str) else 0)
        if name == "wordwrap":  # copies the rest of a long word for each line of it
            self.counter.spend(max(map(len, str(values[1]).split()), default=0) ** 2 // 20_000)
        if name == "round":
            bounds.check_precision(*values[1:])
        data = [value for value in values if not isinstance(value, Environment)]
        if name in _PRINTING and data:
            size(data[-1] if name == "string" else data)
        if name == "string":
            check_data(values[-1])

    def _format(self, text: str, *args: object, **kwargs: object) -> str:
        """The filter `"%s of %s"|format(a, b)`, within the limits."""
        self.counter.filter()
        bounds.check_format(text, args or tuple(kwargs.values()))
        return do_format(text, *args, **kwargs)


def _filtered(name: str, node: Any) -> nodes.Expr:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)


class _ClosedLoader(FileSystemLoader):
    """Loads templates from folders; a link that leads out of them is refused."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        text, name, is_current = super().get_source(environment, template)
        target = Path(name).resolve()
        if not any(target.is_relative_to(Path(folder).resolve()) for folder in self.searchpath):
            raise CompileError(
                f"`{name}` is a link to `{target}`, outside the template folders",
                hint="copy the file into the template folder",
            )
        return text, name, is_current


@lru_cache(maxsize=32)
def environment(
    search: tuple[Path, ...], dialect: Dialect, filters: tuple[Filter, ...] = ()
) -> BoundedEnvironment:
    """The environment for templates of a dialect, which may include files from the folders of `search`."""
    return BoundedEnvironment(filters, loader=_ClosedLoader(search), **_OPTIONS[dialect])


@lru_cache(maxsize=4096)
def compiled(bounded: BoundedEnvironment, text: str, name: str, override: str | None = None) -> Template:
    """A compiled template; errors show it as `name`, and as `override` it has a parent."""
    code = bounded.compile(text, name=override, filename=name)
    return bounded.template_class.from_code(bounded, code, bounded.make_globals(None))
