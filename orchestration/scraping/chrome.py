"""Page furniture: which lines of a page belong to the page and not to its article.

The wordings are rows of `chrome.csv`: `line` (the whole line), `start` (its beginning) or `within`
(anywhere in it), compared in lower case with every number written `#`. Dates are not told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from orchestration.scraping.prose import is_prose, is_sentence
from orchestration.scraping.tables import TableError, load_table

_NUMBER = re.compile(r"\d[\d,.]*")
_DEGREES = re.compile(r"(?:^|\s)[-−+]?\d{1,3}(?:\.\d{1,2})? ?(?:°|º|˚)? ?[CF℃℉]?$")
_MARKS_ONLY = re.compile(r"^[\W_]*$")
_BRACKETED = re.compile(r"^[(\[][^()\[\]]{1,40}[)\]]$")
_ADDRESS = re.compile(r"^(?:https?://|www\.)\S+$|^\S{1,64}@[\w.-]{1,100}$")
_BYLINE = re.compile(r"^[Bb][Yy]:?\s+(?=[^a-z\s])")
_BYLINE_WORDS = 14
_LONGEST_START = 400
"""Characters of a paragraph that begins like furniture and may still be it."""


class Kind(StrEnum):
    """What a line of furniture is for."""

    DROP = "drop"
    BYLINE = "byline"
    CAPTION = "caption"
    RELATED = "related"
    END = "end"


@dataclass(frozen=True, slots=True)
class _Wordings:
    kinds: dict[str, dict[str, Kind]]
    starts: re.Pattern[str]
    within: re.Pattern[str]


@cache
def _wordings() -> _Wordings:
    by_match: dict[str, dict[str, Kind]] = {"line": {}, "start": {}, "within": {}}
    for wording, match, kind in load_table("chrome", ("wording", "match", "kind")):
        try:
            by_match[match][_folded(wording)] = Kind(kind)
        except (KeyError, ValueError) as error:
            raise TableError(f"chrome.csv: {wording!r}: unknown match or kind: {error}") from None
    return _Wordings(by_match, _any_of(by_match["start"]), _any_of(by_match["within"]))


def _any_of(wordings: Iterable[str]) -> re.Pattern[str]:
    """Any of these wordings, the longest first; one that ends in a letter is a whole word."""
    longest_first = sorted(wordings, key=len, reverse=True)
    return re.compile("|".join(re.escape(w) + (r"(?!\w)" if w[-1].isalnum() else "") for w in longest_first))


def _folded(line: str) -> str:
    line = line.casefold().replace("’", "'")
    return _NUMBER.sub("#", line).strip(" |·•»«>→▶▲▼…*-–")


@lru_cache(maxsize=8192)
def furniture(line: str) -> Kind | None:
    """What a line of furniture is for; None for a line that may belong to the article."""
    if _MARKS_ONLY.match(line) or is_weather(line) or _BRACKETED.match(line):
        return Kind.DROP
    if len(line) < 300 and _ADDRESS.match(line):
        return Kind.DROP
    if len(line) > _LONGEST_START * 2:
        return None
    known = _wordings()
    folded = _folded(line)
    exact = known.kinds["line"].get(folded) or known.kinds["line"].get(folded.rstrip(":."))
    if exact:
        return exact
    if is_byline(line):
        return Kind.BYLINE
    return _by_part(line, folded, known)


def _by_part(line: str, folded: str, known: _Wordings) -> Kind | None:
    for match, found in (("start", known.starts.match(folded)), ("within", known.within.search(folded))):
        kind = known.kinds[match].get(found.group()) if found else None
        if kind and _fits(line, kind):
            return kind
    return None


def _fits(line: str, kind: Kind) -> bool:
    """Whether a line is short enough for its kind: a heading or a byline is never a paragraph."""
    longest = {Kind.BYLINE: 120, Kind.RELATED: 160, Kind.END: 240}.get(kind, _LONGEST_START)
    return len(line) <= longest


def is_weather(line: str) -> bool:
    """Whether a line gives a temperature: "26.7 C", "Seoul 12°C"."""
    if len(line) > 40 or not line[-1:] or line[-1] not in "CF°º˚℃℉":
        return False
    found = _DEGREES.search(line)
    return found is not None and not any(c.isdigit() for c in line[: found.start()])


def is_byline(line: str) -> bool:
    """Whether a line names who wrote the article: "By Kim So-yeon", "by DailyNK(North Korean Media)"."""
    if len(line) > 120 or not _BYLINE.match(line) or is_prose(line):
        return False
    words = line.split()
    return len(words) <= _BYLINE_WORDS and not (is_sentence(line) and len(words) > 6)
