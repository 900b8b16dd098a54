"""Unit files read as systemd reads them, written from its manual pages and not from what emit does."""

from __future__ import annotations

from collections.abc import Iterator


def entries(text: str, key: str) -> list[str]:
    """The values of a key of a unit file, continued lines joined."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line.partition("=")[2] for line in lines if line.partition("=")[0] == key]


def command_lines(value: str) -> list[list[str]]:
    """The commands of one Exec line, by systemd.service(5), "Command lines", and systemd.syntax(7).

    Quotes around whole words, C escapes, `;` alone between commands, `%%` and `$$`; a variable or a
    specifier that would be expanded is an error.
    """
    commands: list[list[str]] = [[]]
    for word, was_quoted in _words(value.replace("\\\n", " ")):
        if word == ";" and not was_quoted:
            commands.append([])
        else:
            commands[-1].append(_unexpanded(word))
    return commands


def words(value: str) -> list[str]:
    """The words of a list, in which no variable is expanded."""
    return [word.replace("%%", "%") for word, _ in _words(value)]


def _words(text: str) -> Iterator[tuple[str, bool]]:
    place = 0
    while place < len(text):
        if text[place] in " \t":
            place += 1
            continue
        word, quote, was_quoted = "", "", False
        while place < len(text) and (quote or text[place] not in " \t"):
            character = text[place]
            place += 1
            if character == "\\":
                if text[place] == "x":
                    word += chr(int(text[place + 1 : place + 3], 16))
                    place += 3
                else:
                    word += _ESCAPES[text[place]]
                    place += 1
            elif character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote, was_quoted = character, True
            else:
                word += character
        assert not quote, f"unbalanced quotes in {text}"
        yield word, was_quoted


_ESCAPES = dict(zip("abfnrtvs", "\a\b\f\n\r\t\v ", strict=True)) | {
    sign: sign for sign in "\\\"'"
}  # systemd.syntax(7)


def _unexpanded(word: str) -> str:
    for sign in "%$":
        pairs = word.split(sign * 2)
        assert not any(sign in part for part in pairs), f"{sign} would be expanded in {word}"
        word = sign.join(pairs)
    return word
