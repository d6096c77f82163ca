"""Reads what a calendar names: days, months, seasons, quarters, halves, years, decades, weekdays.

Each reader takes a cursor and a token index and gives a `Point` or None. What points from the day of
publication ("last year", "two weeks ago") is for `period_relatives`, parts of these for `period_points`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from orchestration.extraction.period_calendar import (
    Cycle,
    Make,
    Stretch,
    around,
    day,
    monthly,
    months,
    season,
    turn,
    weekends,
    weekly,
    yearly,
)
from orchestration.extraction.period_reader import DASHES, Reader
from orchestration.extraction.period_words import Holiday, Weekday, labels, match, words

_TURNS = {"last": -1, "this": 0, "next": 1}


@dataclass(frozen=True, slots=True)
class Point:
    """A named stretch that ends before token `stop`: `fixed`, or one that recurs and is still to be settled.

    `month` is set for a day, so that "May 3-5" can go on; `edge` says that an end or a start was named.
    """

    stop: int
    kind: str
    fixed: Stretch | None = None
    cycle: Cycle | None = None
    month: int = 0
    edge: str = ""

    def settle(self, reader: Reader) -> Stretch:
        """The stretch meant, read against the day of publication."""
        if self.fixed is not None:
            return self.fixed
        assert self.cycle is not None
        return reader.settle(self.cycle)

    def cut(self, change: Callable[[Stretch], Stretch]) -> Point:
        """The same point, its stretch changed."""
        fixed = change(self.fixed) if self.fixed is not None else None
        return replace(self, fixed=fixed, cycle=self.cycle.cut(change) if self.cycle is not None else None)


def pointed_unit(reader: Reader, index: int) -> tuple[int, Stretch, str] | None:
    """ "Last year", "this month", "next week": the index after it, the unit meant and its name."""
    pointer = reader.pointer(index)
    unit = reader.unit(pointer[0]) if pointer else None
    if pointer is None or unit is None or unit[1].unit in ("day", "half") or unit[1].size > 1:
        return None
    if reader.word(pointer[0] - 1) == "past" or unit[1].wording.endswith("s"):
        return None
    if reader.word(unit[0]) == "of" and pointer[1] == "last" and reader.word(index - 1) == "the":
        return None
    stop = unit[0] + (reader.word(unit[0]) == "'s")
    return stop, turn(reader.published, unit[1].unit, _TURNS[pointer[1]]), unit[1].unit


def told_year(reader: Reader, index: int) -> tuple[int, int] | None:
    """The year told after a name (", 2019", "of last year", "that year"): the index after it, the year."""
    at = index + (reader.word(index) in (",", "of", "in", "'s", "/"))
    at += reader.word(at) == "the" and reader.word(at + 1) == "year" and reader.year(at + 2) is not None
    at += reader.word(at) == "year" and reader.year(at + 1) is not None
    year = reader.year(at)
    if year is not None:
        spoilt = reader.word(index) == "," and reader.counts_someone(at + 1)
        return None if spoilt else (at + 1, year)
    if (unit := pointed_unit(reader, at)) and unit[2] == "year":
        return unit[0], unit[1].first.year
    if (
        (anaphor := reader.anaphor(at))
        and anaphor[1].grain == "year"
        and reader.word(anaphor[0] - 1) != "later"
    ):
        return anaphor[0], anaphor[1].first.year
    return None


def _named(reader: Reader, stop: int, kind: str, make: Make, month: int = 0) -> Point:
    """A point that comes once a year: in the year told after it, or in one still to be settled."""
    told = told_year(reader, stop)
    if told:
        return Point(told[0], kind, make(told[1]), month=month)
    return Point(stop, kind, cycle=yearly(make), month=month)


def read_day(reader: Reader, month: int, number: int, stop: int) -> Point:
    """The `number`th of `month`, the index after it given; a year may follow."""
    date(2024, month, number)
    return _named(reader, stop, "day", lambda year: day(date(year, month, number)), month)


def _is_name(reader: Reader, first: int, stop: int) -> bool:
    """Whether a day only names a thing: "the April 25 House"."""
    return reader.word(stop) in labels("after", "day") and reader.capital(stop)


def month_first(reader: Reader, index: int, led: bool) -> Point | None:
    """ "December", "Dec. 2019", "Dec. 22, 2019", "December the 22nd"."""
    index += 3 if [reader.word(index + i) for i in range(3)] == ["the", "month", "of"] else 0
    hit = reader.name("months", index, led)
    if hit is None:
        return None
    stop, row = hit
    number = reader.day_number(stop + (reader.word(stop) == "the"))
    if number and not _is_name(reader, index, number[1]) and not _counts(reader, index, number[1]):
        return read_day(reader, row.month, number[0], number[1])
    return _named(reader, stop, "month", lambda year: months(year, row.month, 1, "month"))


def _counts(reader: Reader, month: int, stop: int) -> bool:
    """Whether the number after a month counts somebody: "in January 14 workers"."""
    if reader.counts_someone(stop):
        return reader.word(month - 1) != "on"
    open_number = reader.word(stop) in ("of", ".") or reader.word(stop) == ""
    return reader.word(month - 1) in ("in", "during") and not (reader.word(stop) == "," or open_number)


def day_first(reader: Reader, index: int, led: bool) -> Point | None:
    """ "22 December 2019", "the 5th of June", "the fifth of last month"."""
    start = index + (reader.word(index) == "the")
    number = reader.day_number(start)
    if number is None:
        return None
    at = number[1] + (reader.word(number[1]) == "of")
    month = match_month(reader, at)
    if month:
        return read_day(reader, month[1], number[0], month[0])
    ordinal = reader.digits(start, 1, 2) is None or number[1] > start + 1
    if not ordinal:
        return None
    unit = pointed_unit(reader, at)
    if unit and unit[2] == "month":
        return Point(unit[0], "day", day(unit[1].first.replace(day=number[0])))
    return _bare_ordinal(reader, index, start, number)


def match_month(reader: Reader, index: int) -> tuple[int, int] | None:
    """A month's name at `index`, ambiguous or not: the index after it and its number."""
    hit = reader.name("months", index, True)
    return (hit[0], hit[1].month) if hit else None


