"""What an article says most of the workers in a country do: the line of work of claims that name none.

Reads the passages of a whole article; which claims take it is for `resolve`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.attributes import find_sectors
from orchestration.extraction.counts import Count
from orchestration.extraction.heads import HeadNoun
from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import TITLE_WEIGHT, Passage, foreign_places, is_foreign
from orchestration.extraction.text import PhraseIndex, tokenize
from orchestration.records import Article

REACH = 30
"""Tokens after a count within which its clause may name the work."""


@dataclass(frozen=True, slots=True)
class Majority:
    """A row of `majorities.csv`: a wording that speaks of most of a group."""

    wording: str


@cache
def _majorities() -> PhraseIndex[str]:
    return PhraseIndex((row.wording, row.wording) for row in load("majorities", Majority))


@cache
def _people() -> PhraseIndex[str]:
    rows = [row for row in load("heads", HeadNoun) if row.kind in ("worker", "person")]
    return PhraseIndex((row.plural, row.kind) for row in rows)


def clause_sectors(passage: Passage, count: Count) -> tuple[str, ...]:
    """The work of a counted group as its own words tell it: the noun's, its phrase's, else its clause's."""
    if count.head.sector:
        return (count.head.sector,)
    inside = {m.code for m in passage.sectors if count.span.start <= m.span.start < count.extent.end}
    if inside:
        return tuple(sorted(inside))
    stop = passage.token(count.extent.end)
    later = [passage.token(c.span.start) for c in passage.open_counts if c.span.start > count.span.start]
    limit = min([*later, stop + REACH])
    after = [(m, passage.token(m.span.start)) for m in passage.sectors]
    return tuple(sorted({m.code for m, at in after if stop <= at < limit and passage.gap(stop, at) < 1}))


def told_sectors(passages: Sequence[Passage]) -> dict[str, tuple[str, ...]]:
    """By country, the work that a sentence says most of the workers there do."""
    told: dict[str, tuple[str, ...]] = {}
    for passage in passages:
        if not _majorities().find(passage.tokens) or not _people().find(passage.tokens):
            continue
        hosts = [code for place in passage.places if is_foreign(place) for code in place.countries]
        sectors = tuple(sorted({mention.code for mention in passage.sectors}))
        if hosts and sectors:
            told.setdefault(hosts[0], sectors)
    return told


def main_host(article: Article, passages: Sequence[Passage]) -> str | None:
    """The foreign country that title and text name clearly most."""
    foreign = foreign_places(article, passages)
    ranked = Counter(code for place in foreign for code in place.countries).most_common(2)
    stands_out = len(ranked) == 1 or (len(ranked) > 1 and ranked[0][1] >= 1.5 * ranked[1][1])
    return ranked[0][0] if stands_out else None


def main_sector(article: Article, passages: Sequence[Passage]) -> str | None:
    """The line of work that title and text speak of, if it is plainly one."""
    title = find_sectors(tokenize(article.title, 0, len(article.title)))
    votes = Counter({code: n * TITLE_WEIGHT for code, n in Counter(m.code for m in title).items()})
    for passage in passages:
        votes.update(mention.code for mention in passage.sectors)
        votes.update(count.head.sector for count in passage.numbers if count.head.sector)
    ranked = votes.most_common(2)
    if not ranked or ranked[0][1] < 3:
        return None
    return ranked[0][0] if len(ranked) == 1 or ranked[0][1] >= 3 * ranked[1][1] else None
