"""What a page that names the workers' country must hold somewhere in its bytes, as patterns of the tables'
rows.

Each pattern is read alike by Hyperscan, by Rust's regex crate and by `re`; none looks around. They let
through more than names: `prefilter` looks again at what they let through. Nothing is searched here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html.entities import html5

from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import anchors
from orchestration.extraction.places import Country, Region, Site
from orchestration.extraction.text import tokenize

SHORT = 5
"""Letters up to which a word is asked to end where it ends: in scripts and encoded pictures short ones
abound.
"""
SHARED_BY = 3
"""Countries that may share a word of the country's first name ("Korea") which is looked for by itself;
other words that are not its own need a neighbour."""
NEAR = 400
"""Bytes, mark-up and all, within which that neighbour is looked for."""

_END = "(?:[^A-Za-z]|$)"
_JSON = r"\\(?:[a-z]|u[0-9A-Fa-f]{4})"
_MARKS = [*map(chr, (0xAD, *range(0x200B, 0x2010), *range(0x2060, 0x2065), *range(0x202A, 0x202F), 0xFEFF))]
"""Marks of which a text is rid: soft hyphens, joiners, directions."""
_CHARSETS = ("utf-8", "cp949", "gb18030", "shift_jis", "big5", "euc_jp", "cp1252")
_CONTROLS = r"[\x01-\x08\x0e-\x1f\x7f]"
_NUMBERS = (
    "#(?:0*(?:[0-9]|[12][0-9]|3[01]|12[7-9]|1[345][0-9]|173|820[3-7]|823[4-8]|828[89]|829[0-2]|65279)(?:[^0-9]|$)"
    "|[xX]0*(?:[0-9A-Fa-f]|1[0-9A-Fa-f]|7[fF]|[89][0-9A-Fa-f]|[aA][dD]|200[B-Fb-f]|202[A-Ea-e]|206[0-4]"
    "|[fF][eE][fF][fF])(?:[^0-9A-Fa-f]|$))"
)
"""The number of such a mark in an entity."""
_BEHIND = "[A-Za-z>;]"
"""Where such a mark can part a word: behind a letter, or behind other marks and mark-up."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the country, its people or a place there: `lead` must stand before its words ("the
    North").
    """

    lead: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def told(self) -> tuple[str, ...]:
        """Its words of more than a letter."""
        return tuple(word for word in self.words if len(word) > 1 and word[0].isalpha())


def _name(phrase: str) -> Name:
    words = tuple(token.raw.replace("’", "'") for token in tokenize(phrase, 0, len(phrase)))
    first = next(at for at, word in enumerate(words) if word[0].isupper())
    return Name(words[:first], words[first:])


def _phrases() -> Iterator[tuple[str, str]]:
    """Every name of the three tables with the code of what it names."""
    for country in load("countries", Country):
        yield from ((country.country_code, p) for p in (country.name, *country.aliases, *country.demonyms))
    for region in load("regions", Region):
        yield from ((region.region_code, phrase) for phrase in (region.name, *region.aliases))
    for site in load("places", Site):
        yield from ((site.country_code or "", phrase) for phrase in (site.name, *site.aliases))


@cache
def home_names() -> tuple[Name, ...]:
    """The names of the workers' country."""
    home = anchors()["home"]
    return tuple(dict.fromkeys(_name(phrase) for code, phrase in _phrases() if code == home))


@cache
def _sharers() -> dict[str, set[str]]:
    """Which countries and regions have a word in a name."""
    found: dict[str, set[str]] = defaultdict(set)
    for code, phrase in _phrases():
        for word in _name(phrase).told if code else ():
            found[word.lower()].add(code)
    return found


def _rarest(name: Name) -> str | None:
    """The word by which a name is looked for; None where all its words are common or it has none."""
    shared = {word: len(_sharers()[word.lower()]) for word in name.told if len(word) > 3}
    first = home_names()[0].words
    rare = [word for word, many in shared.items() if many == 1 or (word in first and many <= SHARED_BY)]
    return min(rare, key=lambda word: (shared[word], -len(word)), default=None) if not name.lead else None


def _stem(words: Iterable[str]) -> list[str]:
    """Words without those that begin with another of them."""
    kept: list[str] = []
    for word in sorted({*words}, key=lambda word: (len(word), word)):
        if not any(word.startswith(other) and len(other) >= SHORT for other in kept):
            kept.append(word)
    return kept


@cache
def home_words() -> tuple[str, ...]:
    """The single words that are looked for: no name but the led, the short and the common ones lacks
    them all.
    """
    return tuple(_stem(word for word in map(_rarest, home_names()) if word))


def _loose(word: str) -> str:
    """A word as the extractor takes it: its capital as it is, the rest in any case."""
    if not word[0].isupper():
        return f"(?i:{re.escape(word)})"
    return re.escape(word[0]) + (f"(?i:{re.escape(word[1:])})" if word[1:] else "")


def _ended(word: str) -> str:
    return _loose(word) + (_END if len(word) < SHORT else "")


