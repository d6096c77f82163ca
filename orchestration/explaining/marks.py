"""What is marked in an article's text: its numbers by what became of them, places, times, words for work.

Which mark is shown where two meet, and cutting a text at its marks, belong here; colours do not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from orchestration.explaining.wording import host_words, period_words
from orchestration.extraction.attributes import Mention
from orchestration.extraction.passage import Passage
from orchestration.extraction.periods import find_periods
from orchestration.records import Article, Span


class Kind(StrEnum):
    """What a mark stands for. The first four are numbers and what became of them: a figure, the same claim
    again, none by the reader, none by a rule.
    """

    FIGURE = "figure"
    REPEATED = "repeated"
    REFUSED = "refused"
    PROVED = "proved"
    PLACE = "place"
    PERIOD = "period"
    WORK = "work"


KIND_WORDS: dict[Kind, str] = {
    Kind.FIGURE: "figure",
    Kind.REPEATED: "told again",
    Kind.REFUSED: "refused",
    Kind.PROVED: "no count by rule",
    Kind.PLACE: "place",
    Kind.PERIOD: "time",
    Kind.WORK: "work",
}
"""What a kind is called in the legend."""

COUNTED = (Kind.FIGURE, Kind.REPEATED, Kind.REFUSED)
"""Numbers that the reader judged."""

_SHOWN_FIRST = (*COUNTED, Kind.PLACE, Kind.PERIOD, Kind.WORK, Kind.PROVED)


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text: what it stands for, what is said of it, and the label of a judged number."""

    span: Span
    kind: Kind
    note: str
    label: str = ""


def mentions(article: Article, passages: Iterable[Passage]) -> Iterator[Mark]:
    """The places, times and words for work that the finders see."""
    text, day = article.text, article.published
    for passage in passages:
        for place in passage.places:
            yield Mark(place.span, Kind.PLACE, host_words(place.countries, place.region))
        heads = [number.head for number in passage.open_counts]
        nouns = [Mention(head.span, head.sector) for head in heads if head.sector]
        for work in chain(passage.sectors, nouns):
            yield Mark(work.span, Kind.WORK, work.code)
        start, end = passage.span.start, passage.span.end
        for time in find_periods(text, start, end, day, False) if day else ():
            yield Mark(time.span, Kind.PERIOD, period_words(time.start, time.end))


def settle(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """The marks in reading order, of two that meet the one that says more."""
    shown: list[Mark] = []
    starts: list[int] = []
    for mark in sorted(marks, key=lambda m: (_SHOWN_FIRST.index(m.kind), m.span.start)):
        at = bisect_left(starts, mark.span.start)
        meets_next = at < len(shown) and shown[at].span.start < mark.span.end
        meets_last = at > 0 and shown[at - 1].span.end > mark.span.start
        if mark.span.start < mark.span.end and not meets_next and not meets_last:
            shown.insert(at, mark)
            starts.insert(at, mark.span.start)
    return tuple(shown)


def cut(text: str, marks: Sequence[Mark], span: Span) -> Iterator[tuple[str, Mark | None]]:
    """`text[span]` in pieces, each with its mark where it has one; a mark at an edge is cut too."""
    at = span.start
    first = bisect_left(marks, span.start, key=lambda mark: mark.span.end)
    for mark in marks[first:]:
        start, end = max(at, mark.span.start), min(span.end, mark.span.end)
        if start >= span.end:
            break
        if at < start:
            yield text[at:start], None
        if start < end:
            yield text[start:end], mark
        at = max(at, end)
    if at < span.end:
        yield text[at : span.end], None
