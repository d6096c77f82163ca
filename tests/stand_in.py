"""Readers that stand in for the shipped one.

One says what a test tells it by the words of a count (any other count is no figure to it), one says nothing,
one believes everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.extraction.counts import Count
from orchestration.extraction.extract import Read
from orchestration.extraction.passage import Passage
from orchestration.extraction.periods import Period, find_periods
from orchestration.extraction.reader.opinions import Opinion, PeriodLink, PlaceLink, WholeLink
from orchestration.records import Article, Figure, Measure, Status


@dataclass(frozen=True)
class Says:
    """What the reader says of one count: probabilities of places, times and wholes by their words."""

    measure: Measure = Measure.DISPATCH
    p: float = 0.9
    status: Status = Status.DONE
    places: Mapping[str, float] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    wholes: Mapping[str, float] = field(default_factory=dict)
    sectors: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[Measure, float] = field(default_factory=dict)


SURE = 0.9
NOTHING = Says(Measure.PRESENCE, 0.02)


def stand_in(told: Mapping[str, Says]) -> Read:
    """A stand-in for the shipped reader."""

    def read(article: Article, passages: Sequence[Passage]) -> list[Opinion]:
        return list(_opinions(article, passages, told))

    return read


def _opinions(article: Article, passages: Sequence[Passage], told: Mapping[str, Says]) -> Iterator[Opinion]:
    text = article.text
    found = [(number, count) for number, p in enumerate(passages) for count in p.open_counts]
    counts = {text[count.span.start : count.span.end]: (number, count) for number, count in found}
    places = [place for passage in passages for place in passage.places]
    for words, (number, count) in counts.items():
        says = told.get(words, NOTHING)
        times = _periods(article, passages[number])
        yield Opinion(
            number,
            count,
            {m: says.p if m is says.measure else says.others.get(m, 0.01) for m in Measure},
            {s: 0.91 if s is says.status else 0.03 for s in Status},
            dict(says.sectors),
            tuple(PlaceLink(p, says.places.get(p.name, 0.0), says.places.get(p.name, 0.0)) for p in places),
            tuple(PeriodLink(number, t, says.times.get(text[t.span.start : t.span.end], 0.0)) for t in times),
            tuple(WholeLink(c, says.wholes.get(w, 0.0)) for w, (_, c) in counts.items() if w != words),
        )


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
    if article.published is None:
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