def _led(name: Name) -> str:
    """A word that is a name only where no longer name goes on: not "the North Ridge", "the North of"."""
    alone = r"(?:[^A-Za-z\s-]|\s+(?:[^A-Zo\s-]|o[^f]|[A-Z](?:[^a-z]|$)|$)|$)"
    return _loose(" ".join(name.words)).replace(r"\ ", r"\s*") + alone


def _short(name: Name) -> Iterator[str]:
    """A name of initials: "NK", "N.K."; each may be set in mark-up of its own."""
    first, *others = (word for word in name.words if word != ".")
    if others:
        yield r"(?:\s*\.\s*|\..{0,80})".join(map(re.escape, (first, *others)))
        return
    yield f"[^A-Za-z]{first}{_END}"
    yield f"^{first}{_END}"
    yield rf"{_JSON}{first}{_END}"
    # Some entities need no semicolon at their end.
    yield f"&(?:{'|'.join(name for name in html5 if not name.endswith(';'))}){first}{_END}"
    for stop in range(1, len(first)):
        yield f"{first[:stop]}<[^<]{{0,80}}>{first[stop:]}{_END}"


def _pair(name: Name) -> str:
    """A name of common words: two of them, near each other."""
    first, second = name.told[:2]
    return f"{_loose(first)}.{{0,{NEAR}}}{_loose(second)}"


def _is_covered(name: Name) -> bool:
    """Whether one of the single words is in it."""
    return any(word.lower() in told.lower() for told in name.told for word in home_words())


def _is_pair(name: Name) -> bool:
    return not (name.lead or _is_covered(name)) and len(name.told) > 1


def whole_patterns() -> Iterator[str]:
    """Names as they stand in most pages: in plain letters, side by side."""
    yield from map(_ended, home_words())
    for name in home_names():
        if _is_covered(name):
            continue
        if name.lead:
            yield _led(name)
        elif _is_pair(name):
            yield _pair(name)
        else:
            yield from _short(name)


# Names that mark-up, escapes or unseen marks part


def _hidden_patterns() -> Iterator[str]:
    """Letters written otherwise, and marks that are not seen: few honest pages have one of them.

    One pattern each, which Hyperscan searches ten times as fast as one of all.
    """
    codes = {mark.encode(name, "ignore") for mark in _MARKS for name in _CHARSETS}
    for code in sorted(code for code in codes if code and not code.isascii()):
        yield _BEHIND + "".join(f"\\x{byte:02x}" for byte in code)
    names = {
        name.rstrip(";")
        for name, told in html5.items()
        if not any(c.isprintable() or c.isspace() for c in told)
    }
    for entity in (*sorted(names), _NUMBERS, f"(?:amp;)+(?:{_NUMBERS}|{'|'.join(sorted(names))})"):
        yield f"{_BEHIND}&{entity}"
    yield _BEHIND + _CONTROLS
    yield rf"{_BEHIND}\xc2[\x80-\x9f]"
    yield rf"{_BEHIND}\\u(?:00[01789]|00[aA][dD]|200[B-Fb-f]|202[A-Ea-e]|206[0-4]|[fF][eE][fF][fF])"
    # A letter by its number, in mark-up or JSON, and the sign that is the letter K once a text is normal.
    yield "&(?:amp;)*#0*(?:6[5-9]|[78][0-9]|90|9[7-9]|1[01][0-9]|12[0-2]|8490)(?:[^0-9]|$)"
    yield "&(?:amp;)*#[xX]0*(?:[46][1-9A-Fa-f]|[57][0-9Aa]|212[aA])(?:[^0-9A-Fa-f]|$)"
    yield r"\\u00(?:[46][1-9A-Fa-f]|[57][0-9Aa])|\\u212[aA]"
    yield r"\xe2\x84\xaa"


def _tagged(word: str) -> Iterator[str]:
    """A word in pieces with tags between: its first piece with what goes on, or the second where the first
    is a letter.

    JSON that is a page's own may hold a tag in an escape of its own.
    """
    letters = [f"[{letter.lower()}{letter.upper()}]" for letter in word]
    if word[0].isupper():
        letters[0] = word[0]
    # What goes on behind an apostrophe ("Ch'ongjin") is no word by itself.
    edge = "" if word[0].isupper() else r"['\x99;>9]"
    for stop in range(2, len(word)):
        piece = edge + "".join(letters[:stop])
        yield f"{piece}<" if stop > 3 else f"{piece}(?:<[^<]*>)+[{word[stop].lower()}{word[stop].upper()}&]"
        yield rf"{piece}\\u003[cC]"
        yield f"[>;]{''.join(letters[1:stop])}<"
    yield f"[>;]{''.join(letters[1:])}{_END if len(word) < SHORT else ''}"


def broken_patterns() -> Iterator[str]:
    """Names that stand in a page without being there in one piece; many a page has one of these by chance."""
    led = [name.words[0] for name in home_names() if name.lead and len(name.words) == 1]
    paired = [word for name in home_names() if _is_pair(name) for word in name.told[:2]]
    words = dict.fromkeys((*home_words(), *led, *paired))
    yield from dict.fromkeys(pattern for word in words if len(word) > 3 for pattern in _tagged(word))
    yield from _hidden_patterns()


def patterns() -> Sequence[str]:
    """All of them: a page in which none is found names nothing of the workers' country."""
    return (*whole_patterns(), *broken_patterns())
