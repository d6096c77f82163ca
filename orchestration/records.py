"""The records that cross layers: what scraping hands to the ledger, and extraction to the ledger.

Only data and its vocabulary belong here: no parsing, no rules, no storage. `Measure`, `Status`
and `Hedge` are enumerations because code branches on them; countries, regions and sectors are
rows of the lexicon tables, and no line of code names one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Measure(StrEnum):
    """What a figure counts."""

    DISPATCH = "dispatch"
    REPATRIATION = "repatriation"
    PRESENCE = "presence"
    DEFECTION = "defection"


class Status(StrEnum):
    """Whether the counted thing is planned, going on, done, or came to nothing."""

    PLANNED = "planned"
    UNDERWAY = "underway"
    DONE = "done"
    FAILED = "failed"


class Hedge(StrEnum):
    """How a count is worded."""

    EXACT = "exact"
    ABOUT = "about"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    RANGE = "range"
    VAGUE = "vague"


@dataclass(frozen=True, slots=True)
class Span:
    """Code-point offsets of a piece of an article's text: `text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """One article as parsed from a page: the extractor's input.

    `text` is NFC with LF line ends, one paragraph a line block, without the title unless the page
    repeats it. `published` is the day in the outlet's own time zone. Offsets of figures count code
    points of `text`.
    """

    id: str
    title: str
    published: date | None
    text: str
    language: str = "en"
    url: str | None = None
    canonical_url: str | None = None
    source_id: str = "inbox"
    origin_source_id: str | None = None
    authors: tuple[str, ...] = ()
    date_evidence: str | None = None
    date_candidates: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """One counted statement of the figure contract, in one article.

    `low` and `high` bound the count (None is open on that side). `countries` are sorted ISO 3166-1
    alpha-3 codes of the hosts, `sectors` sorted codes of the sector table. `part_of` is the index,
    in the article's list of figures, of the figure that already includes this one. `quote` is
    `text[start:end]`, and `count_text` is `text[count_start:count_end]`, the words of the count.
    `confidence` is the reader's probability of the measure, in [0, 1], or None where it gives none.
    """

    measure: Measure
    status: Status
    low: int | None
    high: int | None
    hedge: Hedge
    countries: tuple[str, ...]
    region: str | None
    sectors: tuple[str, ...]
    period_start: date | None
    period_end: date | None
    part_of: int | None
    quote: str
    start: int
    end: int
    count_text: str
    count_start: int
    count_end: int
    attribution: str | None = None
    agency: str | None = None
    gender: str | None = None
    location: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A person's decision on a claim: a row of the reviews file, and of `raw.reviews`.

    `field` and `value` are those of a fix; `value` alone names the other claim of a merge or split.
    """

    claim_id: str
    decision: str
    field: str | None
    value: str | None
    reviewer: str
    reason: str
    reviewed_on: date


@dataclass(frozen=True, slots=True)
class Reject:
    """A number near a worker word that is no figure: kept so that recall can be audited.

    `number` is `text[start:end]`, the number's own words; `reason` is a code of the reject table.
    `probability` is the reader's that it is a figure, in [0, 1], or None where a rule proved that it is none.
    """

    sentence: str
    number: str
    start: int
    end: int
    reason: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the extractor says of one article. `outcome` is a code of `raw.extractions`."""

    outcome: str
    figures: tuple[Figure, ...] = ()
    rejects: tuple[Reject, ...] = field(default=())
