"""Configuration files, spelled from data: INI as oslo.config and my.cnf read it, YAML, JSON, Jinja2."""

from __future__ import annotations

import json as json_library
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from compiler import jinja
from compiler.diagnostics import CompileError
from compiler.model import secret
from compiler.model.artifact import File
from compiler.model.config import BASE64, BASIC_AUTH, MANAGED, QUOTED, ConfigFile, Format
from compiler.node import Plain
from compiler.stages.emit.key_value import with_settings

_UNIX_HINT = "save the file with Unix line ends, as `dos2unix` does"


def config_file(file: ConfigFile) -> File:
    """The file as it will lie on the host. Raises CompileError where its format cannot express the data."""
    unsourced = _text(file)
    if "\r\n" in unsourced and (unsourced.startswith("#!") or file.mode & 0o111):
        raise CompileError(f"`{file.path}` is a script with Windows line ends", file.place, _UNIX_HINT)
    content = _sourced(file, unsourced)
    references = secret.names(content)
    if references - file.secrets:
        raise CompileError(f"`{file.path}` {secret.FORGED}", file.place, secret.TO_REFER)
    sensitive = file.hidden or bool(references)
    return File(
        path=file.path,
        content=content.encode(),
        mode=0o600 if sensitive else file.mode,
        shared=file.shared,
        sensitive=sensitive,
        unsourced=None if unsourced == content else unsourced.encode(),
        public=None if file.public is None else file.public.encode(),
        takes_over=(file.path,) if file.takes_over else (),
        places=file.places,
    )


def _sourced(file: ConfigFile, text: str) -> str:
    """The text with the files it comes from, if its format has comments or its template asks for them."""
    managed = f"Managed by heatsink, from {', '.join(map(_printable, file.sources))}"
    if file.format in (Format.INI, Format.YAML):
        return f"# {managed}\n{text}"
    return _text(file, managed) if file.format is Format.TEMPLATE and MANAGED in file.source.text else text


def _text(file: ConfigFile, managed: str = "") -> str:
    if file.format is Format.TEMPLATE:
        variables = {MANAGED: managed, **_FUNCTIONS, **file.variables}
        text = jinja.render(file.source, variables, hides=file.hidden)
    else:
        text = _spelled(file)
    if file.separator is None:
        return text
    return secret.coded(with_settings(text, file.separator, file.settings), "env")


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)


def _quoted(text: str) -> str:
    """`{{ quoted(password) }}` in a template: a JSON string, whatever the secret turns out to hold."""
    return secret.coded(json_library.dumps(text), "json")


def _basic_auth(user: str, password: str) -> str:
    """`{{ basic_auth(user, password) }}` in a template: a login as auth files of engines have it.

    The password may be a secret, whose value is encoded apart from the user. So what is before it fills whole
    groups of three bytes, with zeros that podman and docker remove from a password.
    """
    if secret.names(password) and not secret.PATTERN.fullmatch(password):
        raise CompileError("the password of a login must be one secret, or none")
    if not secret.names(password):
        return _base64(f"{user}:{password}")
    before = f"{user}:".encode()
    return b64encode(before + bytes(-len(before) % 3)).decode() + _base64(password)


def _base64(text: str) -> str:
    """`{{ base64(text) }}` in a template: the text, or the value of the one secret that it is."""
    if secret.PATTERN.fullmatch(text):
        return secret.coded(text, "base64")
    if secret.names(text):
        raise CompileError("a text for `base64` must be one secret, or hold none")
    return b64encode(text.encode()).decode()


_FUNCTIONS = {QUOTED: _quoted, BASIC_AUTH: _basic_auth, BASE64: _base64}


def _spelled(file: ConfigFile) -> str:
    try:
        return _SPELLINGS[file.format](file.value)
    except ValueError as error:
        problem = f"its data, which holds a secret, is not valid as {file.format}" if file.hidden else error
        raise CompileError(f"`{file.path}`: {problem}", file.place) from None


