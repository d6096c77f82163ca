"""Makes claims of the reader's opinions: which counts are figures, of what, where and when.

One count at a time, by thresholds on probabilities; the contract's consistency rules belong here. What
needs the other claims of the article (repeats, parts, inherited hosts) is for `resolve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.extraction.counts import Count
from orchestration.extraction.hosts import Host, find_city, find_host
from orchestration.extraction.passage import Passage
from orchestration.extraction.periods import Period, find_periods
from orchestration.extraction.reader.opinions import Opinion
from orchestration.extraction.sectors import clause_sectors
from orchestration.records import Article, Measure, Status

MEASURE, TIME, WHOLE = 0.75, 0.35, 0.5
"""From which probability a measure is a claim's (a wrong figure is worse than a missing one), a time or a
whole the count's."""
SECTOR, SURE_SECTOR = 0.5, 0.9
"""From which probability a line of work is the group's: one that its own words name, and another."""


@dataclass(slots=True)
class Claim:
    """A count that is a figure, with what the reader says of it and what resolution adds.

    `place` is the index of its passage, `whole` the count that already includes it, `parent` that
    count's claim, `confidence` the probability of its measure.
    """

    passage: Passage
    place: int
    count: Count
    measure: Measure
    status: Status
    host: Host
    sectors: tuple[str, ...]
    period: Period | None
    whole: Count | None
    confidence: float
    city: str | None = None
    parent: Claim | None = None

    @property
    def size(self) -> int:
        """A number to compare sizes by."""
        return self.count.high or self.count.low or 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A count that is no figure, and why, as far as that is known."""

    passage: Passage
    count: Count
    reason: str
    confidence: float | None = None


def judge(opinion: Opinion, article: Article, passages: Sequence[Passage]) -> Claim | Refusal:
    """What one opinion makes of its count."""
    passage, count = passages[opinion.passage], opinion.count
    measure = max(opinion.measures, key=lambda m: opinion.measures[m])
    single = count.singular and measure is not Measure.DEFECTION
    if opinion.measures[measure] < MEASURE or single:
        return Refusal(passage, count, count.reason or "no_measure", opinion.figure)
    status = _status(opinion, measure)
    host = find_host(passage, count, opinion.places)
    return Claim(
        passage,
        opinion.passage,
        count,
        measure,
        status,
        host,
        _sectors(opinion, passage),
        _period(opinion, status, article, passages),
        _whole(opinion),
        opinion.measures[measure],
        find_city(opinion.places, host),
    )


def _sectors(opinion: Opinion, passage: Passage) -> tuple[str, ...]:
    own = clause_sectors(passage, opinion.count)
    return tuple(
        sorted(code for code, p in opinion.sectors.items() if p >= (SECTOR if code in own else SURE_SECTOR))
    )


def _status(opinion: Opinion, measure: Measure) -> Status:
    """The likeliest status that the contract knows for the measure: a presence is not underway."""
    statuses = dict(opinion.statuses)
    if measure is Measure.PRESENCE:
        statuses[Status.DONE] += statuses.pop(Status.UNDERWAY)
    return max(statuses, key=lambda status: statuses[status])


def _period(opinion: Opinion, status: Status, article: Article, passages: Sequence[Passage]) -> Period | None:
    """The linked time expression, read as a plan's where the claim is one. What came to nothing may have
    been due or have happened: then the reading nearer to the day of publication holds.
    """
    link = max(opinion.periods, key=lambda link: link.p, default=None)
    if link is None or link.p < TIME or article.published is None:
        return None
    if status not in (Status.PLANNED, Status.FAILED):
        return link.period
    span = passages[link.passage].span
    found = find_periods(article.text, span.start, span.end, article.published, True)
    ahead = next((one for one in found if one.span.start == link.period.span.start), link.period)
    if status is Status.PLANNED:
        return ahead
    return min((link.period, ahead), key=lambda period: _days_from(period, article.published))


def _days_from(period: Period, day: date | None) -> int:
    """How many days lie between a period and a day; 0 where it holds the day."""
    start, end = period.start or period.end, period.end or period.start
    if day is None or start is None or end is None:
        return 0
    return max((start - day).days, (day - end).days, 0)


def _whole(opinion: Opinion) -> Count | None:
    link = max(opinion.wholes, key=lambda link: link.p, default=None)
    return link.count if link is not None and link.p >= WHOLE else None
