"""The look-ups beside the figure's core: sectors, agency and, from `attribution`, who says so.

Each reads a stretch of text by the tables of the lexicon and knows nothing of counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.attribution import find_attribution
from orchestration.extraction.heads import HeadNoun
from orchestration.extraction.lexicon import load
from orchestration.extraction.text import PhraseIndex, Token, tokenize
from orchestration.records import Span


@dataclass(frozen=True, slots=True)
class Sector:
    """A row of `sectors.csv`: `terms` are the wordings that name the work."""

    code: str
    label: str
    isic_section: str
    isic_division: str | None
    terms: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.code != self.code.lower():
            raise ValueError(f"code {self.code!r} must be lower case")


@dataclass(frozen=True, slots=True)
class Agency:
    """A row of `agencies.csv`: a North Korean body in charge of workers abroad."""

    code: str
    name: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A look-up's find: where, and the code it stands for."""

    span: Span
    code: str


@cache
def _sectors() -> PhraseIndex[str]:
    rows = load("sectors", Sector)
    return PhraseIndex((term, row.code) for row in rows for term in row.terms)


@cache
def _trades() -> PhraseIndex[str]:
    rows = [(row, row.sector) for row in load("heads", HeadNoun)]
    return PhraseIndex((noun, code) for row, code in rows if code for noun in (row.noun, row.plural) if noun)


@cache
def _agencies() -> PhraseIndex[str]:
    rows = load("agencies", Agency)
    return PhraseIndex((alias, row.code) for row in rows for alias in row.aliases)


def sector_codes() -> tuple[str, ...]:
    """The codes of the sector table, in its order."""
    return tuple(row.code for row in load("sectors", Sector))


def _mentions(index: PhraseIndex[str], tokens: Sequence[Token]) -> list[Mention]:
    return [
        Mention(Span(tokens[first].span.start, tokens[stop - 1].span.end), code)
        for first, stop, code in index.find(tokens)
    ]


def find_sectors(tokens: Sequence[Token]) -> list[Mention]:
    """The wordings that name a line of work, left to right; "IT" only in capitals."""
    found = _mentions(_sectors(), tokens)
    small = {token.span.start for token in tokens if token.raw == "it" or token.raw == "It"}
    return [mention for mention in found if mention.span.start not in small]


def find_works(tokens: Sequence[Token]) -> list[Mention]:
    """The wordings that name a line of work, trades of people ("bricklayers") among them, left to right."""
    return sorted(
        [*find_sectors(tokens), *_mentions(_trades(), tokens)], key=lambda mention: mention.span.start
    )


def find_agencies(tokens: Sequence[Token]) -> list[Mention]:
    """The North Korean bodies named, left to right."""
    return _mentions(_agencies(), tokens)


def read_attributes(text: str, start: int, end: int) -> tuple[str | None, str | None]:
    """Attribution and agency (as worded) of the sentence `text[start:end]`."""
    tokens = tokenize(text, start, end)
    bodies = find_agencies(tokens)
    agency = text[bodies[0].span.start : bodies[0].span.end] if bodies else None
    source = find_attribution(tokens)
    return text[source.start : source.end] if source else None, agency
