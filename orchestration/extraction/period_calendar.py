"""The calendar under the time expressions: stretches of days, what recurs, and the steps between.

Words do not belong here: `period_words` knows the wordings, `period_points` and `periods` read them.
A stretch that the calendar cannot hold (before year 1, after year 9999) raises ValueError or
OverflowError, and the reader then says nothing.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

Make = Callable[[int], "Stretch"]

_MONTHS = {"month": 1, "quarter": 3, "season": 3, "half": 6, "year": 12, "decade": 120}
_DAYS = {"day": 1, "week": 7, "weekend": 7}
_YEARS_AROUND = 9
"""29 February is at most eight years away."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days from `first` to `last`, both included; `grain` is the unit it was named by."""

    first: date
    last: date
    grain: str

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"{self.first} is after {self.last}")


def day(day_: date) -> Stretch:
    """One day."""
    return Stretch(day_, day_, "day")


def months(year: int, month: int, count: int, grain: str) -> Stretch:
    """`count` whole months from `month` of `year` on."""
    last = add_months(date(year, month, 1), count - 1)
    return Stretch(date(year, month, 1), last.replace(day=monthrange(last.year, last.month)[1]), grain)


def season(year: int, month: int) -> Stretch:
    """The season that begins in `month`; the winter of a year begins in the December before it."""
    return months(year - 1 if month == 12 else year, month, 3, "season")


def around(day_: date, unit: str) -> Stretch:
    """The calendar unit that `day_` lies in: its Monday-to-Sunday week, its month, its decade …"""
    if unit == "day":
        return day(day_)
    if unit == "week":
        monday = day_ - timedelta(day_.weekday())
        return Stretch(monday, monday + timedelta(6), "week")
    if unit == "weekend":
        saturday = day_ - timedelta(day_.weekday() - 5)
        return Stretch(saturday, saturday + timedelta(1), "weekend")
    if unit == "decade":
        return months(day_.year - day_.year % 10, 1, 120, "decade")
    size = _MONTHS[unit]
    return months(day_.year, (day_.month - 1) // size * size + 1, size, unit)


def add_months(day_: date, count: int) -> date:
    """`day_` moved by whole months, held to the month's last day where the month is shorter."""
    year, month = divmod(day_.year * 12 + day_.month - 1 + count, 12)
    return date(year, month + 1, min(day_.day, monthrange(year, month + 1)[1]))


def move(day_: date, unit: str, count: int) -> date:
    """`day_` moved by `count` units."""
    if unit in _DAYS:
        return day_ + timedelta(_DAYS[unit] * count)
    return add_months(day_, _MONTHS[unit] * count)


def turn(day_: date, unit: str, count: int) -> Stretch:
    """The calendar unit `count` units after the one that `day_` lies in."""
    return around(move(around(day_, unit).first, unit, count), unit)


def shift(stretch: Stretch, unit: str, count: int) -> Stretch:
    """What "two days later" or "the year before" makes of a stretch: as coarse as the coarser of the two."""
    if stretch.grain == "day" and unit != "month":
        return day(move(stretch.first, unit, count))
    if stretch.grain == "month" and unit == "year":
        return around(move(stretch.first, unit, count), "month")
    return turn(stretch.first, unit, count)


def _first(found: Iterator[Stretch]) -> Stretch:
    """The first of some; ValueError where the calendar ends before it."""
    for stretch in found:
        return stretch
    raise ValueError("beyond the calendar")


@dataclass(frozen=True, slots=True)
class Cycle:
    """Something that recurs: a weekday, a month, a season. `turns` gives those around a day, in order."""

    turns: Callable[[date], list[Stretch]]

    def before(self, day_: date) -> Stretch:
        """The latest that began on or before `day_`."""
        return _first(s for s in reversed(self.turns(day_)) if s.first <= day_)

    def after(self, day_: date) -> Stretch:
        """The first that ends on or after `day_`."""
        return _first(s for s in self.turns(day_) if s.last >= day_)

    def pick(self, day_: date, which: str) -> Stretch:
        """The `last` one wholly before `day_`, the `next` one wholly after it, or `this` one: the nearest."""
        found = self.turns(day_)
        if which == "last":
            return _first(s for s in reversed(found) if s.last < day_)
        if which == "next":
            return _first(s for s in found if s.first > day_)
        return min(
            found, key=lambda s: (_other_year(s, day_), abs((s.first - day_).days + (s.last - day_).days))
        )

    def cut(self, change: Callable[[Stretch], Stretch]) -> Cycle:
        """The same cycle, each turn changed: early June of every June."""
        return Cycle(lambda day_: [change(s) for s in self.turns(day_)])


def _other_year(stretch: Stretch, day_: date) -> bool:
    """Whether "this June" would be another year's."""
    return stretch.grain == "month" and stretch.first.year != day_.year


def _made(make: Make, years: range) -> Iterator[Stretch]:
    for year in years:
        try:
            yield make(year)
        except (ValueError, OverflowError):
            continue


def yearly(make: Make) -> Cycle:
    """What comes once a year, or (29 February) in some years."""
    return Cycle(
        lambda day_: list(_made(make, range(day_.year - _YEARS_AROUND, day_.year + _YEARS_AROUND + 1)))
    )


def weekly(weekday: int) -> Cycle:
    """A day of the week, Monday is 0."""
    return Cycle(lambda day_: [day(day_ + timedelta(weekday - day_.weekday() + 7 * n)) for n in range(-2, 3)])


def weekends() -> Cycle:
    """Saturday and Sunday."""
    return Cycle(lambda day_: [around(day_ + timedelta(7 * n), "weekend") for n in range(-2, 3)])


def monthly(number: int) -> Cycle:
    """A day of the month; a month that lacks it is passed over."""

    def turns(day_: date) -> list[Stretch]:
        firsts = [add_months(day_.replace(day=1), n) for n in range(-3, 4)]
        return [day(f.replace(day=number)) for f in firsts if number <= monthrange(f.year, f.month)[1]]

    return Cycle(turns)


def divide(stretch: Stretch, unit: str, rank: int, count: int) -> Stretch:
    """Part `rank` (from 1; -1 is the last) of a stretch, `count` units long: "the first nine months of".

    Raises ValueError where the stretch has no such part.
    """
    if unit == "half" and stretch.grain == "month":
        middle = stretch.first.replace(day=15)
        return (
            Stretch(stretch.first, middle, "half")
            if rank == 1
            else Stretch(middle + timedelta(1), stretch.last, "half")
        )
    after = stretch.last + timedelta(1)
    start = move(after, unit, -count) if rank < 0 else move(stretch.first, unit, (rank - 1) * count)
    end = move(start, unit, count) - timedelta(1)
    if start < stretch.first or (unit != "week" and end > stretch.last) or start > stretch.last:
        raise ValueError("no such part")
    return Stretch(start, min(end, stretch.last), unit if count == 1 else "range")
