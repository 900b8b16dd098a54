"""Input files, and places in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Source:
    """An input file: its name as shown to the operator, and its text, which nothing shows if it is hidden."""

    name: str
    text: str = field(repr=False, default="")
    hidden: bool = False
    concealed: set[int] = field(default_factory=set, compare=False, repr=False)  # lines with a hidden value

    def line(self, number: int) -> str:
        """Line `number`, counted from 1, without its line ending; "" past the end, or if it is hidden."""
        if self.hidden or number in self.concealed:
            return ""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a source. Lines and columns count from 1; the end column is the first one after it."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    def without_text(self) -> Span:
        """The place without the text, for secrets."""
        return replace(self, source=replace(self.source, hidden=True))

    @property
    def place(self) -> str:
        """`file:line`, as in the `X-Source=` lines of units."""
        return f"{self.source.name}:{self.line}"
