"""Resolves an article's claims: hosts, periods and sectors left unsaid, parts and totals, repeats.

Works on the register of the whole article, step by step; each step is a function that changes claims
or drops them. What one sentence says by itself was settled in `judge`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.extraction.attributes import find_sectors
from orchestration.extraction.heads import ELIDED
from orchestration.extraction.hosts import Host, is_foreign
from orchestration.extraction.passage import Passage
from orchestration.extraction.periods import Period, find_periods
from orchestration.extraction.places import find_places
from orchestration.extraction.register import Claim, Register, read_register
from orchestration.extraction.text import PhraseIndex, tokenize
from orchestration.records import Article, Hedge, Status

_ANAPHORS = PhraseIndex(
    (phrase, phrase) for phrase in ("in the country", "in that country", "there", "the country")
)
_MOST = PhraseIndex(
    (phrase, phrase)
    for phrase in (
        "most of",
        "most",
        "mostly",
        "mainly",
        "chiefly",
        "nearly all",
        "almost all",
        "all of them",
        "majority",
    )
)
_TITLE_WEIGHT = 3
_SPEAKING_KINDS = ("weekday", "day", "relative_day")


@dataclass(frozen=True, slots=True)
class Theme:
    """What the article as a whole is about: its main host and line of work, if it has one."""

    host: Host
    sectors: tuple[str, ...]


def _main_host(article: Article, passages: Sequence[Passage]) -> Host:
    """The foreign country that title and text name most, if it stands out."""
    votes: Counter[tuple[str, ...]] = Counter()
    for place in find_places(article.title, 0, len(article.title)):
        if is_foreign(place) and place.countries:
            votes[place.countries] += _TITLE_WEIGHT
    for passage in passages:
        for place in passage.places:
            if is_foreign(place) and place.countries:
                votes[place.countries] += 1
    ranked = votes.most_common(2)
    if not ranked:
        return Host()
    stands_out = len(ranked) == 1 or ranked[0][1] >= 1.5 * ranked[1][1]
    return Host(ranked[0][0]) if stands_out else Host()


def _main_sectors(article: Article, passages: Sequence[Passage]) -> tuple[str, ...]:
    """The line of work that title and text speak of, if it is one."""
    votes = Counter(m.code for m in find_sectors(tokenize(article.title, 0, len(article.title))))
    votes = Counter({code: n * _TITLE_WEIGHT for code, n in votes.items()})
    for passage in passages:
        votes.update(m.code for m in passage.sectors)
        votes.update(c.head.sector for c in passage.numbers if c.head.sector)
    ranked = votes.most_common(2)
    if not ranked or ranked[0][1] < 2:
        return ()
    return (ranked[0][0],) if len(ranked) == 1 or ranked[0][1] >= 2 * ranked[1][1] else ()


def _settle_hosts(claims: Sequence[Claim], passages: Sequence[Passage], theme: Theme) -> None:
    """Gives each claim without a host the one it means: the last named, the last claim's, or the theme's."""
    last: Claim | None = None
    for claim in claims:
        if claim.host.stated and claim.host.explicit:
            last = claim
            continue
        anaphor = _ANAPHORS.find(claim.passage.tokens)
        named = _last_named(passages, claim) if anaphor else Host()
        if claim.host.stated:
            pass
        elif named.stated:
            claim.host = named
        elif claim.host.open:
            continue
        elif last is not None and (claim.part or claim.inherited or claim.place - last.place <= 3):
            claim.host = last.host
        elif theme.host.stated:
            claim.host = theme.host
        else:
            claim.host = last.host if last is not None else _last_named(passages, claim)
        last = claim if claim.host.stated else last


def _last_named(passages: Sequence[Passage], claim: Claim) -> Host:
    """The last foreign country named before a claim's count."""
    for passage in reversed(passages[: claim.place + 1]):
        for place in reversed(passage.places):
            if place.span.end <= claim.count.span.start and is_foreign(place) and place.countries:
                return Host(place.countries)
    return Host()


def _worth(claim: Claim, period: Period) -> float:
    """How closely a period is tied to a claim; 0 for the day on which somebody speaks."""
    passage = claim.passage
    index = passage.token(period.span.start)
    around = passage.words(index - 3, index + 5)
    spoken = any(word in ("said", "told", "reported", "says", "announced") for word in around)
    if spoken and period.kind in _SPEAKING_KINDS:
        return 0.0
    anchor = claim.trigger if claim.trigger is not None else passage.token(claim.count.span.start)
    near = min(abs(index - anchor), abs(index - passage.token(claim.count.span.start)))
    gap = min(passage.gap(index, anchor), passage.gap(index, passage.token(claim.count.span.start)))
    return float((0.5 if spoken else 1.0) / (1 + gap + 0.03 * near))