def _bare_ordinal(reader: Reader, index: int, start: int, number: tuple[int, int]) -> Point | None:
    """ "On the 22nd": digits, "the" before it, and nothing after it that it could number."""
    stop = number[1]
    if index == start or reader.digits(start, 1, 2) is None or reader.word(index - 1) not in words("lead"):
        return None
    closed = not reader.word(stop)[:1].isalpha() or reader.word(stop) in words("after_day")
    if not closed or (reader.word(stop) in DASHES and reader.word(stop + 1).isalpha()):
        return None
    return Point(stop, "day", cycle=monthly(number[0]))


def read_iso(reader: Reader, index: int, led: bool) -> Point | None:
    """ "2019-12-22", "2019/12/22", "2019.12.22" and, with a hyphen, the month alone."""
    pieces = reader.word(index).split(".")
    if len(pieces) == 3 and len(pieces[0]) == 4 and all(p.isascii() and p.isdigit() for p in pieces):
        return Point(index + 1, "day", day(date(*(int(p) for p in pieces))))
    mark = reader.word(index + 1)
    year, month = reader.year(index), reader.digits(index + 2, 2, 2)
    if (
        year is None
        or month is None
        or mark not in ("-", "/")
        or not reader.glued(index + 2)
        or reader.glued(index)
    ):
        return None
    number = reader.digits(index + 4, 2, 2)
    if number and reader.word(index + 3) == mark and reader.glued(index + 4):
        return Point(index + 5, "day", day(date(year, month, number)))
    if mark == "-" and 1 <= month <= 12 and month != year % 100 + 1:
        return Point(index + 3, "month", months(year, month, 1, "month"))
    return None


def read_season(reader: Reader, index: int, led: bool) -> Point | None:
    """ "The summer of 2023", "winter 2022-23", "this spring" without its pointer."""
    start = index + (reader.word(index) == "the")
    hit = reader.name("seasons", start, led)
    if hit is None:
        return None
    stop, month = hit[0], hit[1].month
    point = _named(reader, stop, "season", lambda year: season(year, month))
    if point.fixed is None:
        return None if reader.word(stop) == "of" or reader.word(stop) in labels("after", "season") else point
    second = reader.digits(point.stop + 1, 2, 2)
    told = reader.year(point.stop - 1)
    if told and second == (told + 1) % 100 and reader.word(point.stop) in (*DASHES, "/"):
        return Point(point.stop + 2, "season", season(told + (month == 12), month))
    return point


