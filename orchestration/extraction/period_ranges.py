"""Reads ranges of two points: "May 3-5", "2018-19", "October through December", "Monday and Tuesday".

A point alone is for `period_points`; "from", "between" and the other words before a range for `periods`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestration.extraction.period_calendar import Stretch, day, months
from orchestration.extraction.period_names import Point, match_month, read_day
from orchestration.extraction.period_points import read_point
from orchestration.extraction.period_reader import DASHES, Reader
from orchestration.extraction.period_words import words

_LIST_LIMIT = 8
_DAY = timedelta(1)
_LISTING = ("and", "or", "&", ",")


def read_span(reader: Reader, index: int, led: bool = False) -> Point | None:
    """A point, or a range of two: "May 3-5", "2018-19", "3 to 9 March", "Monday and Tuesday"."""
    days = days_before_month(reader, index)
    if days is not None:
        return days
    left = read_point(reader, index, led=led)
    return (
        draw_out(reader, left, ("to", "through", "and", "or", "&", ",", "until", "/", *DASHES))
        if left
        else None
    )


def draw_out(reader: Reader, left: Point, joints: tuple[str, ...]) -> Point:
    """`left`, drawn out to the points that a joint ties to it."""
    whole = closed = left
    for _ in range(_LIST_LIMIT):
        joint = reader.word(whole.stop)
        drawn = _drawn(reader, whole, left.kind, joint) if joint in joints else None
        if drawn is None:
            break
        whole = drawn
        # "In 2012, 2013 …" is no list: one of years ends in "and".
        closed = whole if joint != "," else closed
    return closed


def _drawn(reader: Reader, whole: Point, kind: str, joint: str) -> Point | None:
    """`whole` with one more point after `joint`, or None where none goes with it."""
    try:
        right = read_right(reader, whole, kind, joint)
        return make_range(reader, whole, right, kind, joint) if right else None
    except (ValueError, OverflowError):
        return None


def _short_year(reader: Reader, index: int) -> Point | None:
    """The "19" of "2018-19", its index given."""
    year, short = reader.year(index - 2), reader.digits(index, 2, 2)
    if year is None or short is None or not reader.glued(index) or short <= year % 100:
        return None
    return Point(index + 1, "year", months(year - year % 100 + short, 1, 12, "year"))


def read_right(reader: Reader, whole: Point, kind: str, joint: str) -> Point | None:
    """The point after a joint; a mere number goes on from the day or the year before it."""
    at = whole.stop + 1
    if kind == "year" and joint in (*DASHES, "/") and (short := _short_year(reader, at)):
        return short
    at += reader.word(at) in ("in", "on")
    if joint in ("to", "until", "till", "up") and (stop := _now(reader, at)):
        return Point(stop, kind, day(reader.published))
    number = reader.day_number(at + (reader.word(at) == "the"))
    if whole.month and number and joint != "," and not match_month(reader, number[1]):
        people = reader.counts_someone(number[1])
        return None if people else read_day(reader, whole.month, number[0], number[1])
    return read_point(reader, at, led=True)


def _now(reader: Reader, index: int) -> int | None:
    """The index after "now", "the present", "today"."""
    at = index + (reader.word(index) in ("the", "to"))
    return at + 1 if reader.word(at) in words("now") else None


def make_range(reader: Reader, left: Point, right: Point, kind: str, joint: str) -> Point | None:
    """From `left` to `right`; None where they are no range: in the wrong order, or a list with a gap."""
    alike = kind == right.kind or {kind, right.kind} <= {"month", "part_of_month", "day"}
    if not alike and joint in (*_LISTING, "/", *DASHES):
        return None
    first, last = _settle_both(reader, left, right)
    if first.first >= last.first or first.last > last.last:
        return None
    apart = last.first - first.last > _DAY and not (left.month and right.stop - left.stop <= 3)
    if joint in _LISTING and (apart or kind != right.kind):
        return None
    drawn = "range" if kind != "weekday" else "weekday"
    return Point(right.stop, drawn, Stretch(first.first, last.last, "range"), month=right.month)


def _settle_both(reader: Reader, left: Point, right: Point) -> tuple[Stretch, Stretch]:
    """Both ends of a range, a bare one next to the one that is settled."""
    if left.cycle is None:
        first = left.settle(reader)
        return first, right.cycle.after(first.last + _DAY) if right.cycle else right.settle(reader)
    if right.cycle is None:
        last = right.settle(reader)
        return left.cycle.before(last.first - _DAY), last
    if reader.planned:
        first = left.settle(reader)
        return first, right.cycle.after(first.last + _DAY)
    last = right.settle(reader)
    return left.cycle.before(last.first - _DAY), last


def days_before_month(reader: Reader, index: int) -> Point | None:
    """ "3-9 March", "3 to 9 March", "the 3rd and 4th of May": numbers that share the month after them."""
    numbers: list[int] = []
    at = index
    while len(numbers) < _LIST_LIMIT:
        at += reader.word(at) == "the"
        number = reader.day_number(at)
        if number is None:
            return None
        numbers.append(number[0])
        month = match_month(reader, number[1] + (reader.word(number[1]) == "of"))
        if month:
            break
        if reader.word(number[1]) not in ("to", "and", "or", "through", ",", "until", *DASHES):
            return None
        at = number[1] + 1
    else:
        return None
    if len(numbers) < 2 or numbers != sorted(set(numbers)):
        return None
    last = read_day(reader, month[1], numbers[-1], month[0])

    def widen(stretch: Stretch) -> Stretch:
        return Stretch(stretch.first.replace(day=numbers[0]), stretch.last, "range")

    return replace(last.cut(widen), kind="range")
