"""The publication day of a page, by rank of evidence: all candidates are kept, and the winner is named.

Reading days out of wordings and timestamps belongs here, and choosing among them. Where in a page they
are looked for is the business of `html` and `plain`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from enum import IntEnum
from functools import cache

from orchestration.scraping.tables import load_table

EARLIEST = date(1990, 1, 1)
LATEST_AFTER_FETCH = timedelta(days=2)
_LONGEST_LINE = 300
_LONGEST_STAMP = 80


class Rank(IntEnum):
    """How good a piece of evidence is; the lowest wins."""

    GIVEN = 0
    REST = 1
    JSON_LD = 2
    META = 3
    TIME = 4
    SELECTOR = 5
    FEED = 6
    URL = 7
    LABELLED = 8
    NEAR = 9
    FURNITURE = 10
    GUESSED = 11


@dataclass(frozen=True, slots=True)
class Candidate:
    """One day that a page may have been published on, and what says so."""

    rank: Rank
    day: date
    evidence: str


@dataclass(frozen=True, slots=True)
class VisibleDate:
    """A date as a reader sees it: `line[start:end]`, its time of day included."""

    day: date
    start: int
    end: int
    has_time: bool
    has_weekday: bool


def choose(candidates: Iterable[Candidate], fetched_at: datetime) -> Candidate | None:
    """The best plausible candidate, the first of its rank; None where there is none.

    Days before 1990, or more than two days after the page was fetched, are passed over.
    """
    return next(iter(plausible(candidates, fetched_at)), None)


def plausible(candidates: Iterable[Candidate], fetched_at: datetime) -> list[Candidate]:
    """The candidates that a page can be of, the best evidence first."""
    latest = fetched_at.date() + LATEST_AFTER_FETCH
    return sorted((c for c in candidates if EARLIEST <= c.day <= latest), key=lambda c: c.rank)


# Timestamps


def read_stamp(stamp: str, zone: tzinfo | None) -> date | None:
    """The day in `zone` of a machine's timestamp, or of a date in words; None where it is neither.

    A timestamp with an offset is converted to `zone` (None: its own day is kept); one without is the
    outlet's own local time.
    """
    stamp = stamp.strip()[:_LONGEST_STAMP]
    moment = _iso(stamp) or _rfc(stamp) or _epoch(stamp)
    if moment is not None:
        return _local_day(moment, zone)
    return next((found.day for found in find_dates(stamp, zone)), None)


def _local_day(moment: datetime, zone: tzinfo | None) -> date | None:
    try:
        return (moment.astimezone(zone) if moment.tzinfo and zone else moment).date()
    except (OverflowError, ValueError):
        return None


def _iso(stamp: str) -> datetime | None:
    if not stamp[:4].isascii() or not stamp[:4].isdigit() or (stamp.isdigit() and len(stamp) != 8):
        return None
    try:
        return datetime.fromisoformat(re.sub(r"(?<=\d) (?=[+-]\d)", "", stamp, count=1))
    except ValueError:
        return None


def _rfc(stamp: str) -> datetime | None:
    if not stamp[:3].isalpha() or "," not in stamp[:5]:
        return None
    try:
        return parsedate_to_datetime(stamp)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _epoch(stamp: str) -> datetime | None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) in (10, 13)):
        return None
    return datetime.fromtimestamp(int(stamp[:10]), UTC)


# Dates in words


@cache
def _months() -> dict[str, int]:
    return {name: int(month) for name, month in load_table("months", ("name", "month"))}


@cache
def _zones() -> dict[str, timezone]:
    rows = load_table("clock_zones", ("name", "hours"))
    return {name: timezone(timedelta(hours=float(hours))) for name, hours in rows}


_YEAR = re.compile(r"(?:19|20)\d{2}")


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    names = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    year, day = r"(?P<y>(?:19|20)\d{2})", r"(?P<d>[0-3]?\d)(?:st|nd|rd|th)?"
    month = rf"(?P<m>{names})\b\.?"
    number = r"(?P<n>[01]?\d)"
    forms = (
        rf"(?<!\w){month} ?{day},? ?{year}(?!\d)",
        rf"(?<!\d){day} ?(?:of )?[- ]?{month},?[- ]?{year}(?!\d)",
        rf"(?<!\d){year} ?[-./] ?{number} ?[-./] ?{day}(?!\d)\.?",
        rf"(?<!\d){year} ?[년年] ?{number} ?[월月] ?{day} ?[일日]",
        rf"(?<!\d){year},? {month} {day}(?!\d)",
        r"(?<![\d.])(?P<d>[0-3]?\d)\.(?P<n>[01]?\d)\.(?P<y>(?:19|20)\d{2})(?!\d)",
        r"(?<![\d/])(?P<a>[0-3]?\d)/(?P<b>[0-3]?\d)/(?P<y>(?:19|20)\d{2})(?!\d)",
    )
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


_WEEKDAY = re.compile(
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?|[월화수목금토일]요일),? ?$",
    re.IGNORECASE,
)


@cache
def _clock() -> re.Pattern[str]:
    """The time of day that may follow a date."""
    zones = "|".join(sorted(map(re.escape, _zones()), key=len, reverse=True))
    return re.compile(
        r"[ ,T|·]{0,3}(?:at )?(?:\((?:[월화수목금토일]|[a-z]{3})\) ?)?(?P<half>오전|오후)? ?"
        r"(?P<h>[0-2]?\d):(?P<min>[0-5]\d)(?::[0-5]\d(?:\.\d{1,6})?)?(?: ?(?P<ap>[ap])\.?m\b\.?)?"
        rf"(?: ?\(?(?P<z>{zones})\b\)?)?(?: ?\(?(?P<off>[+-]\d{{1,2}}(?::?\d{{2}})?)(?!\d)\)?)?",
        re.IGNORECASE,
    )


def find_dates(line: str, zone: tzinfo | None) -> Iterator[VisibleDate]:
    """The full dates in a line, in its order; one that could be read two ways (02/03/2024) is passed over."""
    line = line[:_LONGEST_LINE]
    if not _YEAR.search(line):
        return
    taken: list[tuple[int, int]] = []
    found: list[VisibleDate] = []
    for form in _forms():
        for match in form.finditer(line):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            if visible := _visible(line, match, zone):
                taken.append((visible.start, visible.end))
                found.append(visible)
    yield from sorted(found, key=lambda v: v.start)


def _visible(line: str, match: re.Match[str], zone: tzinfo | None) -> VisibleDate | None:
    day = _day_of(match.groupdict())
    if day is None:
        return None
    clock = _clock().match(line, match.end())
    end = match.end()
    if clock:
        end = clock.end()
        day = _shifted(day, clock, zone)
    before = _WEEKDAY.search(line[max(0, match.start() - 14) : match.start()])
    start = match.start() - (len(before.group()) if before else 0)
    return VisibleDate(day, start, end, clock is not None, before is not None)


def _day_of(parts: dict[str, str | None]) -> date | None:
    month = _months()[(parts["m"] or "").lower()] if parts.get("m") else int(parts.get("n") or 0)
    day = int(parts.get("d") or 0)
    if parts.get("a"):
        first, second = int(parts["a"] or 0), int(parts["b"] or 0)
        if first <= 12 and second <= 12 and first != second:
            return None
        day, month = (second, first) if second > 12 else (first, second)
    try:
        return date(int(parts["y"] or 0), month, day)
    except ValueError:
        return None


def _shifted(day: date, clock: re.Match[str], zone: tzinfo | None) -> date:
    """The day in `zone`, where the clock names a zone of its own."""
    own = _clock_zone(clock)
    hour = int(clock["h"]) % 24
    half = (clock["ap"] or "").lower() or {"오전": "a", "오후": "p"}.get(clock["half"] or "", "")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if own is None:
        return day
    moment = datetime(day.year, day.month, day.day, hour, int(clock["min"]), tzinfo=own)
    return _local_day(moment, zone) or day


def _clock_zone(clock: re.Match[str]) -> timezone | None:
    if clock["off"]:
        sign = -1 if clock["off"][0] == "-" else 1
        hours, _, minutes = clock["off"][1:].partition(":")
        if len(hours) > 2:
            hours, minutes = hours[:-2], hours[-2:]
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(sign * offset) if offset < timedelta(hours=15) else None
    return _zones().get((clock["z"] or "").lower())


# Labels and lines


@cache
def _labels() -> tuple[tuple[str, str], ...]:
    rows = [(wording, kind) for wording, kind in load_table("date_labels", ("wording", "kind"))]
    return tuple(sorted(rows, key=lambda row: -len(row[0])))


def label_before(line: str, start: int) -> str | None:
    """`published` or `updated` where the words just before a date say so, else None."""
    before = line[max(0, start - 40) : start].casefold().rstrip(" :：|-–—(,[")
    for wording, kind in _labels():
        head = len(before) - len(wording)
        if before.endswith(wording) and (head == 0 or not before[head - 1].isalnum()):
            return kind
    return None


def is_date_line(line: str, zone: tzinfo | None) -> bool:
    """Whether a line is nothing but dates, their labels and times, a place of a few letters aside."""
    if len(line) > 120:
        return False
    rest, last = "", 0
    for found in find_dates(line, zone):
        rest += line[last : found.start] + " "
        last = found.end
    if not last:
        return False
    rest = f"{rest}{line[last:]} ".casefold()
    for wording, _ in _labels():
        rest = rest.replace(wording, " ")
    return sum(c.isalnum() for c in rest) <= 6


def visible_candidates(lines: Iterable[tuple[str, bool]], zone: tzinfo | None) -> Iterator[Candidate]:
    """What the visible dates of some lines say; each comes with whether it stands at the head of the page.

    A labelled date outranks a bare one; a bare weekday and day at the head of a page is most often the
    day on which it was looked at, and an `updated` day is not the day of publication: both come last.
    """
    for line, at_head in lines:
        for found in find_dates(line, zone):
            label = label_before(line, found.start)
            wording = line[found.start : found.end].strip(" ,")
            if label == "published":
                yield Candidate(Rank.LABELLED, found.day, f"visible, labelled: {wording}")
            elif label == "updated" or (at_head and found.has_weekday and not found.has_time):
                yield Candidate(Rank.FURNITURE, found.day, f"visible, weak: {wording}")
            else:
                yield Candidate(Rank.NEAR, found.day, f"visible: {wording}")


# Addresses

_URL_DAY = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d{2})(?P<s>[/_-]?)(?P<n>[01]\d)(?P=s)(?P<d>[0-3]\d)")


def url_candidates(url: str | None) -> Iterator[Candidate]:
    """The day that an address spells: /2024/02/27/, /2024-02-27-title, AEN20240227000100."""
    for match in _URL_DAY.finditer((url or "").split("?", 1)[0][:2000]):
        day = _day_of(match.groupdict())
        if day:
            yield Candidate(Rank.URL, day, f"url: {match.group()}")
