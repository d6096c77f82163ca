"""A sentence with everything the finders see in it: what the reader marks and `resolve` reads.

Bringing the finders' mentions together belongs here. No decision about measures or hosts is made here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.attributes import Mention, find_sectors
from orchestration.extraction.counts import Count, find_numbers
from orchestration.extraction.lexicon import load
from orchestration.extraction.places import Place, find_places
from orchestration.extraction.text import SENTENCE_TOKENS, Sentence, Token, split_sentences, tokenize
from orchestration.records import Span


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


@dataclass(frozen=True, slots=True)
class Passage:
    """One sentence (or piece of a very long one) with its mentions, all in reading order.

    `numbers` holds all numbers; those with a `reason` that their form proves count no people. `costs[i]`
    sums the boundary costs of the tokens before `i`, so that the gap of two tokens is one subtraction.
    """

    text: str
    sentence: Sentence
    span: Span
    tokens: Sequence[Token]
    starts: Sequence[int]
    costs: Sequence[float]
    numbers: Sequence[Count]
    places: Sequence[Place]
    sectors: Sequence[Mention]

    @property
    def open_counts(self) -> list[Count]:
        """The numbers whose form does not prove that they count no people: what the reader judges."""
        return [number for number in self.numbers if number.is_open]

    def token(self, offset: int) -> int:
        """The index of the first token that starts at or after `offset`."""
        return bisect_left(self.starts, offset)

    def gap(self, first: int, second: int) -> float:
        """What stands between two token positions: 0 in one breath, above 1 across a clause."""
        low, high = sorted((first, second))
        return self.costs[high] - self.costs[low]

    def words(self, first: int, stop: int) -> list[str]:
        """The lower-case words of tokens `first` to `stop`, cut to the sentence."""
        return [token.lower for token in self.tokens[max(0, first) : max(0, stop)]]


def _build(text: str, sentence: Sentence, tokens: Sequence[Token]) -> Passage:
    span = Span(tokens[0].span.start, tokens[-1].span.end)
    costs = [0.0]
    for token in tokens:
        costs.append(costs[-1] + _boundaries().get(token.lower, 0.0))
    return Passage(
        text=text,
        sentence=sentence,
        span=span,
        tokens=tokens,
        starts=[token.span.start for token in tokens],
        costs=costs,
        numbers=find_numbers(tokens),
        places=find_places(text, span.start, span.end),
        sectors=find_sectors(tokens),
    )


def read_passages(text: str) -> list[Passage]:
    """The passages of a text in order; a sentence beyond SENTENCE_TOKENS is read in pieces."""
    passages = []
    for sentence in split_sentences(text):
        tokens = tokenize(text, sentence.span.start, sentence.span.end)
        for first in range(0, len(tokens), SENTENCE_TOKENS):
            passages.append(_build(text, sentence, tokens[first : first + SENTENCE_TOKENS]))
    return passages
