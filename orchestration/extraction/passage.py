"""A sentence with everything the finders see in it: what the reader marks and `resolve` reads.

Bringing the finders' mentions together belongs here. No decision about measures or hosts is made here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate

from orchestration.extraction.attributes import Mention, find_sectors, find_works
from orchestration.extraction.count_sieve import may_count
from orchestration.extraction.counts import Count, find_numbers
from orchestration.extraction.lexicon import load
from orchestration.extraction.places import Place, find_places, may_name, places_among
from orchestration.extraction.text import SENTENCE_TOKENS, Sentence, Token, split_sentences, tokenize
from orchestration.records import Article, Span


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row of `anchors.csv`: the country the workers come from, and the one defectors reach."""

    role: str
    code: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """A row of `boundaries.csv`: a word between two others, and how far it sets them apart."""

    word: str
    cost: float


@cache
def _boundaries() -> dict[str, float]:
    return {row.word: row.cost for row in load("boundaries", Boundary)}


@cache
def anchors() -> dict[str, str]:
    """Country codes by role: home and refuge."""
    return {row.role: row.code for row in load("anchors", Anchor)}


def is_foreign(place: Place) -> bool:
    """Whether a place can be a host at all: neither the workers' home nor where defectors arrive."""
    return not set(place.countries) & set(anchors().values())


@dataclass(frozen=True, eq=False)
class Passage:
    """One sentence (or piece of a very long one) with its mentions, all in reading order.

    Mentions are found when they are first asked for: of most news nobody asks. `numbers` holds all
    numbers; those with a `reason` that their form proves count no people. `costs[i]` sums the boundary
    costs of the tokens before `i`, so that the gap of two tokens is one subtraction.
    """

    text: str
    sentence: Sentence
    span: Span

    @property
    def told(self) -> str:
        """The passage's own words."""
        return self.text[self.span.start : self.span.end]

    @cached_property
    def tokens(self) -> Sequence[Token]:
        """Its words, numbers and marks."""
        return tokenize(self.text, self.span.start, self.span.end)

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where each token starts."""
        return [token.start for token in self.tokens]

    @cached_property
    def costs(self) -> Sequence[float]:
        """The boundary costs before each token, added up, and those of all."""
        known = _boundaries()
        return list(accumulate((known.get(token.lower, 0.0) for token in self.tokens), initial=0.0))

    @cached_property
    def numbers(self) -> Sequence[Count]:
        """Its numbers, in whatever sense."""
        return find_numbers(self.tokens) if may_count(self.told) else []

    @cached_property
    def places(self) -> Sequence[Place]:
        """The places it names."""
        return places_among(self.text, self.tokens)

    @cached_property
    def sectors(self) -> Sequence[Mention]:
        """The work it speaks of."""
        return find_sectors(self.tokens)

    @cached_property
    def works(self) -> Sequence[Mention]:
        """The work it speaks of, trades of people among it."""
        return find_works(self.tokens)

    def names(self, country_code: str) -> bool:
        """Whether it names a country, its people or a place there."""
        return may_name(self.told, country_code) and any(country_code in p.countries for p in self.places)

    @cached_property
    def open_counts(self) -> Sequence[Count]:
        """The numbers whose form does not prove that they count no people: what the reader judges."""
        return [number for number in self.numbers if number.is_open]

    def token(self, offset: int) -> int:
        """The index of the first token that starts at or after `offset`."""
        return bisect_left(self.starts, offset)

    def gap(self, first: int, second: int) -> float:
        """What stands between two token positions: 0 in one breath, above 1 across a clause."""
        low, high = sorted((first, second))
        return self.costs[high] - self.costs[low]


def _pieces(text: str, span: Span) -> Iterator[Span]:
    """A sentence's span, or those of its pieces of SENTENCE_TOKENS tokens."""
    if span.end - span.start <= SENTENCE_TOKENS:  # no token is shorter than a character
        yield span
        return
    tokens = tokenize(text, span.start, span.end)
    for first in range(0, len(tokens), SENTENCE_TOKENS):
        piece = tokens[first : first + SENTENCE_TOKENS]
        yield Span(piece[0].start, piece[-1].end)


def read_passages(text: str) -> list[Passage]:
    """The passages of a text in order; a sentence beyond SENTENCE_TOKENS is read in pieces."""
    return [
        Passage(text, sentence, span)
        for sentence in split_sentences(text)
        for span in _pieces(text, sentence.span)
    ]


MAIN_PLACES, TITLE_WEIGHT = 2, 3


def foreign_places(article: Article, passages: Sequence[Passage]) -> list[Place]:
    """The places of title and text that may be hosts; those of the title TITLE_WEIGHT times, before all."""
    title = find_places(article.title, 0, len(article.title))
    told = (place for one in passages for place in one.places)
    return [place for place in (*title * TITLE_WEIGHT, *told) if is_foreign(place)]


def main_places(article: Article, passages: Sequence[Passage]) -> list[Place]:
    """The foreign countries or regions that title and text name most, the first mention of each."""
    foreign = foreign_places(article, passages)
    ranked = Counter(place.host for place in foreign).most_common(MAIN_PLACES)
    return [next(place for place in foreign if place.host == host) for host, _ in ranked]


def only_country(article: Article, passages: Sequence[Passage]) -> str | None:
    """The foreign country of an article that names a single one, in whatever way."""
    codes = {code for place in foreign_places(article, passages) for code in place.countries}
    return codes.pop() if len(codes) == 1 else None
