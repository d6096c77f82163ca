"""The look-ups beside the figure's core: sectors, agency, gender, attribution and city.

Each reads a stretch of text by the tables of the lexicon and knows nothing of counts or triggers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.lexicon import load
from orchestration.extraction.text import PhraseIndex, Token, tokenize
from orchestration.records import Span

ATTRIBUTION_CHARS = 160
"""A longer clause before "said" is no name of who says so."""


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
class Speaking:
    """A row of `speaking.csv`: a wording that attributes what is told."""

    verb: str


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
def _agencies() -> PhraseIndex[str]:
    rows = load("agencies", Agency)
    return PhraseIndex((alias, row.code) for row in rows for alias in row.aliases)


@cache
def _speaking() -> PhraseIndex[str]:
    return PhraseIndex((row.verb, row.verb) for row in load("speaking", Speaking))


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


def find_agencies(tokens: Sequence[Token]) -> list[Mention]:
    """The North Korean bodies named, left to right."""
    return _mentions(_agencies(), tokens)


def find_attribution(text: str, tokens: Sequence[Token]) -> str | None:
    """Who says so, as worded: what stands before "said" in its clause, or after "according to"."""
    for first, stop, verb in _speaking().find(tokens):
        if verb in ("according to", "citing"):
            end = stop
            while end < len(tokens) and tokens[end].raw not in (",", ".", ";", "”", '"'):
                end += 1
            if end > stop:
                return _clip(text, tokens[stop].span.start, tokens[end - 1].span.end)
        start = first
        while start > 0 and tokens[start - 1].raw not in (",", ";", "”", '"', "—"):
            start -= 1
        if start < first:
            return _clip(text, tokens[start].span.start, tokens[first - 1].span.end)
    return None


def _clip(text: str, start: int, end: int) -> str | None:
    return text[start:end] if end - start <= ATTRIBUTION_CHARS else None


def read_attributes(text: str, start: int, end: int) -> tuple[str | None, str | None]:
    """Attribution and agency (as worded) of the sentence `text[start:end]`."""
    tokens = tokenize(text, start, end)
    bodies = find_agencies(tokens)
    agency = text[bodies[0].span.start : bodies[0].span.end] if bodies else None
    return find_attribution(text, tokens), agency
