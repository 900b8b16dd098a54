"""Lists in Dockerfiles that an operator changes, named as Kolla names them.

{{ install_packages(["nginx"] | customizable("packages")) }}    in the Dockerfile.j2 of the image `nginx`
nginx_packages_append: [libnginx-mod-http-geoip2]               in `images.yaml`, below `lists`
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from compiler.diagnostics import HeatsinkError, closest
from compiler.source import Span

IMAGE = "image_name"
"""The variable with the name of the image whose Dockerfile is rendered."""


class ListChange(tuple[str, ...]):
    """The value of `nginx_packages_append` in a file, and the place of its name."""

    span: Span

    def __new__(cls, items: Iterable[str], span: Span) -> ListChange:
        """The change of these items, written there."""
        change = super().__new__(cls, items)
        change.span = span
        return change


def identifier(image: str) -> str:
    """The name of an image in those of its blocks and lists: `openvswitch_base`."""
    return re.sub(r"\W", "_", image)


def changes_of(image: str, name: str) -> tuple[str, str, str]:
    """The names that append to, remove from and override a list of an image."""
    stem = f"{identifier(image)}_{name}"
    return f"{stem}_append", f"{stem}_remove", f"{stem}_override"


def customizable(variables: Mapping[str, object], items: Sequence[str], name: str) -> list[str]:
    """The filter: a list of the image that is rendered, as the variables of these names change it."""
    append, remove, override = changes_of(str(variables[IMAGE]), name)
    if override in variables:
        return _strings(variables, override)
    longer = [*items, *(_strings(variables, append))]
    unwanted = _strings(variables, remove)
    for item in unwanted:
        if item not in longer:
            message = f"`{remove}` has `{item}`, which is not in the list"
            raise HeatsinkError(message, _place(variables[remove]), closest(item, longer))
    return [item for item in longer if item not in unwanted]


def _strings(variables: Mapping[str, object], name: str) -> list[str]:
    value = variables.get(name, [])
    if not isinstance(value, list | tuple):
        raise HeatsinkError(f"`{name}` must be a list", hint=f"write it as `{name} = [...]`")
    return list(value)


def _place(change: object) -> Span | None:
    """The place of a change in a file; a template that sets it has none."""
    return change.span if isinstance(change, ListChange) else None
