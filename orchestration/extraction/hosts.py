"""Where the counted people work, as the reader's links tell: countries, else a region, else nothing.

Several countries are one host only where they stand side by side, or where the reader is sure of each.
Which places a count may be linked to is for `reader`; what claims leave each other is for `resolve`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestration.extraction.counts import Count
from orchestration.extraction.passage import Passage, is_foreign
from orchestration.extraction.places import Place
from orchestration.extraction.reader.opinions import PlaceLink

HOST, BESIDE, APART = 0.15, 0.25, 0.99
"""Probability from which the likeliest country is the host, and from which another one is, too: one that
stands side by side with it, and one that does not."""
CITY = 0.5

_BETWEEN = re.compile(r"(?:[\s,&/]|\b(?:and|or|the|in|to|from|both|as|well|then)\b|['’]s?)*", re.IGNORECASE)
_RESPECTIVELY = "respectively"
_INSIDE = {"in", "at", "across", "throughout", "inside"}
_BEFORE = {":", "(", "–", "—", "has", "had", "hosts", "hosted", "with", "took", "'s"}


@dataclass(frozen=True, slots=True)
class Host:
    """Where the counted people work: sorted country codes, else a region; neither: not stated."""

    countries: tuple[str, ...] = ()
    region: str | None = None

    @property
    def stated(self) -> bool:
        """Whether there is anything to inherit."""
        return bool(self.countries or self.region)


def find_host(passage: Passage, count: Count, links: Sequence[PlaceLink]) -> Host:
    """The host of a count in its passage."""
    if place := _in_order(passage, count):
        return _host([place])
    foreign = [link for link in links if is_foreign(link.place)]
    tied = _right_behind(passage, count) or _right_before(passage, count)
    here = [link for link in foreign if tied is not None and link.place.span == tied.span and not link.main]
    best = max(here or foreign, key=lambda link: (link.p, link.own), default=None)
    if best is None or (best.p < HOST and not here):
        return Host()
    chains = _chains(passage.text, [link.place for link in foreign if not link.main])
    near = [{place.host for place in chain} for chain in chains]
    beside = {host for hosts in near if best.place.host in hosts for host in hosts}
    others = [
        link.place
        for link in foreign
        if link.p >= (BESIDE if link.place.host in beside else APART) and link.place.countries
    ]
    return _host([best.place, *(others if best.place.countries else [])])


def _host(places: Sequence[Place]) -> Host:
    countries = sorted({code for place in places for code in place.countries})
    return Host(tuple(countries), places[0].region if not countries else None)


def _chains(text: str, places: Iterable[Place]) -> Iterator[list[Place]]:
    """Places in groups that stand side by side: "Qatar, Kuwait and the United Arab Emirates"."""
    chain: list[Place] = []
    for place in sorted(places, key=lambda place: place.span.start):
        if chain and not _BETWEEN.fullmatch(
            text, chain[-1].span.end, max(place.span.start, chain[-1].span.end)
        ):
            yield chain
            chain = []
        chain.append(place)
    if chain:
        yield chain


def _in_order(passage: Passage, count: Count) -> Place | None:
    """The place of a count in "Nepal and Oman took 33 and 21 respectively": as many places as counts."""
    if _RESPECTIVELY not in passage.told.lower():
        return None
    counts = [c.span for c in passage.open_counts if not c.singular]
    chains = _chains(passage.text, filter(is_foreign, passage.places))
    chain = next((chain for chain in chains if len(chain) == len(counts) > 1), None)
    return chain[counts.index(count.span)] if chain and count.span in counts else None


def _right_behind(passage: Passage, count: Count) -> Place | None:
    """The place of "400 builders in Qatar": one that "in" ties to the counted noun itself."""
    tokens, at = passage.tokens, passage.token(count.extent.end)
    if at >= len(tokens) or tokens[at].lower not in _INSIDE:
        return None
    at += 2 if at + 1 < len(tokens) and tokens[at + 1].lower == "the" else 1
    return next((p for p in passage.places if passage.token(p.span.start) == at and is_foreign(p)), None)


def _right_before(passage: Passage, count: Count) -> Place | None:
    """The place of "Qatar: 400", "Qatar (400)", "Qatar had 400": one that stands right before a count."""
    at = passage.token(count.span.start)
    apart = passage.tokens[at - 1].lower if at else ""
    ends = {at, at - 1} if apart in _BEFORE else {at}
    return next((p for p in passage.places if passage.token(p.span.end) in ends and is_foreign(p)), None)


def find_city(links: Sequence[PlaceLink], host: Host) -> str | None:
    """The surest linked place inside the host, as worded."""
    cities = [link for link in links if link.place.kind == "city" and not link.main and link.own >= CITY]
    inside = [link for link in cities if set(link.place.countries) & set(host.countries)]
    return max(inside, key=lambda link: link.own).place.name if inside else None
