"""What would show a secret to every user of a host: command lines, units, and the host's own settings."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import CompileError, Problem
from compiler.model import secret
from compiler.model.service import Part
from compiler.node import Mapping, Node, children, leaves, scalar_of
from compiler.source import Span


def refuse_in_container(part: Part) -> None:
    """Raise one CompileError for all keys of a container that hold a secret.

    A secret may be in its environment, which is a private file; everything else ends up in argv.
    """
    if not isinstance(part.node, Mapping):
        return
    hint = "pass it in `environment`, or in a file of `config_data`"
    _refuse(
        Problem(f"`{key}` of container `{part.path[-1]}` {secret.EXPOSED}", part.node.key_span(key), hint)
        for key, value in part.node.entries.items()
        if key != "environment" and secret.held_by(value)
    )


def refuse_forged(part: Part) -> None:
    """Raise CompileError if the environment of a container refers to a secret that the template did not read.

    Its name could be made of a hidden value, and the manifest has the names of secrets.
    """
    environment = part.node.entries.get("environment") if isinstance(part.node, Mapping) else None
    texts = () if environment is None else (str(leaf.value) for leaf in leaves(environment))
    if isinstance(part.node, Mapping) and any(secret.names(text) - part.secrets for text in texts):
        message = f"`environment` of container `{part.path[-1]}` {secret.FORGED}"
        raise CompileError(message, part.node.key_span("environment"), secret.TO_REFER)


def refuse_in_service(part: Part) -> None:
    """Raise one CompileError for all keys of a part that hold a secret, at any depth."""
    owner, hint = f"service `{part.service}`", "put it into a file of `config_data`"
    _refuse(
        Problem(f"`{key}` in `{part.path[0]}` of {owner} {secret.EXPOSED}", place, hint)
        for key, place in dict.fromkeys(_exposing_keys(part.path[0], part.place, part.node))
    )


def refuse_in_mode(part: Part) -> None:
    """Raise CompileError if the mode of a config file holds a secret: modes are in the manifest."""
    mode = part.node.entries.get("mode") if isinstance(part.node, Mapping) else None
    if isinstance(part.node, Mapping) and mode is not None and secret.held_by(mode):
        place = part.node.key_span("mode")
        raise CompileError(f"`mode` of `{part.path[-1]}` {secret.EXPOSED}", place, "write the mode itself")


def refuse_lines(path: str, value: Node, place: Span) -> None:
    """Readers of INI files disagree on what continues a line, so a secret could become another entry."""
    for leaf in leaves(value):
        if leaf.is_hidden and isinstance(leaf.value, str) and "\n" in leaf.value.rstrip("\n"):
            raise CompileError(
                f"a secret in the INI file `{path}` contains a line break",
                place,
                "put it into a file of its own with `text`",
            )


def _exposing_keys(key: str, place: Span, node: Node) -> Iterator[tuple[str, Span]]:
    """The innermost keys with a secret, and where they are written; `key` and `place` are the node's own."""
    if isinstance(node, Mapping):
        for name, value in node.entries.items():
            written = scalar_of(name, node.key_node(name))
            if secret.held_by(written):
                yield key, place
            else:
                yield from _exposing_keys(name, written.span, value)
    elif children(node):
        for item in children(node):
            yield from _exposing_keys(key, place, item)
    elif secret.held_by(node):
        yield key, place


def _refuse(problems: Iterator[Problem]) -> None:
    if exposed := tuple(problems):
        raise CompileError.of(exposed)
