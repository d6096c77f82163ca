"""Reads what is counted from the day of publication, or from an expression before.

"Last June", "this week", "four years ago", "the past two months", "yesterday", "that year". What a
calendar names outright is for `period_names`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from orchestration.extraction.period_calendar import Stretch, around, day, move, season, turn
from orchestration.extraction.period_names import (
    Point,
    match_month,
    month_first,
    pointed_unit,
    read_code,
    read_holiday,
    read_season,
    read_weekday,
)
from orchestration.extraction.period_reader import DASHES, Reader
from orchestration.extraction.period_words import RelativeDay, match, words

_PAST = ("past", "last", "previous", "preceding")
_NEXT = ("next", "coming", "following")
_MONTHS_TOLD = {"quarter": 3, "half": 6, "year": 12, "decade": 120}


def read_pointed(reader: Reader, index: int, led: bool) -> Point | None:
    """ "Last year", "last June", "next Monday", "this spring", "last weekend"."""
    if unit := pointed_unit(reader, index):
        if unit[2] == "year":
            return _month_in(reader, unit[0], unit[1])
        return (
            None
            if _of_another(reader, unit)
            else Point(unit[0], "week" if unit[2] == "weekend" else unit[2], unit[1])
        )
    pointer = reader.pointer(index)
    if pointer is None:
        return None
    at, which = pointer
    for read in (read_weekday, month_first, read_season, read_holiday, read_code):
        point = read(reader, at, True)
        if point is not None:
            return _picked(reader, point, which)
    return None


def _of_another(reader: Reader, unit: tuple[int, Stretch, str]) -> bool:
    """Whether the unit belongs to something told after it: "the last weekend of the month"."""
    return unit[2] in ("week", "weekend") and reader.word(unit[0]) == "of"


def _picked(reader: Reader, point: Point, which: str) -> Point:
    if point.cycle is None:
        return point
    if which == "this" and reader.planned:
        return replace(point, fixed=point.cycle.after(reader.published), cycle=None)
    return replace(point, fixed=point.cycle.pick(reader.published, which), cycle=None)


def _month_in(reader: Reader, stop: int, year: Stretch) -> Point:
    """A year pointed at, or the month told after it: "last year, in June"."""
    at = stop + (reader.word(stop) == ",")
    month = match_month(reader, at + 1) if reader.word(at) in ("in", "-") else None
    if month and reader.day_number(month[0]) is None and reader.year(month[0]) is None:
        return Point(month[0], "month", around(year.first.replace(month=month[1]), "month"))
    return Point(stop, "year", year)


def read_before_last(reader: Reader, index: int, led: bool) -> Point | None:
    """ "The week before last"."""
    unit = reader.unit(index + 1) if reader.word(index) == "the" else None
    if unit is None or [reader.word(unit[0]), reader.word(unit[0] + 1)] != ["before", "last"]:
        return None
    return Point(unit[0] + 2, unit[1].unit, turn(reader.published, unit[1].unit, -2))


def _length(reader: Reader, index: int) -> tuple[int, str, int] | None:
    """A length ("two months", "a year and a half"): the index after it, the unit, and how many."""
    amount = reader.amount(index)
    unit = reader.unit(amount[1]) if amount else None
    if amount is None or unit is None or unit[1].unit == "weekend":
        return None
    stop, name, count = unit[0], unit[1].unit, amount[0] * unit[1].size
    return _and_a_half(reader, stop, name, count)


def _and_a_half(reader: Reader, stop: int, name: str, count: int) -> tuple[int, str, int]:
    """A length as it is, or with "and a half" after it, in months."""
    half = [reader.word(stop + i) for i in range(3)] == ["and", "a", "half"] and name in ("year", "decade")
    if half:
        return stop + 3, "month", count * _MONTHS_TOLD[name] + _MONTHS_TOLD[name] // 2
    return stop, name, count


def read_ago(reader: Reader, index: int, led: bool) -> Point | None:
    """ "Four years ago", "a week ago", "two summers ago"."""
    length = _length(reader, index)
    if length and reader.word(length[0]) == "ago":
        stop, unit, count = length
        unit, count = ("year", count * 10) if unit == "decade" else (unit, count)
        return Point(stop + 1, "ago", turn(reader.published, unit, -count))
    amount = reader.amount(index)
    named = reader.season_plural(amount[1]) if amount else None
    if amount is None or named is None or reader.word(named[0]) != "ago":
        return None
    return Point(named[0] + 1, "ago", season(reader.published.year - amount[0], named[1].month))


def read_over(reader: Reader, index: int, led: bool) -> Point | None:
    """ "The past year", "the last two months", "the next three weeks"."""
    told = reader.word(index) in ("the", "these", "this")
    at = index + told
    past = reader.word(at) in _PAST
    if not told and not reader.led(at):
        return None
    if not (past or reader.word(at) in _NEXT):
        return None
    length = _length(reader, at + 1)
    if length is None and told and _single(reader, index, at):
        unit = reader.unit(at + 1)
        one = unit and unit[1].unit != "day" and not unit[1].wording.endswith("s")
        length = _and_a_half(reader, unit[0], unit[1].unit, unit[1].size) if unit and one else None
    if length is None or length[1] == "weekend" or reader.word(length[0]) in ("of", "ago", "'s"):
        return None
    other = move(reader.published, length[1], -length[2] if past else length[2])
    ends = sorted((other, reader.published))
    return Point(length[0], "over_past" if past else "over_next", Stretch(ends[0], ends[1], "range"))


def _single(reader: Reader, index: int, at: int) -> bool:
    """Whether one unit without a number is a length of time: "the past year", "over the last year"."""
    return reader.word(at) == "past" or (
        reader.word(at) == "last" and reader.word(index) == "the" and reader.word(index - 1) in words("lead")
    )


def read_relative_day(reader: Reader, index: int, led: bool) -> Point | None:
    """ "Yesterday", "tomorrow", "last night"."""
    hit = match("period_days", RelativeDay, reader.tokens, index)
    if hit is None:
        return None
    stop = hit[0] + (reader.word(hit[0]) == "'s")
    return Point(stop, "relative_day", day(reader.published + timedelta(hit[1].shift)))


def read_anaphor(reader: Reader, index: int, led: bool) -> Point | None:
    """ "That year", "the month before", "two days later"."""
    hit = reader.anaphor(index)
    return Point(hit[0], f"same_{hit[1].grain}", hit[1]) if hit else None


def read_anaphoric_name(reader: Reader, index: int, led: bool) -> Point | None:
    """ "That June", "the same spring": the one of the year told before."""
    at = index + 1 + (reader.word(index + 1) == "same")
    if reader.word(index) != "that" and [reader.word(index), reader.word(at - 1)] != ["the", "same"]:
        return None
    point = month_first(reader, at, True) or read_season(reader, at, True)
    anchor = reader.anchor("year") if point and point.cycle else None
    if point is None or point.cycle is None or anchor is None:
        return None
    year_end = around(anchor.first, "year").last
    return replace(point, fixed=point.cycle.before(year_end), cycle=None)


def read_unit_end(reader: Reader, index: int, led: bool) -> Point | None:
    """ "Year's end", "year-end", "month's end"."""
    unit = reader.unit(index + (reader.word(index) == "the"))
    if unit is None or unit[1].unit not in ("year", "month") or reader.word(unit[0] + 1) != "end":
        return None
    if reader.word(unit[0]) not in ("'s", *DASHES):
        return None
    return Point(unit[0] + 2, unit[1].unit, around(reader.published, unit[1].unit), edge="end")


READERS: tuple[Callable[[Reader, int, bool], Point | None], ...] = (
    read_pointed,
    read_before_last,
    read_ago,
    read_over,
    read_relative_day,
    read_anaphor,
    read_anaphoric_name,
    read_unit_end,
)
"""Every reader of this module, in no order: the longest reading wins."""