def _settle_periods(claims: Sequence[Claim], published: date | None) -> None:
    """Gives each claim the period that its sentence ties to it."""
    if published is None:
        return
    for claim in claims:
        span = claim.passage.span
        planned = claim.status is Status.PLANNED
        periods = find_periods(claim.passage.text, span.start, span.end, published, planned)
        ranked = sorted(((_worth(claim, p), -p.span.start, p) for p in periods), key=lambda r: (-r[0], -r[1]))
        if ranked and ranked[0][0] > 0.25:
            claim.period = ranked[0][2]
        elif claim.parent is not None:
            claim.period = claim.parent.period


def _told_sectors(passages: Sequence[Passage]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """What the article says most of the workers in a country do, by country."""
    told: dict[tuple[str, ...], tuple[str, ...]] = {}
    for passage in passages:
        words = {token.lower for token in passage.tokens}
        if not _MOST.find(passage.tokens) or not words & {
            "workers",
            "them",
            "labourers",
            "laborers",
            "women",
            "men",
        }:
            continue
        hosts = [p.countries for p in passage.places if is_foreign(p) and p.countries]
        sectors = tuple(sorted({m.code for m in passage.sectors}))
        if hosts and sectors and not passage.counts:
            told.setdefault(hosts[0], sectors)
    return told


def _settle_sectors(claims: Sequence[Claim], passages: Sequence[Passage], theme: Theme) -> None:
    """Gives claims without a line of work the one told of their country, their whole, or the article's."""
    told = _told_sectors(passages)
    for claim in claims:
        if claim.sectors or claim.count.head.kind == "official":
            continue
        if claim.parent is not None and claim.parent.sectors:
            claim.sectors = claim.parent.sectors
        elif claim.host.countries in told:
            claim.sectors = told[claim.host.countries]
        elif theme.sectors and claim.host.countries == theme.host.countries:
            claim.sectors = theme.sectors


def _tie_parts(claims: Sequence[Claim]) -> None:
    """Finds the whole of each part: the nearest earlier larger claim of its measure, itself no part."""
    for index, claim in enumerate(claims):
        if not claim.part:
            continue
        for earlier in reversed(claims[max(0, index - 8) : index]):
            near = claim.place - earlier.place <= 3
            if (
                near
                and earlier.measure is claim.measure
                and earlier.size > claim.size
                and earlier.parent is None
            ):
                claim.parent = earlier
                break


def _drop_references(claims: list[Claim]) -> list[Claim]:
    """Drops "of the 62" where the 62 were told before."""
    kept: list[Claim] = []
    for claim in claims:
        known = any(c.size == claim.size for c in kept)
        if not (claim.count.reference and known):
            kept.append(claim)
    return kept


def _key(claim: Claim) -> tuple[object, ...]:
    return claim.measure, claim.host.countries, claim.host.region


def _is_repeat(claim: Claim, other: Claim) -> bool:
    """Whether `other`, another claim of the article, tells `claim` better: again, or more precisely."""
    if _key(claim) != _key(other):
        return False
    count, better = claim.count, other.count
    if (count.low, count.high) == (better.low, better.high):
        return True
    if count.low == better.low and count.low is not None and count.high != better.high:
        return better.hedge is Hedge.EXACT and count.hedge in (Hedge.ABOUT, Hedge.AT_LEAST)
    loose = count.hedge is Hedge.VAGUE and better.hedge is not Hedge.VAGUE
    inside = (count.low or 0) <= other.size <= (count.high or 10**9)
    return loose and inside and claim.status is other.status and abs(claim.place - other.place) <= 12


def _merge_repeats(claims: list[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Keeps one claim of each telling: the first of equal ones, the precise one of a loose and a precise."""
    kept: list[Claim] = []
    dropped: list[Claim] = []
    for index, claim in enumerate(claims):
        same = any(_is_repeat(claim, other) and _is_repeat(other, claim) for other in kept)
        finer = any(
            _is_repeat(claim, other) and not _is_repeat(other, claim)
            for other in claims[:index] + claims[index + 1 :]
        )
        (dropped if same or finer else kept).append(claim)
    for claim in kept:
        while claim.parent is not None and claim.parent in dropped:
            claim.parent = next((k for k in kept if _is_repeat(claim.parent, k)), None)
    return kept, dropped


def resolve(article: Article, passages: Sequence[Passage]) -> Register:
    """The article's claims with everything settled, and the numbers refused with their reasons."""
    register = read_register(passages)
    theme = Theme(_main_host(article, passages), _main_sectors(article, passages))
    claims = _drop_references(register.claims)
    _settle_hosts(claims, passages, theme)
    _tie_parts(claims)
    _settle_periods(claims, article.published)
    _settle_sectors(claims, passages, theme)
    kept, dropped = _merge_repeats(claims)
    gone = [claim for claim in register.claims if claim not in claims] + dropped
    refused = register.refused + [(claim.passage, claim.count, "repeated") for claim in gone]
    return Register(kept, refused)


def is_elided(claim: Claim) -> bool:
    """Whether the counted noun was left out."""
    return claim.count.head.kind == ELIDED
