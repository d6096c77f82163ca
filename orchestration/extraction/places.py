"""Finds the places that a text names: countries, their people, regions, and towns of every size.

Only what stands in the text and which country it belongs to is told here. Whether a place is host,
transit, or where somebody speaks is for `hosts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.lexicon import LexiconError, load
from orchestration.extraction.sieve import Sieve, any_case, sequence
from orchestration.extraction.text import Token, tokenize
from orchestration.records import Span

_SITE_KINDS = frozenset({"city", "province", "port", "zone", "district", "island", "none"})


@dataclass(frozen=True, slots=True)
class Country:
    """A row of `countries.csv`; coordinates are the middle of the country in decimal degrees.

    `demonyms` are the words for its people and things, plural forms included.
    """

    country_code: str
    iso2: str
    name: str
    name_ko: str
    region: str
    subregion: str
    latitude: float
    longitude: float
    aliases: tuple[str, ...]
    demonyms: tuple[str, ...]

    def __post_init__(self) -> None:
        _require(_is_code(self.country_code, 3), f"country_code {self.country_code!r} must be three capitals")
        _require(_is_code(self.iso2, 2), f"iso2 {self.iso2!r} must be two capitals")
        _require(-90 <= self.latitude <= 90, f"latitude {self.latitude} must lie between -90 and 90")
        _require(-180 <= self.longitude <= 180, f"longitude {self.longitude} must lie between -180 and 180")
        for phrase in (self.name, *self.aliases, *self.demonyms):
            _require_name(phrase)


@dataclass(frozen=True, slots=True)
class Region:
    """A row of `regions.csv`: a part of the world named as host, and the countries it is made of."""

    region_code: str
    name: str
    name_ko: str
    aliases: tuple[str, ...]
    members: tuple[str, ...]

    def __post_init__(self) -> None:
        _require(
            self.region_code.replace("_", "").isalpha() and self.region_code.islower(),
            f"region_code {self.region_code!r} must be lower case",
        )
        unknown = [code for code in self.members if code not in _codes()]
        _require(bool(self.members) and not unknown, f"members {unknown} must be codes of countries.csv")
        for phrase in (self.name, *self.aliases):
            _require_name(phrase)


@dataclass(frozen=True, slots=True)
class Site:
    """A row of `places.csv`: a place inside a country; of kind `none`, a name that is no place.

    A `none` row ("China Daily") takes its words from the shorter place inside it.
    """

    name: str
    kind: str
    country_code: str | None
    aliases: tuple[str, ...]

    def __post_init__(self) -> None:
        _require(self.kind in _SITE_KINDS, f"kind {self.kind!r} must be one of {sorted(_SITE_KINDS)}")
        if self.kind == "none":
            _require(
                self.country_code is None, f"country_code {self.country_code!r} must be empty for kind none"
            )
        else:
            _require(
                self.country_code in _codes(), f"country_code {self.country_code!r} must be in countries.csv"
            )
        for phrase in (self.name, *self.aliases):
            _require_name(phrase)


@dataclass(frozen=True, slots=True)
class Place:
    """A place as a text names it.

    `kind` is country, demonym, region or city (anything inside a country). `countries` holds ISO
    3166-1 alpha-3 codes, none for a region, whose code is `region`.
    """

    span: Span
    name: str
    kind: str
    countries: tuple[str, ...]
    region: str | None

    @property
    def host(self) -> tuple[tuple[str, ...], str | None]:
        """What it stands for where it is a host, by whatever name: its countries, else its region."""
        return self.countries, None if self.countries else self.region


@dataclass(frozen=True, slots=True)
class _Name:
    """A wording of the tables, as tokens: `lead` must stand before `words`, and is no part of the place."""

    lead: tuple[str, ...]
    words: tuple[str, ...]
    kind: str
    countries: tuple[str, ...]
    region: str | None


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _require_name(phrase: str) -> None:
    _require(any(_is_capital(word) for word in _words(phrase)), f"{phrase!r} must hold a word with a capital")


def _is_code(value: str, length: int) -> bool:
    return len(value) == length and value.isascii() and value.isalpha() and value.isupper()


@cache
def _codes() -> frozenset[str]:
    return frozenset(row.country_code for row in load("countries", Country))


def _word(token: Token) -> str:
    return token.raw.replace("’", "'")


def _words(phrase: str) -> tuple[str, ...]:
    return tuple(_word(token) for token in tokenize(phrase, 0, len(phrase)))


def _is_capital(word: str) -> bool:
    return word[0].isupper()


def _name(phrase: str, kind: str, countries: tuple[str, ...], region: str | None) -> _Name:
    """A wording split into its lead, up to the first capital, and the place itself."""
    words = _words(phrase)
    first = next(index for index, word in enumerate(words) if _is_capital(word))
    return _Name(words[:first], words[first:], kind, countries, region)


def _names(within: str | None = None) -> Iterator[tuple[str, str, _Name]]:
    """Every wording of the three tables (or of one country): its file and line, the wording, its meaning."""
    for line, country in enumerate(load("countries", Country), start=2):
        codes = (country.country_code,)
        if within not in (None, *codes):
            continue
        for phrase in (country.name, *country.aliases):
            yield f"countries.csv:{line}", phrase, _name(phrase, "country", codes, None)
        for phrase in country.demonyms:
            yield f"countries.csv:{line}", phrase, _name(phrase, "demonym", codes, None)
    for line, region in enumerate(load("regions", Region) if within is None else (), start=2):
        for phrase in (region.name, *region.aliases):
            yield f"regions.csv:{line}", phrase, _name(phrase, "region", (), region.region_code)
    for line, site in enumerate(load("places", Site), start=2):
        if within not in (None, site.country_code):
            continue
        kind = "city" if site.country_code else "none"
        held_by = (site.country_code,) if site.country_code else ()
        for phrase in (site.name, *site.aliases):
            yield f"places.csv:{line}", phrase, _name(phrase, kind, held_by, None)


@dataclass(frozen=True, slots=True)
class _Index:
    """Names by their words in lower case, and which lengths the names that begin with a word have."""

    names: dict[tuple[str, ...], list[_Name]]
    lengths: dict[str, list[int]]


@cache
def _index() -> _Index:
    """The three tables, for look-up. Raises LexiconError for a name told twice."""
    index = _Index({}, {})
    seen: dict[tuple[str, ...], str] = {}
    for where, phrase, name in _names():
        told = (*name.lead, *name.words)
        if told in seen:
            raise LexiconError(f"{where}: {phrase!r} is in {seen[told]} already")
        seen[told] = where
        index.names.setdefault(tuple(word.lower() for word in name.words), []).append(name)
    for key in sorted(index.names, key=len, reverse=True):
        lengths = index.lengths.setdefault(key[0], [])
        if len(key) not in lengths:
            lengths.append(len(key))
        index.names[key].sort(key=lambda name: -len(name.lead))
    return index


def _fits(word: str, wanted: str) -> bool:
    """Whether a word of the text is written as the table's word, or wholly in capitals.

    An acronym ("US") stands only for itself: "us" and "Us" are other words.
    """
    if word == wanted or not _is_capital(wanted):
        return word.lower() == wanted.lower()
    acronym = len(wanted) > 1 and wanted.isupper()
    return not acronym and _is_capital(word) and word.lower() == wanted.lower()


def _agrees(tokens: Sequence[Token], start: int, wanted: tuple[str, ...]) -> bool:
    stop = start + len(wanted)
    if start < 0 or stop > len(tokens):
        return False
    return all(_fits(_word(t), w) for t, w in zip(tokens[start:stop], wanted, strict=True))


def _stands_alone(tokens: Sequence[Token], stop: int) -> bool:
    """Whether no longer name goes on at `stop`: "the North Ridge", "the South-East", "the South of"."""
    if stop >= len(tokens):
        return True
    following = tokens[stop].raw
    return following not in ("of", "-") and (not _is_capital(following) or following.isupper())


def _matches(tokens: Sequence[Token], index: int, name: _Name) -> bool:
    if not _agrees(tokens, index, name.words):
        return False
    if not name.lead:
        return True
    led = _agrees(tokens, index - len(name.lead), name.lead)
    return led and _stands_alone(tokens, index + len(name.words))


def _longest(index: _Index, tokens: Sequence[Token], at: int, lengths: Sequence[int]) -> _Name | None:
    """The longest name of one of these lengths that begins at a token, whatever its kind."""
    for length in lengths:
        words = tuple([token.lower for token in tokens[at : at + length]])
        for name in index.names.get(words, ()):
            if _matches(tokens, at, name):
                return name
    return None


def _place(text: str, tokens: Sequence[Token], index: int, name: _Name) -> Place:
    span = Span(tokens[index].start, tokens[index + len(name.words) - 1].end)
    return Place(span, text[span.start : span.end], name.kind, name.countries, name.region)


def find_places(text: str, start: int, end: int) -> list[Place]:
    """The places named in `text[start:end]`, left to right, longest name first, none overlapping.

    Spans are offsets into `text`; `name` is the place as worded there, without an article. A name
    counts only with its capitals. Cost is linear in the length of the piece.
    """
    return places_among(text, tokenize(text, start, end))


def places_among(text: str, tokens: Sequence[Token]) -> list[Place]:
    """`find_places` where the piece has been cut into tokens already."""
    index, found, stop = _index(), [], 0
    for at, token in enumerate(tokens):
        # Most words begin no name: one look-up each.
        lengths = index.lengths.get(token.lower)
        if lengths is None or at < stop:
            continue
        name = _longest(index, tokens, at, lengths)
        if name is not None:
            stop = at + len(name.words)
            if name.kind != "none":
                found.append(_place(text, tokens, at, name))
    return found


_KELVIN = "\u212a"
"""The sign of the unit: the only capital outside ASCII that is a letter of ASCII in lower case."""


def _capital(letter: str) -> str:
    if not letter.isascii():
        return any_case(letter)
    return f"[K{_KELVIN}]" if letter == "K" else re.escape(letter)


def _loosely(word: str) -> str:
    """The pattern of a word of a name: what `_fits` takes for it, and perhaps more."""
    if not _is_capital(word):
        return any_case(word)
    acronym = len(word) > 1 and word.isupper()
    return re.escape(word) if acronym else _capital(word[0]) + any_case(word[1:])


@cache
def _sieve(country_code: str) -> Sieve:
    names = [name for _, _, name in _names(country_code)]
    return Sieve("|".join(sequence(map(_loosely, (*name.lead, *name.words))) for name in names))


def may_name(text: str, country_code: str) -> bool:
    """Whether a text may name a place of a country: False is sure, True is for `find_places` to settle."""
    return _sieve(country_code).passes(text)
