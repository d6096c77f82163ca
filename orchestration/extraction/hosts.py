"""Where the counted people work: places weighed by the reader's links and by where they stand.

Roles are decided here: a place is host, transit, or where somebody speaks. Several countries are one host
only where they stand side by side. What other claims leave to inherit is for `resolve`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from orchestration.extraction.counts import Count
from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import Passage, is_foreign
from orchestration.extraction.places import Place
from orchestration.extraction.text import PhraseIndex
from orchestration.records import Span

LINK = 0.5
"""Probability from which a link holds."""
FLOOR = 0.05
"""What a place that the reader does not link is still worth beside one that it does."""
POINTS_WITHIN = 5
"""Tokens after a count within which "in the country" is said of it."""
NAMED = 0.12
"""Worth from which a place of the sentence itself is the host."""

_TO = {"to", "into", "for", "toward", "towards", "bound"}
_FROM = {"from", "leaving", "left"}
_IN = {"in", "at", "on", "across", "throughout", "inside", "around", "near", "within", "of", "along", "over"}
_VIA = {"via", "through", "transiting"}
_JOINERS = {",", "and", "or", "the", "in", "to", "from", "both", "as", "well", "&", "then", "'s", "s"}
_STOPS = {",", ";", ".", ":", "(", ")", "—", "and", "that", "said", "has", "have", "is", "are", "was"}

Links = Sequence[tuple[Place, float, bool]]


@dataclass(frozen=True, slots=True)
class SpeakerNoun:
    """A row of `speakers.csv`: a noun of somebody who speaks, whose place is no host."""

    noun: str


@dataclass(frozen=True, slots=True)
class Host:
    """Where the counted people work: sorted country codes, else a region; neither: not stated."""

    countries: tuple[str, ...] = ()
    region: str | None = None

    @property
    def stated(self) -> bool:
        """Whether there is anything to inherit."""
        return bool(self.countries or self.region)


@dataclass(frozen=True, slots=True)
class Anaphor:
    """A row of `anaphors.csv`: a wording that points back to a country."""

    wording: str


@cache
def _anaphors() -> PhraseIndex[str]:
    return PhraseIndex((row.wording, row.wording) for row in load("anaphors", Anaphor))


@cache
def _speakers() -> frozenset[str]:
    return frozenset(row.noun for row in load("speakers", SpeakerNoun))


def _preposition(passage: Passage, place: Place) -> str:
    """to, from, in, via or "" for what leads up to a place."""
    first = passage.token(place.span.start)
    for index in range(first - 1, max(-1, first - 7), -1):
        word = passage.tokens[index].lower
        if word == "of" and passage.words(index - 2, index) == ["by", "way"]:
            return "via"
        for name, words in (("to", _TO), ("from", _FROM), ("in", _IN - {"of"}), ("via", _VIA)):
            if word in words:
                return name
        if word in _STOPS or word == "of":
            break
    return ""


def _is_speaker(passage: Passage, place: Place) -> bool:
    """ "a source in Dandong", "Japanese broadcaster", a dateline."""
    first, stop = passage.token(place.span.start), passage.token(place.span.end)
    before, after = passage.words(first - 4, first), passage.words(stop, stop + 3)
    if place.kind == "demonym":
        return any(word in _speakers() for word in after[:2])
    dateline = first <= 3 and any(word in ("—", "–", "(") for word in passage.words(stop, stop + 8))
    if dateline and passage.tokens[first].raw.isupper():
        return True
    spoken = any(word in _speakers() for word in before)
    return spoken and any(word in ("in", "from", "at", "based") for word in before)


def _chains(passage: Passage) -> list[list[Place]]:
    """Foreign places in groups that stand side by side: "Qatar and the United Arab Emirates"."""
    chains: list[list[Place]] = []
    stop = -1
    for place in passage.places:
        first = passage.token(place.span.start)
        if not is_foreign(place):
            continue
        joined = 0 <= stop <= first <= stop + 5 and all(w in _JOINERS for w in passage.words(stop, first))
        same_kind = bool(chains) and (chains[-1][-1].kind == "demonym") == (place.kind == "demonym")
        if joined and same_kind:
            chains[-1].append(place)
        else:
            chains.append([place])
        stop = passage.token(place.span.end)
    return [chain for chain in chains if _preposition(passage, chain[0]) != "via"]


def _is_taken(passage: Passage, count: Count, place: int) -> bool:
    """Whether a place before the count stands right after another: "2,500 in Kuwait, up to 1,500"."""
    others = [passage.token(c.extent.end) for c in passage.open_counts if c.span.start < count.span.start]
    return any(0 <= place - stop <= 4 for stop in others)


def _nearness(passage: Passage, count: Count, chain: Sequence[Place]) -> float:
    """How closely a group of places stands to a count, 0 to about 1.4."""
    first, stop = passage.token(count.span.start), passage.token(count.extent.end)
    place_first, place_stop = passage.token(chain[0].span.start), passage.token(chain[-1].span.end)
    after = place_first >= first
    near, far = (stop, place_first) if after else (place_stop, first)
    others = [c for c in passage.open_counts if not c.singular and c.span != count.span]
    between = [c for c in others if near <= passage.token(c.span.start) < far]
    worth = 0.45 if chain[0].kind == "demonym" else 1.0 if _preposition(passage, chain[0]) else 0.65
    worth *= 0.25 if _is_speaker(passage, chain[0]) else 1.0
    if after:
        tied = 0.5 ** len(between)
    else:
        tied = 0.85 * 0.75 ** len(between) * (0.4 if _is_taken(passage, count, place_first) else 1.0)
        if _heads(passage, near, far) and not _preposition(passage, chain[0]):
            tied = 1.4
    gap = passage.gap(max(0, min(near, far)), max(near, far))
    return float(worth * tied * 0.985 ** max(0, far - near) * 2.718 ** (-0.6 * gap))


def _heads(passage: Passage, near: int, far: int) -> bool:
    """Whether a place leads up to a count as in a table: "Liaoning: 35,000", "Angola (1,000)"."""
    return far - near <= 1 and passage.words(near, far) in ([], ["("], [":"])


def find_host(passage: Passage, count: Count, links: Links) -> Host:
    """The host of a count: a place of its own sentence where one fits, else the likeliest around it."""
    if meant := _meant(passage, count, links):
        return _host_of([meant])
    own = {place.span: p for place, p, main in links if not main}
    chains = _chains(passage)
    ranked = [(_nearness(passage, count, chain) * _linked(chain, own), -i) for i, chain in enumerate(chains)]
    best = max(ranked, default=(0.0, 0))
    if best[0] >= NAMED:
        return _host_of(_members(chains[-best[1]], own))
    beyond = [link for link in links if link[2] or not _in(passage, link[0])]
    around = [(p, place) for place, p, _ in beyond if is_foreign(place)]
    likeliest = max(around, key=lambda pair: pair[0], default=None)
    if likeliest is not None and likeliest[0] >= LINK:
        return _host_of([likeliest[1]])
    return Host()


def _meant(passage: Passage, count: Count, links: Links) -> Place | None:
    """The country that "in the country" or "there", said of the count, points back to: the last one named."""
    stop = passage.token(count.extent.end)
    if not _anaphors().find(passage.tokens[stop : stop + POINTS_WITHIN]):
        return None
    named = [place for place, _, main in links if not main and is_foreign(place) and place.countries]
    before = [place for place in named if place.span.end <= count.span.start]
    return max(before, key=lambda place: place.span.start, default=None)


def _in(passage: Passage, place: Place) -> bool:
    return passage.span.start <= place.span.start < passage.span.end


def _linked(chain: Sequence[Place], own: Mapping[Span, float]) -> float:
    """How surely the reader links a group of places: its surest member."""
    return FLOOR + max(own.get(place.span, 0.0) for place in chain)


def _members(chain: Sequence[Place], own: Mapping[Span, float]) -> list[Place]:
    """The linked places of a group; all of it where none is."""
    return [place for place in chain if own.get(place.span, 0.0) >= LINK] or list(chain)


def _host_of(chain: Sequence[Place]) -> Host:
    countries = sorted({code for place in chain for code in place.countries})
    regions = [place.region for place in chain if not place.countries and place.region]
    return Host(tuple(countries), regions[0] if regions and not countries else None)
