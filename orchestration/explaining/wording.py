"""How values are worded for a person: probabilities, hosts, periods, and text that is safe to show.

Words that terminal and page share belong here; colours and layout are theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

from orchestration.records import Figure

NONE = "–"
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def showable(text: str) -> str:
    """Text of the same length that commands no terminal, turns no line around and holds no half character."""
    return _UNSHOWABLE.sub("\ufffd", text).replace("\t", " ")


def percent(p: float) -> str:
    """A probability as a person reads it; it is 0% or 100% only where it is exactly that."""
    rounded = round(100 * p)
    if rounded == 0 and p > 0:
        return "<1%"
    return ">99%" if rounded == 100 and p < 1 else f"{rounded}%"


def host_words(countries: tuple[str, ...], region: str | None) -> str:
    """Country codes, else the region's."""
    return ", ".join(countries) or region or NONE


def period_words(start: date | None, end: date | None) -> str:
    """A range of days; open on a side where None."""
    if start is None or end is None:
        return f"from {start}" if start else f"until {end}" if end else NONE
    return str(start) if start == end else f"{start} – {end}"


def _number(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"


FIELDS: dict[str, Callable[[Figure], str]] = {
    "measure": lambda f: str(f.measure),
    "status": lambda f: str(f.status),
    "low": lambda f: _number(f.low),
    "high": lambda f: _number(f.high),
    "hedge": lambda f: str(f.hedge),
    "host": lambda f: host_words(f.countries, f.region),
    "sectors": lambda f: ", ".join(f.sectors) or NONE,
    "period": lambda f: period_words(f.period_start, f.period_end),
    "part of": lambda f: NONE if f.part_of is None else str(f.part_of),
    "confidence": lambda f: NONE if f.confidence is None else percent(f.confidence),
    "location": lambda f: f.location or NONE,
    "attribution": lambda f: f.attribution or NONE,
    "agency": lambda f: f.agency or NONE,
    "gender": lambda f: f.gender or NONE,
}
"""The columns of the table of figures, and what each says of one."""


def rows_of(figures: Sequence[Figure]) -> list[dict[str, str]]:
    """The table's rows; `#` is a figure's index, as `extract` counts them."""
    return [
        {"#": str(index), **{name: told(figure) for name, told in FIELDS.items()}}
        for index, figure in enumerate(figures)
    ]
