"""Who says so: the source that a sentence names, as worded, by `lexicon/speaking.csv`.

"X said", "said X", "according to X", "by X's count". Whether the source is right is nobody's business here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.lexicon import load
from orchestration.extraction.period_words import Name, Weekday
from orchestration.extraction.text import PhraseIndex, Token
from orchestration.records import Span

MOST_WORDS = 16
"""A longer clause before "said" is no name of who says so."""

BEFORE, AFTER, SPEAKER, OWNED = "subject_before", "source_after", "speaker_after", "owned_by"
_MARKS = frozenset((",", ";", ":", ".", "—", "–", "(", ")", "“", "”", '"', "«", "»", "?", "!", "…", "|"))
_RELATIVE = frozenset(("who", "whose", "whom", "which"))
_BREAKS = _RELATIVE | {"that", "where", "when", "while", "as", "but", "because", "though"}
_BEING = frozenset(("is", "are", "was", "were", "be", "been", "being", "am"))
_HAVING = frozenset(("has", "have", "had"))
_VERBS = _BEING | _HAVING | {"will", "would", "can", "could", "may", "might", "must", "should", "did", "does"}
_ADVERBS = frozenset(
    (
        "also",
        "then",
        "later",
        "earlier",
        "once",
        "again",
        "now",
        "since",
        "still",
        "even",
        "himself",
        "herself",
    )
)
_BARE = frozenset(
    ("a", "an", "the", "this", "that", "these", "those", "its", "their", "his", "her", "no", "and")
)
_LEADING = frozenset(("and", "but", "or", "if", "so", "yet", "then"))
_PUT_IN = frozenset(("who", "whose", "which", "over", "in", "on", "at", "for", "with", "by", "after"))
_SAYING = frozenset(("said", "says", "wrote", "writes", "added", "adds", "recalled", "recalls"))
_TIMED = frozenset(("in", "on", "by", "since", "until"))


@dataclass(frozen=True, slots=True)
class Speaking:
    """A row of `speaking.csv`: a wording that attributes, and where the source stands.

    `subject_before` the verb ("X said"), `source_after` ("according to X"), `speaker_after` the same where
    a noun of `speakers.csv` or a name must follow ("citing X"), `owned_by` ("by X's count").
    """

    wording: str
    position: str

    def __post_init__(self) -> None:
        if self.position not in (BEFORE, AFTER, SPEAKER, OWNED):
            raise ValueError(f"position {self.position!r} must be {BEFORE}, {AFTER}, {SPEAKER} or {OWNED}")


@dataclass(frozen=True, slots=True)
class Speaker:
    """A row of `speakers.csv`: a noun for who may be a source."""

    noun: str


@cache
def _speaking() -> PhraseIndex[Speaking]:
    return PhraseIndex((row.wording, row) for row in load("speaking", Speaking))


@cache
def _speakers() -> frozenset[str]:
    return frozenset(row.noun for row in load("speakers", Speaker))


def find_attribution(tokens: Sequence[Token]) -> Span | None:
    """Where the first source that the sentence names stands, without the verb; None where it names none."""
    for first, stop, row in _speaking().find(tokens):
        if found := _source(tokens, first, stop, row.position):
            start, end = found
            return Span(tokens[start].start, tokens[end - 1].end)
    return None


def _source(tokens: Sequence[Token], first: int, stop: int, position: str) -> tuple[int, int] | None:
    """The source's first token and the token after it."""
    if position in (OWNED, BEFORE):
        owner = _owner(tokens, first)
        return owner or (_subject(tokens, first, stop) if position == BEFORE else None)
    found = _following(tokens, stop)
    return found if found and (position == AFTER or _is_speaker(tokens, *found)) else None


