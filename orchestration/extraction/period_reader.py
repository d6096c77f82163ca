"""A cursor over the tokens of a text that reads the small pieces of time expressions.

Numbers, years, names of months and what stands beside them belong here, and the day they are read
against. What a whole expression means is for `period_points` and `periods`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from orchestration.extraction.amounts import read_amount
from orchestration.extraction.period_calendar import Cycle, Stretch, around, shift
from orchestration.extraction.period_words import (
    Anaphor,
    Name,
    Ordinal,
    Pointer,
    Unit,
    counted,
    labels,
    match,
    words,
)
from orchestration.extraction.text import Token

DASHES = ("-", "–", "—", "‑")
_ENDINGS = ("st", "nd", "rd", "th")
_YEARS = range(1900, 2100)
_LARGEST_COUNT = 400
_RESOLUTION_REACH = 12
_NEAR = 12
"""How many expressions back "that year" may point."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression read: tokens `first` up to `stop`, its bounds and kind, and the stretch it names."""

    first: int
    stop: int
    start: date | None
    end: date | None
    kind: str
    stretch: Stretch


@dataclass(slots=True)
class Reader:
    """The tokens of a text, the day they were published, and what was read so far."""

    tokens: Sequence[Token]
    published: date
    planned: bool
    look_back: Callable[[], list[Stretch]]
    found: list[Reading] = field(default_factory=list)
    depth: int = 0
    points: dict[tuple[int, bool, int], Any] = field(default_factory=dict)
    """What `period_points` has read already, by token, lead and depth; a new reading makes it stale."""

    def keep(self, reading: Reading) -> None:
        """Adds a reading, to which later words may refer."""
        self.found.append(reading)
        self.points.clear()

    def word(self, index: int) -> str:
        """The lower-case token at `index`, or an empty string outside the text."""
        return self.tokens[index].lower if 0 <= index < len(self.tokens) else ""

    def capital(self, index: int) -> bool:
        """Whether the token at `index` begins with a capital letter."""
        return 0 <= index < len(self.tokens) and self.tokens[index].raw[0].isupper()

    def glued(self, index: int) -> bool:
        """Whether no white space stands between the token at `index` and the one before."""
        inside = 0 < index < len(self.tokens)
        return inside and self.tokens[index - 1].span.end == self.tokens[index].span.start

    def settle(self, cycle: Cycle) -> Stretch:
        """Which turn a bare expression means: the next for a plan, else the latest that has begun."""
        return cycle.after(self.published) if self.planned else cycle.before(self.published)

    def led(self, index: int) -> bool:
        """Whether a preposition of time stands before `index`, perhaps with "the" between."""
        before = index - 1 if self.word(index - 1) != "the" else index - 2
        return self.word(before) in words("lead")

    def digits(self, index: int, least: int, most: int) -> int | None:
        """The plain number of `least` to `most` digits at `index`."""
        raw = self.tokens[index].raw if 0 <= index < len(self.tokens) else ""
        return int(raw) if least <= len(raw) <= most and raw.isascii() and raw.isdigit() else None

    def day_number(self, index: int) -> tuple[int, int] | None:
        """A day of the month ("5", "5th", "the fifth"): its number and the index after it."""
        number = self.digits(index, 1, 2)
        if number is not None and 1 <= number <= 31:
            ending = self.glued(index + 1) and self.word(index + 1) in _ENDINGS
            return number, index + 1 + ending
        row = match("period_ordinals", Ordinal, self.tokens, index)
        return (row[1].rank, row[0]) if row and row[1].rank > 0 else None

    def is_date_number(self, index: int) -> bool:
        """Whether the digits at `index` may number a day or a year: what follows is not counted by them."""
        after = self.word(index + 1)
        return after not in counted() and after not in labels("after", "year")

    def year(self, index: int) -> int | None:
        """The year in digits at `index`, whatever stands around it."""
        number = self.digits(index, 4, 4)
        return number if number is not None and number in _YEARS else None

    def bare_year(self, index: int, led: bool) -> int | None:
        """A year that its neighbours leave a year: no count, no flight, no resolution's year."""
        year = self.year(index)
        if year is None:
            return None
        before, after = self.word(index - 1), self.word(index + 1)
        joined = self.glued(index) and (
            before in (*DASHES, "/", ".", "'") or (before.isalpha() and before != "fy")
        )
        running = self.glued(index + 1) and after in ("/", "_", "@", "=", "&")
        running = running and not (after == "/" and self.digits(index + 2, 2, 2) == (year + 1) % 100)
        if (joined and not led) or running or self._labelled(index, led):
            return None
        return year if self.led(index) or self.is_date_number(index) else None

    def _labelled(self, index: int, led: bool) -> bool:
        before = self.word(index - 1)
        if before == "to" and self.word(index - 2) == "up":
            return True
        if before in labels("before", "year"):
            asked = led and before in words("filler")
            return not (asked and self.is_date_number(index)) and not self._about(index)
        if before == "(" and self.digits(index - 2, 3, 5) is not None:
            near = range(max(0, index - _RESOLUTION_REACH), index)
            return any(self.word(i).startswith("resolution") for i in near)
        return self.word(index + 1) in labels("after", "year") and not self.led(index)

    def _about(self, index: int) -> bool:
        """Whether a year is hedged: "in about 2015"."""
        return self.word(index - 1) == "about" and self.word(index - 2) in words("lead")

    def name(self, table: str, index: int, led: bool) -> tuple[int, Name] | None:
        """A month or a season at `index`: the index after it and its row.

        An ambiguous one ("May", "Mar", "fall") needs a lead; a month needs its capital letter.
        """
        hit = match(table, Name, self.tokens, index)
        if hit is None or (table == "months" and not self.capital(index)):
            return None
        stop, row = hit
        follows = (
            self.year(stop) or self.digits(stop, 1, 2) or (self.word(stop) == "of" and self.year(stop + 1))
        )
        return hit if row.bare or led or self.led(index) or follows else None

    def pointer(self, index: int) -> tuple[int, str] | None:
        """ "last", "this" or "next" at `index`, by whatever wording."""
        hit = match("period_pointers", Pointer, self.tokens, index)
        return (hit[0], hit[1].turn) if hit else None

    def unit(self, index: int) -> tuple[int, Unit] | None:
        """A unit of time at `index`."""
        return match("period_units", Unit, self.tokens, index)

    def amount(self, index: int) -> tuple[int, int] | None:
        """A plain number of units at `index`: the number and the index after it."""
        if self.word(index) in ("a", "an", "one"):
            follows = match("period_units", Unit, self.tokens, index + 1) or self.season_plural(index + 1)
            if follows:
                return 1, index + 1
        amount = read_amount(self.tokens, index) if index < len(self.tokens) else None
        if amount is None or amount.low != amount.high or amount.low > _LARGEST_COUNT:
            return None
        stop = amount.stop + (self.word(amount.stop) == "of" and self.word(amount.stop - 1) == "couple")
        return amount.low, stop

    def season_plural(self, index: int) -> tuple[int, Name] | None:
        """The name of a season, for "two summers ago"."""
        return match("seasons", Name, self.tokens, index)

    def counts_someone(self, index: int) -> bool:
        """Whether the number just before `index` counts what follows."""
        after = self.word(index)
        return after in counted() or after in labels("after", "year")

    def anchor(self, unit: str) -> Stretch | None:
        """The nearest earlier expression that names something at least as fine as `unit`."""
        fine = {"year": ("decade",), "month": ("decade", "year", "half", "quarter", "season")}
        coarse = fine.get(unit, ("decade", "year", "half", "quarter", "season", "month", "range"))
        near = [
            r.stretch
            for r in self.found[-_NEAR:]
            if r.kind not in ("weekday", "relative_day") or unit in ("day", "week")
        ]
        for stretch in (*reversed(near), *reversed(self.look_back())):
            if stretch.grain not in coarse:
                return stretch
        return None

    def anaphor(self, index: int) -> tuple[int, Stretch] | None:
        """ "That year", "the month before", "two days later": the index after it and what it means."""
        hit = match("period_anaphors", Anaphor, self.tokens, index)
        if hit:
            stop, unit, turn = hit[0], hit[1].unit, hit[1].turn
        elif counted_shift := self._shift(index):
            stop, unit, turn = counted_shift
        else:
            return None
        anchor = self.anchor(unit)
        if anchor is None:
            return None
        named = around(anchor.first, unit) if hit else anchor
        return stop, shift(named, unit, turn)

    def _shift(self, index: int) -> tuple[int, str, int] | None:
        """ "Two days later", "one year earlier": the index after it, the unit and how many."""
        amount = self.amount(index)
        unit = self.unit(amount[1]) if amount else None
        if amount is None or unit is None or unit[1].unit not in ("day", "week", "month", "year"):
            return None
        sign = {"later": 1, "earlier": -1}.get(self.word(unit[0]))
        return (unit[0] + 1, unit[1].unit, sign * amount[0] * unit[1].size) if sign else None
