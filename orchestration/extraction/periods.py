"""Time expressions of a text as day ranges, resolved against the day of publication.

"From October through December", "since the end of April", "by last October", "early last June". How
a single point in time is read belongs to `period_points`, its arithmetic to `period_calendar`; which
period belongs to which count is for `resolve`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from orchestration.extraction.period_calendar import Stretch
from orchestration.extraction.period_names import Point
from orchestration.extraction.period_points import read_base, read_point
from orchestration.extraction.period_ranges import (
    days_before_month,
    draw_out,
    make_range,
    read_right,
    read_span,
)
from orchestration.extraction.period_reader import DASHES, Reader, Reading
from orchestration.extraction.period_relatives import read_pointed
from orchestration.extraction.period_words import Governor, match, words
from orchestration.extraction.text import tokenize
from orchestration.records import Span

LOOK_BACK = 400
"""How many characters before a text are read for what "that year" means."""
_EVENT_REACH = 9
_HEADING = re.compile(r"\s*(\d{4})(?:,? [A-Z][a-z]{2,8}\.?)?(?: \d{1,2})?\s{0,2}[.:—–-]\s")
_PARAGRAPH = 4000
_DAY = timedelta(1)


@dataclass(frozen=True, slots=True)
class Period:
    """A time expression: its place in the text, its first and last day (None is open), and its rule."""

    span: Span
    start: date | None
    end: date | None
    kind: str


def find_periods(text: str, start: int, end: int, published: date, planned: bool) -> list[Period]:
    """The time expressions of `text[start:end]`, left to right, none overlapping.

    `planned` says that the counted thing is a plan: a bare "on Thursday" or "in March" is then the
    next one, not the latest. "That year" is read against what stands before, up to LOOK_BACK
    characters before `start`.
    """
    tokens = tokenize(text, start, end)
    published = _spoken(text, start, published)
    back = _Earlier(text, start, published, planned)
    readings = _read(Reader(tokens, published, planned, back.stretches))
    return [
        Period(Span(tokens[r.first].span.start, tokens[r.stop - 1].span.end), r.start, r.end, r.kind)
        for r in readings
    ]


def _spoken(text: str, start: int, published: date) -> date:
    """The day against which bare expressions are read: publication, or the end of an earlier year.

    In a chronicle the year stands before each paragraph ("2016 — … In April …").
    """
    line = text.rfind("\n", max(0, start - _PARAGRAPH), start) + 1
    heading = _HEADING.match(text, line) if line or start < _PARAGRAPH else None
    year = int(heading.group(1)) if heading else published.year
    return date(year, 12, 31) if 1900 <= year < published.year else published


@dataclass(slots=True)
class _Earlier:
    """What the text just before says, read when it is first asked for."""

    text: str
    stop: int
    published: date
    planned: bool
    known: list[Stretch] | None = None

    def stretches(self) -> list[Stretch]:
        if self.known is None:
            first = max(0, self.stop - LOOK_BACK)
            while 0 < first < self.stop and self.text[first - 1].isalnum():
                first += 1
            tokens = tokenize(self.text, first, self.stop)
            self.known = []
            found = _read(Reader(tokens, self.published, self.planned, list))
            self.known = [r.stretch for r in found if r.kind not in ("weekday", "relative_day")]
        return self.known


def _read(reader: Reader) -> list[Reading]:
    index = 0
    while index < len(reader.tokens):
        reading = _expression(reader, index)
        if reading is not None:
            reader.keep(reading)
        index = reading.stop if reading else index + 1
    return reader.found


def _expression(reader: Reader, index: int) -> Reading | None:
    """The expression that begins at `index`: governed, a range, or a point alone."""
    try:
        governed = _governed(reader, index)
        if governed is not None:
            return governed
        span = read_span(reader, index)
        if span is None:
            return None
        return _bounded(reader, index, span)
    except (ValueError, OverflowError):
        return None


def _bounded(reader: Reader, index: int, point: Point) -> Reading:
    """A point read on its own, or with "so far", "to date", "onward" after it."""
    stretch, stop = point.settle(reader), point.stop
    after = [reader.word(stop), reader.word(stop + 1)]
    if after in (["so", "far"], ["to", "date"]) and stretch.first <= reader.published <= stretch.last:
        return Reading(index, stop + 2, stretch.first, reader.published, "to_date", stretch)
    return Reading(index, stop, stretch.first, stretch.last, point.kind, stretch)


# Governors: the words that bound a period


def _governed(reader: Reader, index: int) -> Reading | None:
    """An expression with its governor: "since January", "by the end of 2024", "between May and July"."""
    hit = match("period_governors", Governor, reader.tokens, index)
    if hit is None or _is_inside(reader, index, hit[1].rule):
        return None
    stop, row = hit
    while reader.word(stop) in words("filler") and read_base(reader, stop) is None:
        stop += 1
    read = _RULES[row.rule]
    return read(reader, index, stop)


def _is_inside(reader: Reader, index: int, rule: str) -> bool:
    """Whether the wording belongs to the word before: "the run-up to", "two years after"."""
    if reader.glued(index) and reader.word(index - 1) in DASHES:
        return True
    return rule in ("before", "after") and reader.unit(index - 1) is not None


def _reading(
    first: int, point: Point, start: date | None, end: date | None, kind: str, stretch: Stretch
) -> Reading:
    if start is not None and end is not None and start > end:
        raise ValueError("the period ends before it starts")
    return Reading(first, point.stop, start, end, kind, stretch)


def _from(reader: Reader, index: int, at: int) -> Reading | None:
    """ "From March to May" is a range; "from March on", or a plan "from March", has an open end."""
    left = days_before_month(reader, at) or read_point(reader, at, led=True)
    if left is None:
        return None
    drawn = draw_out(reader, left, ("to", "until", "till", "through", "up", *DASHES))
    if drawn.stop > left.stop or drawn.kind == "range":
        stretch = drawn.settle(reader)
        return _reading(index, drawn, stretch.first, stretch.last, "range", stretch)
    onward = reader.word(left.stop) in words("onward")
    stretch = left.settle(reader)
    if onward or (reader.planned and stretch.last >= reader.published):
        return _open(reader, index, replace(left, stop=left.stop + onward), stretch)
    return _bounded(reader, index + 1 if at == index + 1 else at, left)


def _open(reader: Reader, index: int, point: Point, stretch: Stretch) -> Reading:
    """From a stretch on: to publication where it is done, open where it is a plan."""
    done = not reader.planned and stretch.first <= reader.published
    return _reading(index, point, stretch.first, reader.published if done else None, "starting", stretch)


def _starting(reader: Reader, index: int, at: int) -> Reading | None:
    point = read_point(reader, at, led=True)
    return _open(reader, index, point, point.settle(reader)) if point else None


def _between(reader: Reader, index: int, at: int) -> Reading | None:
    left = days_before_month(reader, at) or read_point(reader, at, led=True)
    if left is None:
        return None
    if left.kind == "range":
        drawn = left
    else:
        right = (
            read_right(reader, left, left.kind, "and")
            if reader.word(left.stop) in ("and", "to", *DASHES)
            else None
        )
        found = make_range(reader, left, right, left.kind, "to") if right else None
        if found is None:
            return None
        drawn = found
    stretch = drawn.settle(reader)
    return _reading(index, drawn, stretch.first, stretch.last, "range", stretch)


def _since(reader: Reader, index: int, at: int) -> Reading | None:
    """To publication from the first day; "since the end of April" from the last."""
    point = read_point(reader, at, led=True) or _since_event(reader, at)
    if point is None:
        return None
    stretch = point.cycle.before(reader.published) if point.cycle else point.settle(reader)
    start = stretch.last if point.edge == "end" else stretch.first
    return _reading(index, point, start, reader.published, "since", stretch)


def _since_event(reader: Reader, index: int) -> Point | None:
    """The time of the event that "since" names: "since the border was closed in January 2020"."""
    for at in range(index, min(index + _EVENT_REACH, len(reader.tokens))):
        if not reader.word(at).isalpha():
            return None
        if reader.word(at) in ("in", "on"):
            return read_point(reader, at + 1, led=True)
        if pointed := read_pointed(reader, at, True):
            return pointed
    return None


def _by(reader: Reader, index: int, at: int) -> Reading | None:
    point = read_span(reader, at, led=True)
    if point is None:
        return None
    stretch = point.settle(reader)
    return _reading(index, point, None, stretch.last, "by", stretch)


def _until(reader: Reader, index: int, at: int) -> Reading | None:
    """Up to the last day; "through 2021" is the whole year, "up to 2019" most often a count."""
    reading = _by(reader, index, at)
    if reading is None or reading.stretch.grain != "year":
        return replace(reading, kind="until") if reading else None
    if reader.word(at - 1) == "through":
        return replace(reading, start=reading.stretch.first, kind="year")
    counted = reader.word(at - 1) == "to" and reader.year(at) is not None
    return None if counted else replace(reading, kind="until")


def _before(reader: Reader, index: int, at: int) -> Reading | None:
    """Up to the day before; "before the end of May" and "before the year is out" up to the last day."""
    point = read_base(reader, at)
    if point is None:
        return None
    ending = reader.word(point.stop) in ("is", "was", "ends", "ended")
    ended = ending and (
        reader.word(point.stop).startswith("end")
        or reader.word(point.stop + 1) in ("out", "over", "up", "through")
    )
    stretch = point.settle(reader)
    if ended or point.edge == "end":
        return _reading(index, point, None, stretch.last, "before", stretch)
    return _reading(index, point, None, stretch.first - _DAY, "before", stretch)


def _after(reader: Reader, index: int, at: int) -> Reading | None:
    point = read_point(reader, at, led=True)
    if point is None or point.kind.startswith("same_"):
        return None
    stretch = point.settle(reader)
    end = None if reader.planned else reader.published
    return _reading(index, point, stretch.last + _DAY, end, "after", stretch)


def _as_of(reader: Reader, index: int, at: int) -> Reading | None:
    point = read_span(reader, at, led=True)
    if point is None:
        return None
    stretch = point.settle(reader)
    return _reading(index, point, stretch.first, stretch.last, "as_of", stretch)


def _to_date(reader: Reader, index: int, at: int) -> Reading | None:
    """ "Earlier this year" ends with publication; "earlier this month" is the whole month."""
    point = read_base(reader, at)
    if point is None or point.kind in ("weekday", "relative_day"):
        return None
    stretch = point.settle(reader)
    running = stretch.grain == "year" and stretch.first <= reader.published <= stretch.last
    so_far = reader.word(at - 1) == "far" or reader.word(at - 2) == "far"
    running = running or (so_far and stretch.first <= reader.published <= stretch.last)
    end = reader.published if running else stretch.last
    return _reading(index, point, stretch.first, end, "to_date", stretch)


def _to_end(reader: Reader, index: int, at: int) -> Reading | None:
    """ "Later this year", "the rest of the year": from publication on."""
    point = read_base(reader, at)
    if point is None or point.kind in ("weekday", "relative_day"):
        return None
    stretch = point.settle(reader)
    running = stretch.first <= reader.published <= stretch.last
    return _reading(
        index, point, reader.published if running else stretch.first, stretch.last, "to_end", stretch
    )


_RULES: dict[str, Callable[[Reader, int, int], Reading | None]] = {
    "from": _from,
    "starting": _starting,
    "between": _between,
    "since": _since,
    "by": _by,
    "until": _until,
    "before": _before,
    "after": _after,
    "as_of": _as_of,
    "to_date": _to_date,
    "to_end": _to_end,
}
