"""Reads one point in time: what the calendar names, what is counted from publication, and parts of these.

"Early last June", "the end of 2024", "the first nine months of this year". Ranges of two points and
the words that bound a period ("since", "by") are for `periods`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestration.extraction import period_names as names
from orchestration.extraction.period_calendar import Stretch, add_months, around, day, divide, months, move
from orchestration.extraction.period_names import Point
from orchestration.extraction.period_reader import DASHES, Reader
from orchestration.extraction.period_relatives import READERS, read_unit_end
from orchestration.extraction.period_words import Ordinal, Part, Weekday, match, starters, thirds

_NAMED = (
    names.month_first,
    names.day_first,
    names.read_iso,
    names.read_season,
    names.read_code,
    names.read_year,
    names.read_holiday,
    names.read_weekday,
    names.read_week,
)
_SHARES = {"quarter": 4, "half": 2}
_STEPS = {"week": "day", "month": "day", "decade": "year"}
_DEPTH = 3
"""How deep parts of parts are read: "early in the first half of last year"."""
_DEFINITE = ("week", "month", "quarter", "year", "decade")


def cut_part(stretch: Stretch, part: Part) -> Stretch:
    """Early, middle or late, by `period_spans.csv`; the end of a year is late in its last month."""
    if part.edge and stretch.grain in ("year", "season", "quarter", "half", "range"):
        edge = stretch.last if part.edge == "end" else stretch.first
        stretch = around(edge, "month")
    rows = thirds()
    if (stretch.grain, part.first) not in rows:
        return stretch
    first, last = rows[stretch.grain, part.first], rows[stretch.grain, part.last]
    step = _STEPS.get(stretch.grain, "month")
    start = move(stretch.first, step, first.first - 1)
    end = move(move(stretch.first, step, last.last), "day", -1)
    return Stretch(start, min(end, stretch.last), "part")


def _part(reader: Reader, index: int, led: bool) -> Point | None:
    """ "Early June", "mid-2023", "late last year", "at the end of the month"."""
    hit = match("period_parts", Part, reader.tokens, index)
    if hit is None:
        return None
    stop, part = hit
    base = read_base(reader, stop) or (
        read_base(reader, stop + 1) if reader.word(stop) in ("on", "in") else None
    )
    if base is None:
        return None
    cut = base.cut(lambda stretch: cut_part(stretch, part))
    kind = {"month": "part_of_month", "day": "day", "weekday": "weekday"}.get(base.kind, "part_of_year")
    return replace(cut, kind=kind, edge=part.edge, month=0)


def read_base(reader: Reader, index: int) -> Point | None:
    """What a part may be part of: a point, or the week, month or year in which the article speaks."""
    if reader.depth >= _DEPTH:
        return None
    reader.depth += 1
    point = read_point(reader, index, led=True)
    reader.depth -= 1
    if point is not None:
        return point
    unit = reader.unit(index + 1) if reader.word(index) == "the" else None
    if unit is None or unit[1].unit not in _DEFINITE or unit[1].wording.endswith("s"):
        return None
    return Point(unit[0], unit[1].unit, around(reader.published, unit[1].unit))


def _ordinal_part(reader: Reader, index: int, led: bool) -> Point | None:
    """ "The first half of 2023", "the first nine months of this year", "the third week of March"."""
    start = index + (reader.word(index) == "the")
    hit = match("period_ordinals", Ordinal, reader.tokens, start)
    if hit is None:
        return None
    at = hit[0] + (reader.word(hit[0]) in DASHES)
    amount = reader.amount(at)
    unit = reader.unit(amount[1] if amount else at)
    if unit is None:
        return _ordinal_weekday(reader, at, hit[1].rank)
    if unit[1].unit == "weekend":
        return None
    count = (amount[0] if amount else 1) * unit[1].size
    whole = read_base(reader, unit[0] + 1) if reader.word(unit[0]) in ("of", "in") else None
    if whole is not None:
        cut = whole.cut(lambda stretch: divide(stretch, unit[1].unit, hit[1].rank, count))
        return replace(cut, kind=unit[1].unit if unit[1].unit in _SHARES else "part", month=0)
    return _share(reader, unit[0], unit[1].unit, hit[1], count, start > index or reader.led(index))


def _ordinal_weekday(reader: Reader, index: int, rank: int) -> Point | None:
    """The "Friday of March" of "the last Friday of March", with its rank."""
    hit = match("period_weekdays", Weekday, reader.tokens, index)
    whole = read_base(reader, hit[0] + 1) if hit and reader.word(hit[0]) in ("of", "in") else None
    if hit is None or whole is None:
        return None
    weekday = hit[1].weekday

    def pick(stretch: Stretch) -> Stretch:
        edge = stretch.first if rank > 0 else stretch.last
        ahead = (weekday - edge.weekday()) % 7 + 7 * (rank - 1)
        return day(edge + timedelta(ahead if rank > 0 else -((edge.weekday() - weekday) % 7)))

    return replace(whole.cut(pick), kind="day", month=0)


def _share(reader: Reader, stop: int, unit: str, row: Ordinal, count: int, told: bool) -> Point | None:
    """ "The first quarter", "second-half 2023", with or without a year."""
    shares = _SHARES.get(unit)
    ambiguous = row.wording in ("last", "final", "opening", "closing", "latter") or reader.word(stop) == "of"
    if shares is None or count != 1 or row.rank > shares or row.rank < 1 or ambiguous:
        return None
    point = names.read_share(reader, stop, row.rank, shares)
    return point if told or point.fixed else None


def _unit_end(reader: Reader, index: int, led: bool) -> Point | None:
    point = read_unit_end(reader, index, led)
    if point is None:
        return None
    told = names.told_year(reader, point.stop)
    if told and point.kind == "year":
        point = replace(point, stop=told[0], fixed=months(told[1], 1, 12, "year"))
    return point.cut(lambda stretch: cut_part(stretch, Part("", 3, 3, "end")))


def _year_to(reader: Reader, index: int, led: bool) -> Point | None:
    """ "The year to March 2024", "the 12 months ending in June"."""
    at = index + (reader.word(index) == "the")
    amount = reader.amount(at)
    unit = reader.unit(amount[1] if amount else at)
    if unit is None or unit[1].unit not in ("month", "year") or at == index:
        return None
    stop = unit[0] + 1
    if reader.word(unit[0]) not in ("to", "ending", "ended", "through"):
        return None
    last = read_base(reader, stop + (reader.word(stop) in ("in", "on", "at")))
    if last is None:
        return None
    count = (amount[0] if amount else 1) * (12 if unit[1].unit == "year" else 1)
    end = last.settle(reader).last
    after = move(end, "day", 1)
    return Point(last.stop, "range", Stretch(add_months(after, -count), end, "range"))


_READERS = (*_NAMED, *READERS, _part, _ordinal_part, _unit_end, _year_to)


def read_point(reader: Reader, index: int, *, led: bool = False) -> Point | None:
    """The longest point in time that begins at token `index`; `led` says that a word before asks for one."""
    if not reader.word(index)[:1].isdigit() and reader.word(index) not in starters():
        return None
    key = (index, led, reader.depth)
    if key not in reader.points:
        reader.points[key] = _longest(reader, index, led)
    point: Point | None = reader.points[key]
    return point


def _longest(reader: Reader, index: int, led: bool) -> Point | None:
    best: Point | None = None
    for read in _READERS:
        try:
            point = read(reader, index, led)
        except (ValueError, OverflowError):
            continue
        if point is not None and (best is None or point.stop > best.stop):
            best = point
    return best
