"""Asks of a page's bytes, before it is parsed, whether it can name the workers' country.

It lets through pages that do not: each name of the country has a word that must be there. Words for workers
are not asked for: "North Korea sent 450 to Qatar" is a figure. A name that is cut by a tag within a word is
not seen. Its wordings are the lexicon's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import anchors
from orchestration.extraction.places import Country, Site
from orchestration.extraction.sieve import Sieve, any_case

NUL, LOOKED_AT = b"\x00", 512
SHORTEST = 3
"""Letters of a word that may be looked for within others."""
BETWEEN = r"(?:[^A-Za-z0-9&<]|&#?[0-9A-Za-z]+;|<[^<>]*>)*"
"""What may stand in a page between two words of a name."""
ESCAPED = (
    r"&#0*(?:6[5-9]|[7-9][0-9]|1[01][0-9]|12[0-2]);?",
    r"&#[xX]0*(?:4[1-9a-fA-F]|5[0-9aA]|6[1-9a-fA-F]|7[0-9aA]);?",
    r"\\u00(?:4[1-9a-fA-F]|5[0-9aA]|6[1-9a-fA-F]|7[0-9aA])",
    "&shy;|&#173;|&#[xX][aA][dD];|&zwnj;|&zwj;|&ZeroWidthSpace;|&#820[345];|&#[xX]200[bcdBCD];",
    "\u00c2\u00ad|\u00e2\u0080[\u008b-\u008d]|\u00ad",
)
"""Letters written in a way of their own, and what is not seen within a word: such a page is let through."""


@cache
def _sieve() -> Sieve:
    return Sieve(_pattern(_home()))


@cache
def _home() -> tuple[tuple[str, ...], ...]:
    """Words and names one of which is in each wording for the workers' country."""
    first, *others = map(_words, _names(anchors()["home"]))
    return tuple(covering([first, *others], telling=[first[-1]]))  # "Korea", of the country's name.


def _names(code: str) -> Iterator[str]:
    """Every wording for a country, its people and its places."""
    for country in load("countries", Country):
        if country.country_code == code:
            yield from (country.name, *country.aliases, *country.demonyms)
    for site in load("places", Site):
        if site.country_code == code:
            yield from (site.name, *site.aliases)


def _words(name: str) -> tuple[str, ...]:
    """The words of a wording in lower case: a letter that is not of ASCII has more than one form in bytes."""
    return tuple(re.findall("[a-z]+", name.lower()))


def passes(payload: bytes) -> bool:
    """Whether a page, decoded from what it was sent in but not to text, is to be read."""
    if NUL in payload[:LOOKED_AT]:  # UTF-16 and UTF-32: what is left is the ASCII in it.
        payload = payload.replace(NUL, b"")
    return _sieve().passes(payload.decode("latin-1"))


def _pattern(wordings: Iterable[Sequence[str]]) -> str:
    told = [BETWEEN.join(any_case(word) for word in words) for words in wordings]
    return "|".join([*told, *ESCAPED])


def covering(names: Iterable[tuple[str, ...]], telling: Iterable[str] = ()) -> list[tuple[str, ...]]:
    """The fewest words and names of several words, one of which is in each of the names.

    `telling` are words that are looked for alone though no name consists of them.
    """
    told = {words for words in names if words}
    alone = {words[0] for words in told if len(words) == 1 and len(words[0]) >= SHORTEST}
    single = _shortest(alone | set(telling))
    rest = {words for words in told if not any(known in word for known in single for word in words)}
    return [(word,) for word in single] + sorted(rest)


def _shortest(words: set[str]) -> list[str]:
    """The words that hold none of the others."""
    return [word for word in sorted(words) if not any(other != word and other in word for other in words)]
