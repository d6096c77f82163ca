"""Common Crawl's news archive by month: `cc-news:2021-03` to the list of its WARC files, and its known gaps.

What a list may hold and how large it may be belongs here; reading the files does not. Of a month that was
asked for a note is left beside what was read, so that the ledger can say which days nobody looked at.
"""

from __future__ import annotations

import csv
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from orchestration.reading.archives import opened

ARCHIVE = "cc-news"
PREFIX = f"{ARCHIVE}:"
BASE = "https://data.commoncrawl.org"
FIRST = date(2016, 8, 1)
"""The month in which the crawler began."""
MONTH_NOTE = ".month.json"
"""Ends the name of the note of a month."""
GAPS = Path(__file__).with_name("cc_news_gaps.csv")
MOST_PACKED, MOST = 4 << 20, 32 << 20
"""Bytes of a list, packed and unpacked: ten times those of a large one."""
SHOWN = 120
_MONTHS = re.compile(r"(\d{4})-(\d\d)(?:\.\.(\d{4})-(\d\d))?")
_PATH = re.compile(r"crawl-data/CC-NEWS/(\d{4}/\d\d)/CC-NEWS-[0-9A-Za-z_-]+\.warc\.gz")


class ListError(ValueError):
    """What was asked for names no months, or a month has no list that can be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Days of which the archive is known to lack pages, what is missing, and who says so."""

    first: date
    last: date
    missing: str
    source: str

    def __str__(self) -> str:
        return f"{self.first} to {self.last}: {self.missing} ({self.source})"


@dataclass(frozen=True, slots=True)
class Month:
    """A month that was asked for: where its list lies, the files that it names, the gaps that it has."""

    first: date
    list: str
    files: tuple[str, ...]
    gaps: tuple[Gap, ...]

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    def note(self, folder: Path) -> None:
        """Leave a note of it in `folder`, written whole."""
        gaps = [
            {"from": str(g.first), "to": str(g.last), "missing": g.missing, "source": g.source}
            for g in self.gaps
        ]
        names = [file.rpartition("/")[2] for file in self.files]
        told = {"archive": ARCHIVE, "month": str(self), "list": self.list, "files": names, "gaps": gaps}
        file = folder / f"{ARCHIVE}-{self}{MONTH_NOTE}"
        fresh = file.with_name(f".{file.name}-{os.getpid()}")
        fresh.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        fresh.replace(file)


def months_of(told: str) -> Iterator[date]:
    """The first days of the months that `cc-news:2021-03` or `cc-news:2021-03..2021-05` names.

    Raises ListError.
    """
    found = _MONTHS.fullmatch(told.removeprefix(PREFIX))
    try:
        year, month, last_year, last_month = found.groups() if found else ("", "", "", "")
        first = date(int(year), int(month), 1)
        last = date(int(last_year), int(last_month), 1) if last_year else first
    except ValueError:
        raise ListError(
            f"{told!r} names no month: write {PREFIX}2021-03, or {PREFIX}2021-03..2021-05"
        ) from None
    if not FIRST <= first <= last <= date.today():
        raise ListError(
            f"{told!r}: months go from {FIRST:%Y-%m} to {date.today():%Y-%m}, the earlier one first"
        )
    while first <= last:
        yield first
        first = _next(first)


def list_month(first: date, base: str) -> Month:
    """The month whose list lies under `base`: an address, or a folder laid out as the archive is.

    Raises ListError where there is none, unless the month is known for a gap, and for one that is wrong.
    """
    base = base.rstrip("/") if "://" in base else os.path.abspath(base)
    place = f"{base}/crawl-data/CC-NEWS/{first:%Y/%m}/warc.paths.gz"
    gaps = tuple(gap for gap in known_gaps() if gap.first < _next(first) and gap.last >= first)
    try:
        content = _unpacked(place)
    except ListError:
        raise
    except Exception as error:  # each store has errors of its own
        if not _is_absence(error):
            why = error.__cause__ or error
            raise ListError(f"{place} cannot be read: {type(why).__name__}: {why}"[:500]) from error
        if not gaps:
            raise ListError(f"{place}: there is no such list; is {base} the archive?") from None
        content = ""
    files = tuple(f"{base}/{path}" for path in _paths(content, place, first))
    return Month(first, place, files, gaps)


@cache
def known_gaps() -> tuple[Gap, ...]:
    """The rows of the table of gaps."""
    with GAPS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, strict=True))
    return tuple(
        Gap(date.fromisoformat(r["from"]), date.fromisoformat(r["to"]), r["missing"], r["source"])
        for r in rows
    )


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _is_absence(error: Exception) -> bool:
    """Whether a store says that it has no such file: fsspec says so of a server that is down, too."""
    cause = error.__cause__
    return isinstance(error, FileNotFoundError) and (cause is None or getattr(cause, "status", None) == 404)


def _unpacked(place: str) -> str:
    """A list's text. Raises what its store raises, ListError where it is too large."""
    with opened(place) as stream:
        packed = stream.read(MOST_PACKED + 1)
    unpacker = zlib.decompressobj(wbits=31)
    content = unpacker.decompress(packed, MOST + 1)
    if len(packed) > MOST_PACKED or len(content) > MOST:
        raise ListError(f"{place} is larger than a list of a month can be")
    if not unpacker.eof:
        raise EOFError("its end is missing")
    return content.decode("ascii")


def _paths(content: str, place: str, first: date) -> Iterator[str]:
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        found = _PATH.fullmatch(line.rstrip("\r"))
        if not found or found[1] != f"{first:%Y/%m}":
            raise ListError(f"{place}, line {number}: no WARC file of {first:%Y-%m}: {line[:SHOWN]!r}")
        yield found[0]