def _is_speaker(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether a phrase names somebody: by a noun of the table or by a capital, and not a number."""
    named = any(t.lower in _speakers() or t.raw[0].isupper() for t in tokens[start:end])
    return named and not tokens[start].raw[0].isdigit()


def _following(tokens: Sequence[Token], start: int) -> tuple[int, int] | None:
    """The noun phrase from `start` up to a mark or a word that begins a clause."""
    end = start
    while end < len(tokens) and not _ends(tokens, end) and tokens[end].lower not in _BREAKS:
        end += 1
    return (start, end) if 0 < end - start <= MOST_WORDS else None


def _ends(tokens: Sequence[Token], index: int) -> bool:
    """Whether a mark ends a phrase; the full stop of an initial or a title does not: "Mr. Kim"."""
    if tokens[index].raw != ".":
        return tokens[index].raw in _MARKS
    before = tokens[index - 1].raw if index else ""
    return not (0 < len(before) <= 3 and before[0].isupper() and index + 1 < len(tokens))


def _owner(tokens: Sequence[Token], noun: int) -> tuple[int, int] | None:
    """The X of "by X's count": its possessive stands right before the noun, or before one adjective."""
    for end in (noun - 1, noun - 2):
        if end > 1 and tokens[end].raw in ("'s", "’s", "'", "’"):
            for start in range(end - 1, max(-1, end - 9), -1):
                if tokens[start].lower == "by":
                    return (start + 1, end) if start + 1 < end else None
    return None


def _subject(tokens: Sequence[Token], first: int, stop: int) -> tuple[int, int] | None:
    """The X of "X said", or of "said X" behind a quotation or a comma."""
    if stop < len(tokens) and tokens[stop].lower == "to" and tokens[first].lower != "told":
        return None  # "said to be", "believed to work": nobody in particular says so
    end = first
    while end > 0 and _may_precede(tokens[end - 1]):
        end -= 1
    if end > 0 and _ends(tokens, end - 1):
        inverted = _following(tokens, stop) if end == first and tokens[first].lower in _SAYING else None
        if inverted and (_is_speaker(tokens, *inverted) or _closes_quote(tokens, end - 1, stop)):
            return inverted
        end -= 1  # "A tax official, over dinner, said": the subject stands before what is put in
        if end == 0 or tokens[end].raw != "," or _ends(tokens, end - 1):
            return None
    if end == 0 or tokens[end - 1].lower in _BEING | _BARE:
        return None
    return _trimmed(tokens, _start(tokens, end), end)


def _closes_quote(tokens: Sequence[Token], mark: int, stop: int) -> bool:
    """Whether what is said ends right before, and the one who says it begins: "…,” says the cook"."""
    return tokens[mark].raw in ("”", '"', "»") and tokens[stop].lower in _BARE


def _may_precede(token: Token) -> bool:
    """Whether a word may stand between a subject and its verb."""
    if token.lower in _HAVING or token.lower in _ADVERBS:
        return True
    return token.raw.endswith("ly") and token.raw.islower() and token.lower not in _speakers()


def _start(tokens: Sequence[Token], end: int) -> int:
    """The first token of the phrase that ends before `end`, over what is put in: "Kim, who left, said"."""
    start = end
    while start > 0 and not _ends(tokens, start - 1):
        start -= 1
    put_in = tokens[start].lower in _PUT_IN and start > 1 and tokens[start - 1].raw == ","
    return _start(tokens, start - 1) if put_in else start


def _trimmed(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int] | None:
    """The phrase without what leads up to it: "In 2013 ", "and ", "…, he knows that "."""
    relatives = [i for i in range(start, end) if tokens[i].raw == ","]
    limit = relatives[0] if relatives else end
    limit = next((i for i in range(start + 1, limit) if tokens[i].lower in _RELATIVE), limit)
    for index in range(limit - 1, start - 1, -1):
        if tokens[index].lower in _BREAKS:
            start = index + 1
            break
    while start < limit and tokens[start].lower in _LEADING:
        start += 1
    if limit - start > 2 and tokens[start].lower in _TIMED and _is_time(tokens[start + 1]):
        start += 2 + (tokens[start + 2].raw.isdigit())
    words = {token.lower for token in tokens[start:limit]}
    if not 0 < limit - start <= MOST_WORDS or words & _VERBS or words <= _BARE:
        return None
    if not tokens[limit - 1].raw[0].isalpha() or tokens[start].raw[0].isdigit():
        return None
    return start, limit


def _is_time(token: Token) -> bool:
    return token.raw[0].isdigit() or token.lower in _days()


@cache
def _days() -> frozenset[str]:
    days = {row.wording for row in load("period_weekdays", Weekday)}
    return frozenset(days | {row.wording for row in load("months", Name)})
