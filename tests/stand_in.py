"""A reader that says what a test tells it, by the words of a count; any other count is no figure to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.extraction.extract import Read
from orchestration.extraction.passage import Passage
from orchestration.extraction.periods import find_periods
from orchestration.extraction.reader.opinions import Opinion, PeriodLink, PlaceLink, WholeLink
from orchestration.records import Article, Measure, Status


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


NOTHING = Says(Measure.PRESENCE, 0.02)


def stand_in(told: Mapping[str, Says]) -> Read:
    """A stand-in for the shipped reader."""

    def read(article: Article, passages: Sequence[Passage]) -> list[Opinion]:
        return list(_opinions(article, passages, told))

    return read


def _opinions(article: Article, passages: Sequence[Passage], told: Mapping[str, Says]) -> Iterator[Opinion]:
    text, day = article.text, article.published
    found = [(number, count) for number, p in enumerate(passages) for count in p.open_counts]
    counts = {text[count.span.start : count.span.end]: (number, count) for number, count in found}
    places = [place for passage in passages for place in passage.places]
    for words, (number, count) in counts.items():
        says = told.get(words, NOTHING)
        span = passages[number].span
        times = find_periods(text, span.start, span.end, day, False) if day else []
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
