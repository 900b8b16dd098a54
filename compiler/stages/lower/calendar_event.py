"""Calendar events of systemd.time(7), such as `Mon..Fri 03:00`: systemd ignores one that it cannot read."""

from __future__ import annotations

import re
from typing import NamedTuple


def is_calendar_event(text: str) -> bool:
    """Whether systemd takes a text for a calendar event; years and names of time zones are not looked at."""
    match = _EVENT.fullmatch(text)
    if match is None:
        return False
    fields = [(match["from_end"], _FROM_END), *((match[name], limits) for name, limits in _LIMITS.items())]
    return _are_ascending(match["weekdays"] or "") and all(
        _fits(item, limits) for field, limits in fields for item in _items(field)
    )


def _are_ascending(weekdays: str) -> bool:
    """Whether no range, such as `Fri..Mon`, goes beyond Sunday."""
    ranges = (re.split(r"\.\.|-", part) for part in weekdays.lower().split(","))
    return all(_NUMBERS[first[:3]] <= _NUMBERS[last[:3]] for first, *others in ranges for last in others)


def _items(field: str | None) -> list[str]:
    return [] if field in (None, "*") else str(field).split(",")


def _fits(item: str, limits: _Limits) -> bool:
    """Whether `5`, `5..9` or `5..9/2` lies within limits."""
    first, _, step = item.partition("/")
    start, _, end = first.partition("..")
    return limits.holds(float(start), float(end or start), float(step) if step else None)


class _Limits(NamedTuple):
    """The lowest and the highest number of a field."""

    low: int
    high: int
    counts_down: bool = False  # from the end of the month

    def holds(self, start: float, end: float, step: float | None) -> bool:
        """Whether a range is not empty, and a step from a single number stays within."""
        room = start - self.low if self.counts_down else self.high - start
        is_step = step is None or (step > 0 and (step <= room or start < end))
        return self.low <= start <= end < self.high + 1 and is_step


_FROM_END = _Limits(1, 28, counts_down=True)
_LIMITS = {
    "month": _Limits(1, 12),
    "day": _Limits(1, 31),
    "hour": _Limits(0, 23),
    "minute": _Limits(0, 59),
    "second": _Limits(0, 59),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {day[:3]: number for number, day in enumerate(_DAYS)}
_DAY = "(?:" + "|".join(f"{day[:3]}(?:{day[3:]})?" for day in _DAYS) + ")"
_WHOLE, _DECIMAL = "[0-9]{1,4}", r"[0-9]{1,4}(?:\.[0-9]{1,6})?"


def _field(name: str, number: str = _WHOLE) -> str:
    """`*`, or numbers, ranges and steps with commas between them."""
    item = rf"{number}(?:\.\.{number})?(?:/{number})?"
    return rf"(?P<{name}>\*|{item}(?:,{item})*)"


_WORDS = "(?i:minutely|hourly|daily|weekly|monthly|quarterly|semiannually|yearly|annually)"
_WEEKDAYS = rf"(?P<weekdays>(?i:{_DAY})(?:(?:\.\.|-|,)(?i:{_DAY}))*)"
_DATE = rf"(?:{_field('year')}-)?{_field('month')}(?:-{_field('day')}|~{_field('from_end')})"
_TIME = rf"{_field('hour')}:{_field('minute')}(?::{_field('second', _DECIMAL)})?"
_ZONE = r"UTC|[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*"
_EVENT = re.compile(
    rf"(?:{_WORDS}|(?=\S){_WEEKDAYS}?(?:(?:^| ){_DATE})?(?:(?:^| ){_TIME})?)(?: (?:{_ZONE}))?"
)
