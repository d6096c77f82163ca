"""Reads from a sentence where the counted people work: the host, and whether the list is left open.

Roles are decided here: a place is host, transit, or where somebody speaks. What a sentence leaves
unsaid (inheritance) is for `resolve`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from orchestration.extraction.counts import Count
from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import Passage, anchors
from orchestration.extraction.places import Place
from orchestration.extraction.text import PhraseIndex

_TO = {"to", "into", "for", "toward", "towards", "bound"}
_FROM = {"from", "leaving", "left"}
_IN = {"in", "at", "on", "across", "throughout", "inside", "around", "near", "within", "of", "along", "over"}
_VIA = {"via", "through", "transiting"}
_JOINERS = {",", "and", "or", "the", "in", "to", "from", "both", "as", "well", "&", "then", "'s", "s"}


@dataclass(frozen=True, slots=True)
class SpeakerNoun:
    """A row of `speakers.csv`: a noun of somebody who speaks, whose place is no host."""

    noun: str


@dataclass(frozen=True, slots=True)
class OpenList:
    """A row of `open_lists.csv`: `world` words name no host, `list` words leave a list open."""

    cue: str
    kind: str


@dataclass(frozen=True, slots=True)
class Host:
    """The host as a sentence tells it: country codes, else a region; `open` where it is the world.

    `explicit` is False where the place stands only as an adjective or a speaker's own.
    """

    countries: tuple[str, ...] = ()
    region: str | None = None
    open: bool = False
    explicit: bool = True
    places: tuple[Place, ...] = ()

    @property
    def stated(self) -> bool:
        """Whether there is anything to inherit."""
        return bool(self.countries or self.region)


@cache
def _speakers() -> frozenset[str]:
    return frozenset(row.noun for row in load("speakers", SpeakerNoun))


@cache
def _open_lists() -> PhraseIndex[str]:
    return PhraseIndex((row.cue, row.kind) for row in load("open_lists", OpenList))


def is_foreign(place: Place) -> bool:
    """Whether a place can be a host at all: neither the workers' home nor where defectors arrive."""
    return not set(place.countries) & set(anchors().values())


def preposition(passage: Passage, place: Place) -> str:
    """to, from, in, via or "" for what leads up to a place."""
    first = passage.token(place.span.start)
    for index in range(first - 1, max(-1, first - 7), -1):
        word = passage.tokens[index].lower
        for name, words in (("to", _TO), ("from", _FROM), ("in", _IN), ("via", _VIA)):
            if word in words:
                by_way = name == "in" and word == "of" and passage.words(index - 2, index) == ["by", "way"]
                out = name == "in" and word == "of" and passage.words(index - 1, index) == ["out"]
                if word == "of" and not by_way and not out:
                    break
                return "via" if by_way else "from" if out else name
        if word in (
            ",",
            ";",
            ".",
            ":",
            "(",
            ")",
            "—",
            "and",
            "that",
            "said",
            "has",
            "have",
            "is",
            "are",
            "was",
        ):
            break
    return ""


def _is_speaker(passage: Passage, place: Place) -> bool:
    """ "a source in Dandong", "Japanese broadcaster", a dateline."""
    first, stop = passage.token(place.span.start), passage.token(place.span.end)
    before, after = passage.words(first - 4, first), passage.words(stop, stop + 3)
    if place.kind == "demonym":
        return any(word in _speakers() for word in after[:2])
    dateline = first <= 3 and any(word in ("—", "–", "(") for word in passage.words(stop, stop + 8)[:8])
    if dateline and passage.tokens[first].raw.isupper():
        return True
    return any(word in _speakers() for word in before) and any(
        word in ("in", "from", "at", "based") for word in before
    )


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
    return [chain for chain in chains if preposition(passage, chain[0]) != "via"]


def _is_taken(passage: Passage, count: Count, place: int) -> bool:
    """Whether a place before the count stands right after another count: "2,500 in Kuwait, up to 1,500"."""
    others = [passage.token(c.extent.end) for c in passage.counts if c.span.start < count.span.start]
    return any(0 <= place - stop <= 4 for stop in others)


def _nearness(passage: Passage, count: Count, chain: list[Place]) -> float:
    """How strongly a group of places is tied to a count, 0 to about 1.4."""
    first, stop = passage.token(count.span.start), passage.token(count.extent.end)
    place_first, place_stop = passage.token(chain[0].span.start), passage.token(chain[-1].span.end)
    after = place_first >= first
    near, far = (stop, place_first) if after else (place_stop, first)
    between = [
        c for c in passage.counts if near <= passage.token(c.span.start) < far and c.span != count.span
    ]
    worth = 0.45 if chain[0].kind == "demonym" else 1.0 if preposition(passage, chain[0]) else 0.65
    if _is_speaker(passage, chain[0]):
        worth *= 0.25
    if after:
        tied = 0.5 ** len(between)
    else:
        tied = 0.85 * 0.75 ** len(between) * (0.4 if _is_taken(passage, count, place_first) else 1.0)
        if (
            far - near <= 1
            and passage.words(near, far) in ([], ["("], [":"])
            and not preposition(passage, chain[0])
        ):
            tied = 1.4
    distance = max(0, far - near)
    gap = passage.gap(max(0, min(near, far)), max(near, far))
    return float(worth * tied * 0.985**distance * 2.718 ** (-0.6 * gap))


def _is_open(passage: Passage, chain: list[Place]) -> bool:
    """Whether the list a group stands in is left open: "mostly in China and Russia"."""
    first = passage.token(chain[0].span.start)
    start = max(0, first - 5)
    cues = [
        kind for _, stop, kind in _open_lists().find(passage.tokens[start:first]) if stop >= first - start - 2
    ]
    return "list" in cues


def _worldwide(passage: Passage) -> bool:
    return any(kind == "world" for _, _, kind in _open_lists().find(passage.tokens))


def _host_of(chain: list[Place]) -> Host:
    countries = sorted({code for place in chain for code in place.countries})
    regions = [place.region for place in chain if not place.countries and place.region]
    region = regions[0] if regions and not countries else None
    return Host(tuple(countries), region, places=tuple(chain))


def find_host(passage: Passage, count: Count) -> Host:
    """The host that a sentence states for a count; an empty Host where it states none.

    `open` is set for a count of the whole world: then no host may be inherited either.
    """
    chains = _chains(passage)
    scored = sorted(((_nearness(passage, count, chain), -i) for i, chain in enumerate(chains)), reverse=True)
    if not scored or scored[0][0] < 0.12:
        return Host(open=_worldwide(passage) and not chains)
    best = chains[-scored[0][1]]
    if _worldwide(passage) and _is_open(passage, best):
        return Host(open=True)
    host = _host_of(best)
    weak = best[0].kind == "demonym" or _is_speaker(passage, best[0])
    return Host(host.countries, host.region, explicit=not weak, places=host.places)
