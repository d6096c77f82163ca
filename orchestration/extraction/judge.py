"""Makes claims of the reader's opinions: which counts are figures, of what, where and when.

One count at a time, by thresholds on probabilities; the contract's consistency rules belong here. What
needs the other claims of the article (repeats, parts, inherited hosts) is for `resolve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.extraction.counts import Count
from orchestration.extraction.hosts import LINK, Host, Links, find_host
from orchestration.extraction.passage import Passage
from orchestration.extraction.periods import Period, find_periods
from orchestration.extraction.reader.opinions import Opinion
from orchestration.extraction.sectors import clause_sectors
from orchestration.records import Article, Measure, Status

FIGURE, SECTOR, SURE_SECTOR = 0.5, 0.5, 0.7
"""From which probability a count is a figure, a sector the group's, and one that its words do not name."""


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
    figure = sum(opinion.measures.values())
    single = count.singular and measure is not Measure.DEFECTION
    if figure < FIGURE or single:
        return Refusal(passage, count, count.reason or "no_measure", figure)
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
        _city(opinion.places, host),
    )


def _sectors(opinion: Opinion, passage: Passage) -> tuple[str, ...]:
    """The group's work: what the reader says and its own words bear out, or what it is surer of; else what
    its own words tell. Officials counted by themselves do none.
    """
    own = clause_sectors(passage, opinion.count)
    told = {code for code, p in opinion.sectors.items() if p >= (SECTOR if code in own else SURE_SECTOR)}
    is_official = opinion.count.head.kind == "official"
    return tuple(sorted(told)) or (() if is_official else own)


def _status(opinion: Opinion, measure: Measure) -> Status:
    """The likeliest status that the contract knows for the measure: a presence is not underway."""
    statuses = dict(opinion.statuses)
    if measure is Measure.PRESENCE:
        statuses[Status.DONE] += statuses.pop(Status.UNDERWAY)
    return max(statuses, key=lambda status: statuses[status])


def _city(links: Links, host: Host) -> str | None:
    """The likeliest linked place below the country, as worded."""
    cities = [(p, place) for place, p, _ in links if place.kind == "city" and p >= LINK]
    inside = [(p, place) for p, place in cities if set(place.countries) & set(host.countries)]
    return max(inside, key=lambda pair: pair[0])[1].name if inside else None


def _period(opinion: Opinion, status: Status, article: Article, passages: Sequence[Passage]) -> Period | None:
    """The linked time expression, read as a plan's where the claim is one."""
    where, period, p = max(opinion.periods, key=lambda link: link[2], default=(0, None, 0.0))
    if period is None or p < LINK or article.published is None:
        return None
    if status is not Status.PLANNED:
        return period
    span = passages[where].span
    planned = find_periods(article.text, span.start, span.end, article.published, True)
    return next((found for found in planned if found.span.start == period.span.start), period)


def _whole(opinion: Opinion) -> Count | None:
    count, p = max(opinion.wholes, key=lambda link: link[1], default=(None, 0.0))
    return count if p >= LINK else None