def ini(value: Plain) -> str:
    """Sections of keys; keys above all sections first. A list is a repeated key, null a
    key alone (`skip-name-resolve`), true and false are lower case."""
    if not isinstance(value, dict):
        raise ValueError("an INI file must be a mapping of sections")
    loose = {key: entry for key, entry in value.items() if not isinstance(entry, dict)}
    blocks = ["".join(_ini_lines(loose))] if loose else []
    for name, section in value.items():
        if isinstance(section, dict):
            if not _INI_SECTION.fullmatch(name) or secret.names(name):
                raise ValueError(f"{name!r} is not a valid name of a section of an INI file")
            blocks.append(f"[{name}]\n" + "".join(_ini_lines(section)))
    return "\n".join(blocks)


def _ini_lines(section: Mapping[str, Plain]) -> Iterator[str]:
    for key, entry in section.items():
        if not _INI_KEY.fullmatch(key):
            raise ValueError(f"`{key}` is not a valid key of an INI file: a key ends at the first = or :")
        if entry is None:
            yield f"{key}\n"
        for item in entry if isinstance(entry, list) else [] if entry is None else [entry]:
            yield f"{key} = {_ini_value(key, item)}\n"


_INI_SECTION = re.compile(r"[^\]\x00-\x1f]+")
_INI_KEY = re.compile(r"(?![\[#;\s])[^=:\x00-\x1f]*[^=:\s\x00-\x1f]")


def _ini_value(key: str, value: Plain) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list) or value is None:
        raise ValueError(f"`{key}` of an INI file must be text, a number, a boolean or a list of them")
    text = str(value).rstrip("\n")
    if "\r" in text or "\0" in text:
        raise ValueError(f"`{key}` contains a control character")
    if "\n\n" in text:
        raise ValueError(f"`{key}` contains an empty line, which ends a value in an INI file")
    # oslo.config reads an indented line as the value's next one
    return secret.coded(text.replace("\n", "\n    "), "ini")


def json(value: Plain) -> str:
    """JSON with sorted keys; references to secrets are marked to be coded as JSON text."""
    return f"{_dumps(_coded(value), indent=2, sort_keys=True)}\n"


_dumps = partial(json_library.dumps, ensure_ascii=False, allow_nan=False)


def yaml(value: Plain) -> str:
    """YAML in block style with every string quoted as in JSON, which YAML reads the same way."""
    return "".join(_yaml_lines(_coded(value), 0)) or f"{_yaml_scalar(value)}\n"


def _yaml_lines(value: Plain, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict) and value:
        for key, entry in sorted(value.items()):
            yield from _yaml_entry(f"{indent}{_yaml_key(key)}:", entry, depth)
    elif isinstance(value, list) and value:
        for entry in value:
            yield from _yaml_entry(f"{indent}-", entry, depth)


def _yaml_entry(head: str, entry: Plain, depth: int) -> Iterator[str]:
    if isinstance(entry, dict | list) and entry:
        yield f"{head}\n"
        yield from _yaml_lines(entry, depth + 1)
    else:
        yield f"{head} {_yaml_scalar(entry)}\n"


def _yaml_key(key: str) -> str:
    return key if key.isidentifier() and key.lower() not in _YAML_WORDS else _yaml_scalar(key)


_YAML_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "null"))


def _yaml_scalar(value: Plain) -> str:
    written = _dumps(value)
    if isinstance(value, float):
        # YAML 1.1 takes a number with an exponent but no point for text
        return written if "." in written else written.replace("e", ".0e")
    return _YAML_ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


# What JSON may write plainly, and YAML may not or takes for the end of a line.
_YAML_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def _plain_text(value: Plain) -> str:
    if not isinstance(value, str):
        raise ValueError("`text` must be a string")
    return value


def _coded(value: Plain) -> Plain:
    """The value with every reference to a secret marked to be coded as JSON text."""
    if isinstance(value, dict):
        return {secret.coded(key, "json"): _coded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_coded(entry) for entry in value]
    return secret.coded(value, "json") if isinstance(value, str) else value


_SPELLINGS: dict[Format, Callable[[Plain], str]] = {
    Format.INI: ini,
    Format.JSON: json,
    Format.YAML: yaml,
    Format.TEXT: _plain_text,
}
