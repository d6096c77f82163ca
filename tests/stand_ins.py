"""Readers that stand in for the shipped one where a test asks what becomes of any opinion at all."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.extraction.counts import Count
from orchestration.extraction.passage import Passage
from orchestration.extraction.periods import Period, find_periods
from orchestration.extraction.reader.opinions import Opinion, PeriodLink, PlaceLink, WholeLink
from orchestration.records import Article, Figure, Measure, Status

SURE = 0.9


def silent(article: Article, passages: Sequence[Passage]) -> list[Opinion]:
    """Says nothing of any count."""
    return []


def believing(article: Article, passages: Sequence[Passage]) -> list[Opinion]:
    """Takes each count for a figure, of all places and times of its sentence and a part of the one before."""
    opinions: list[Opinion] = []
    for index, passage in enumerate(passages):
        links = [PeriodLink(index, period, SURE) for period in _periods(article, passage)]
        before: Count | None = None
        for count in passage.open_counts:
            opinions.append(_opinion(index, passage, count, before, tuple(links)))
            before = count
    return opinions


def _opinion(
    index: int, passage: Passage, count: Count, before: Count | None, periods: tuple[PeriodLink, ...]
) -> Opinion:
    measures = dict.fromkeys(Measure, 0.0)
    measures[list(Measure)[len(passage.tokens) % len(Measure)]] = SURE
    statuses = {status: 1 / len(Status) for status in Status}
    return Opinion(
        index,
        count,
        measures,
        statuses,
        {mention.code: SURE for mention in passage.sectors},
        tuple(PlaceLink(place, SURE, SURE) for place in passage.places),
        periods,
        (WholeLink(before, SURE),) if before is not None else (),
    )


def _periods(article: Article, passage: Passage) -> list[Period]:
    if article.published is None or not passage.open_counts:
        return []
    return find_periods(article.text, passage.span.start, passage.span.end, article.published, False)


def assert_true_to_text(figure: Figure, text: str) -> None:
    """A figure's words are those that stand at their offsets, and its bounds are in order."""
    assert text[figure.start : figure.end] == figure.quote
    assert text[figure.count_start : figure.count_end] == figure.count_text
    assert figure.quote
    assert figure.count_text
    assert figure.low is None or figure.high is None or 0 < figure.low <= figure.high
    assert (
        figure.period_start is None or figure.period_end is None or figure.period_start <= figure.period_end
    )
