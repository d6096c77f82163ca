"""Tokens, sentences and quotations of a text, with exact code-point offsets.

The shape of a text belongs here: where a sentence ends, what stands inside quotation marks, which
words stand side by side. What the words mean is the business of the finders.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, NamedTuple, TypeVar

from orchestration.extraction.lexicon import load
from orchestration.records import Span

T = TypeVar("T")

# Words come first, since most tokens are words; no `re.IGNORECASE`, which would slow down all of it.
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*|['’](?:[sdmtSDMTſ]|[rRvV][eE]|[lL][lL])\b|\S")
# A break begins with one of a set, which lets `re` pass over everything else.
_BREAK = re.compile(
    r"[\n.!?…](?:"
    r"(?<=\n)(?:[^\S\n]*\n\s*|(?!\s*[a-z]))"
    r"|(?<!\n)[.!?…]{0,3}[\"”’'»)\]*]{0,4}(?=\s+[\"“‘'«(\[*]{0,4}[^\W_])"
    r")"
)
_NEXT = re.compile(r"\s+[\"“‘'«(\[*]{0,4}(.)")
_WORD_BEFORE = re.compile(r"[\w.]{0,12}$")
_QUOTE = re.compile(
    r"“[^“”\n]{0,4000}[”\n]|\"[^\"\n]{0,4000}(?:\"|\n|$)|«[^«»\n]{0,4000}»|„[^„“”\n]{0,4000}[“”]"
)

QUOTED_WORDS = 5
"""A quotation shorter than this is a word put in marks, no quoted sentence."""

SENTENCE_TOKENS = 400
"""A longer sentence is read in pieces of this many tokens, so that cost stays linear."""


@dataclass(frozen=True, slots=True)
class _Abbreviation:
    word: str


class Token(NamedTuple):
    """One word, number or mark; `lower` is its word with straight apostrophes, in lower case.

    A tuple, since a text has more of them than of anything else.
    """

    start: int
    end: int
    raw: str
    lower: str

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence (or one line of a list); `paragraph` numbers the line block it stands in."""

    span: Span
    paragraph: int
    quotations: tuple[Span, ...] = ()


def tokenize(text: str, start: int, end: int) -> list[Token]:
    """The tokens of `text[start:end]`, left to right, with offsets into `text`."""
    found = _TOKEN.finditer(text, start, end)
    return [Token(m.start(), m.end(), raw := m[0], raw.replace("’", "'").lower()) for m in found]


@cache
def _abbreviations() -> frozenset[str]:
    return frozenset(row.word for row in load("abbreviations", _Abbreviation))


def _is_abbreviation(text: str, stop: int, end: int) -> bool:
    """Whether the full stop at `stop` belongs to an abbreviation or an initial."""
    if text[stop] != "." or end - stop > 1:
        return False
    match = _WORD_BEFORE.search(text, max(0, stop - 12), stop)
    word = match.group().lower() if match else ""
    initial = len(word) == 1 and word.isalpha()
    dotted = "." in word and len(word) <= 5 and word.replace(".", "").isalpha()
    return initial or dotted or word in _abbreviations()


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    """Whether a candidate break is one: not after an abbreviation, not before a lower-case word."""
    if match.group().startswith("\n"):
        return True
    if _is_abbreviation(text, match.start(), match.end()):
        return False
    following = _NEXT.match(text, match.end())
    return following is None or not following.group(1).islower()


def _pieces(text: str) -> Iterable[tuple[int, int, int]]:
    """Start, end and paragraph of every raw sentence, white space at its ends still on."""
    start, paragraph = 0, 0
    for match in _BREAK.finditer(text):
        if not _ends_sentence(text, match):
            continue
        line = match.group().startswith("\n")
        yield start, match.start() if line else match.end(), paragraph
        start, paragraph = match.end(), paragraph + line
    yield start, len(text), paragraph


def find_quotations(text: str) -> list[Span]:
    """What stands in quotation marks, marks included; one left open ends with its line."""
    spans = (Span(*m.span()) for m in _QUOTE.finditer(text))
    return [Span(s.start, s.end - (text[s.end - 1] == "\n")) for s in spans]


def split_sentences(text: str) -> list[Sentence]:
    """The sentences of a text in order; none is empty, none overlaps, none has white space at its ends.

    A line break ends a sentence unless the next line goes on in lower case. Each sentence knows the
    quotations (marks included) that share a piece with it, cut to the sentence.
    """
    quotations = find_quotations(text)
    starts = [q.start for q in quotations]
    sentences = []
    for start, end, paragraph in _pieces(text):
        right = start + len(text[start:end].rstrip())
        if start >= right:
            continue
        left = right - len(text[start:right].lstrip())
        first, last = max(0, bisect_right(starts, left) - 1), bisect_left(starts, right)
        inside = [
            Span(max(left, quotation.start), min(right, quotation.end))
            for quotation in quotations[first:last]
            if quotation.end > left
        ]
        sentences.append(Sentence(Span(left, right), paragraph, tuple(inside)))
    return sentences


def quoted_sentence(text: str, sentence: Sentence, count: Span) -> Span:
    """What is quoted as the evidence of a count: the sentence, or the quoted sentence with its marks."""
    for quotation in sentence.quotations:
        if quotation.start <= count.start and count.end <= quotation.end:
            words = len(_TOKEN.findall(text[quotation.start : quotation.end]))
            if words >= QUOTED_WORDS + 2:
                return quotation
    return sentence.span


class PhraseIndex(Generic[T]):
    """Finds the phrases of a table in tokens: longest first, left to right, no overlap.

    `entries` pairs a phrase with what it stands for. Cost is linear in the tokens.
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for phrase, value in entries:
            words = tuple(token.lower for token in tokenize(phrase, 0, len(phrase)))
            self._by_first.setdefault(words[0], []).append((words, value))
        for rows in self._by_first.values():
            rows.sort(key=lambda row: -len(row[0]))

    def match(self, tokens: Sequence[Token], index: int) -> tuple[int, T] | None:
        """The longest phrase that begins at `index`: the index after it, and its value."""
        for words, value in self._by_first.get(tokens[index].lower, ()):
            end = index + len(words)
            if len(words) == 1 or words == tuple([token.lower for token in tokens[index:end]]):
                return end, value
        return None

    def find(self, tokens: Sequence[Token]) -> list[tuple[int, int, T]]:
        """Every match as (first token, token after, value)."""
        found, end = [], 0
        for index, token in enumerate(tokens):
            if index >= end and token.lower in self._by_first and (hit := self.match(tokens, index)):
                end, value = hit
                found.append((index, end, value))
        return found