def read_code(reader: Reader, index: int, led: bool) -> Point | None:
    """ "Q3 2024", "3Q", "H1 2023"."""
    letter, number = (index, index + 1) if reader.word(index) in ("q", "h") else (index + 1, index)
    rank = reader.digits(number, 1, 1)
    count = {"q": 4, "h": 2}.get(reader.word(letter))
    if count is None or rank is None or not 1 <= rank <= count or not reader.glued(max(letter, number)):
        return None
    if not reader.capital(letter):
        return None
    return read_share(reader, index + 2, rank, count)


def read_share(reader: Reader, stop: int, rank: int, count: int) -> Point:
    """The `rank`th of `count` equal shares of a year: quarters and halves; a year may follow."""
    size, kind = 12 // count, "quarter" if count == 4 else "half"
    return _named(reader, stop, kind, lambda year: months(year, (rank - 1) * size + 1, size, kind))


def read_year(reader: Reader, index: int, led: bool) -> Point | None:
    """ "2021", "the year 2021", "2021's", "the 2010s"."""
    start = index + (reader.word(index) == "the")
    start += start > index and reader.word(start) == "year"
    year = reader.year(start)
    if year is not None and reader.word(start + 1) == "s" and reader.glued(start + 1) and year % 10 == 0:
        return Point(start + 2, "decade", around(date(year, 1, 1), "decade"))
    year = reader.bare_year(start, led)
    if year is None or (start == index + 1):
        return None
    return Point(start + 1 + (reader.word(start + 1) == "'s"), "year", months(year, 1, 12, "year"))


def read_holiday(reader: Reader, index: int, led: bool) -> Point | None:
    """ "New Year's Day", "since New Year"."""
    hit = match("period_holidays", Holiday, reader.tokens, index)
    if hit is None or not (hit[1].bare or led):
        return None
    return read_day(reader, hit[1].month, hit[1].day, hit[0])


def read_weekday(reader: Reader, index: int, led: bool) -> Point | None:
    """ "Thursday", "Tuesday night", "Wednesday, 5 March", "Thursday of last week"."""
    hit = match("period_weekdays", Weekday, reader.tokens, index)
    if hit is None or not reader.capital(index):
        return None
    stop, row = hit
    stop += reader.word(stop) in words("time_of_day")
    at = stop + (reader.word(stop) in (",", "(", "the"))
    dated = month_first(reader, at, False) or day_first(reader, at, False)
    if dated and dated.month:
        return replace(dated, stop=dated.stop + (reader.word(stop) == "(" and reader.word(dated.stop) == ")"))
    week = pointed_unit(reader, stop + (reader.word(stop) == "of"))
    if week and week[2] == "week":
        return Point(week[0], "weekday", day(week[1].first + timedelta(row.weekday)))
    return Point(stop, "weekday", cycle=weekly(row.weekday)) if row.bare else None


def read_week(reader: Reader, index: int, led: bool) -> Point | None:
    """ "The weekend", "the weekend of 9 December", "the week of March 4"."""
    unit = reader.unit(index + 1)
    if reader.word(index) != "the" or unit is None or unit[1].wording not in ("week", "weekend"):
        return None
    joint = reader.word(unit[0])
    if joint in ("of", "beginning", "starting"):
        at = unit[0] + 1 + (reader.word(unit[0] + 1) == "the")
        dated = month_first(reader, at, False) or day_first(reader, at, False)
        if dated and dated.month:
            return dated_week(dated, unit[1].unit, joint)
    return Point(unit[0], "week", cycle=weekends()) if unit[1].unit == "weekend" else None


def dated_week(dated: Point, unit: str, joint: str) -> Point:
    """The week or weekend named by a day in it, or by its first day."""

    def week(stretch: Stretch) -> Stretch:
        if joint == "of":
            return around(stretch.first, unit)
        return Stretch(stretch.first, stretch.first + timedelta(6), "week")

    return replace(dated.cut(week), kind="week", month=0)
