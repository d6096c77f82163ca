"""The wordings of time expressions: the rows of the period tables, and how they are looked up.

How the wordings join to expressions is for `period_points` and `periods`, arithmetic for
`period_calendar`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from orchestration.extraction.amounts import CountWording, NumberWord
from orchestration.extraction.heads import HeadNoun, ThingNoun
from orchestration.extraction.lexicon import load
from orchestration.extraction.text import PhraseIndex, Token, tokenize

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Name:
    """A row of `months.csv` or `seasons.csv`: `bare` says that it may stand without a preposition."""

    wording: str
    month: int
    bare: bool

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12:
            raise ValueError(f"{self.wording!r} has month {self.month}")


@dataclass(frozen=True, slots=True)
class Weekday:
    """A row of `period_weekdays.csv`: Monday is 0; one not `bare` needs a date after it."""

    wording: str
    weekday: int
    bare: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A row of `period_units.csv`: `size` of these make the wording ("fortnight" is two weeks)."""

    wording: str
    unit: str
    size: int


@dataclass(frozen=True, slots=True)
class Part:
    """A row of `period_parts.csv`: the first and last third it covers; `edge` is start, end or empty."""

    wording: str
    first: int
    last: int
    edge: str


@dataclass(frozen=True, slots=True)
class Third:
    """A row of `period_spans.csv`: which days, months or years of a grain make one third of it."""

    grain: str
    third: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Pointer:
    """A row of `period_pointers.csv`: `turn` is last, this or next."""

    wording: str
    turn: str


@dataclass(frozen=True, slots=True)
class Ordinal:
    """A row of `period_ordinals.csv`: `rank` from 1; -1 is the last."""

    wording: str
    rank: int


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A row of `period_days.csv`: how many days from publication."""

    wording: str
    shift: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """A row of `period_holidays.csv`; one not `bare` needs a governor such as "since"."""

    wording: str
    month: int
    day: int
    bare: bool


@dataclass(frozen=True, slots=True)
class Governor:
    """A row of `period_governors.csv`: a wording before an expression that says how it bounds the period."""

    wording: str
    rule: str


@dataclass(frozen=True, slots=True)
class Anaphor:
    """A row of `period_anaphors.csv`: `turn` units from the expression before."""

    wording: str
    unit: str
    turn: int


@dataclass(frozen=True, slots=True)
class Filler:
    """A row of `period_fillers.csv`: a small word and the role it may play."""

    word: str
    role: str


@dataclass(frozen=True, slots=True)
class Label:
    """A row of `period_labels.csv`: a word before or after a number that is then no year (or no day)."""

    word: str
    position: str
    of: str


_TABLES = {
    "months": Name,
    "seasons": Name,
    "period_weekdays": Weekday,
    "period_units": Unit,
    "period_parts": Part,
    "period_pointers": Pointer,
    "period_ordinals": Ordinal,
    "period_days": RelativeDay,
    "period_holidays": Holiday,
    "period_anaphors": Anaphor,
}
"""The tables whose wordings a point in time may begin with."""
_OPENERS = frozenset(
    (
        "the",
        "these",
        "this",
        "that",
        "a",
        "an",
        "half",
        "previous",
        "preceding",
        "coming",
        "following",
        "q",
        "h",
    )
)


@cache
def _index(name: str, row: Any) -> PhraseIndex[Any]:
    rows: tuple[Any, ...] = load(name, row)
    return PhraseIndex((item.wording, item) for item in rows)


def match(name: str, row: type[T], tokens: Sequence[Token], index: int) -> tuple[int, T] | None:
    """The longest wording of a table that begins at token `index`: the token after it, and its row."""
    if not 0 <= index < len(tokens):
        return None
    table: Any = row
    hit: tuple[int, T] | None = _index(name, table).match(tokens, index)
    return hit


@cache
def starters() -> frozenset[str]:
    """The words that may begin a point in time, so that the others are passed over at once."""
    tables: list[tuple[str, Any]] = [*_TABLES.items()]
    wordings = [row.wording for name, kind in tables for row in load(name, kind)]
    wordings += [row.wording for row in load("counts", CountWording)]
    wordings += [row.word for row in load("number_words", NumberWord)]
    return frozenset(tokenize(wording, 0, len(wording))[0].lower for wording in wordings) | _OPENERS


@cache
def thirds() -> dict[tuple[str, int], Third]:
    """The rows of `period_spans.csv` by grain and third."""
    return {(row.grain, row.third): row for row in load("period_spans", Third, ("grain", "third"))}


@cache
def words(role: str) -> frozenset[str]:
    """The small words that may play a role."""
    return frozenset(row.word for row in load("period_fillers", Filler, ("word", "role")) if row.role == role)


@cache
def labels(position: str, of: str) -> frozenset[str]:
    """The words that make a neighbouring number no year or no day."""
    rows = load("period_labels", Label, ("word", "position", "of"))
    return frozenset(row.word for row in rows if (row.position, row.of) == (position, of))


@cache
def counted() -> frozenset[str]:
    """The first words of the plural nouns that are counted; a number before one is no date."""
    rows = [*load("heads", HeadNoun), *load("things", ThingNoun)]
    return frozenset(row.plural.split()[0].lower() for row in rows if row.plural) - words("join")
