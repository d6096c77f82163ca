"""Resolves an article's claims: hosts and sectors left unsaid, parts and totals, repeats.

Works on all claims of the article, step by step; each step is a function that changes claims or drops
them. What the reader says of one count was settled in `judge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from orchestration.extraction.hosts import Host
from orchestration.extraction.judge import Claim, Refusal, judge
from orchestration.extraction.passage import Passage, only_country
from orchestration.extraction.reader.opinions import Opinion
from orchestration.extraction.sectors import clause_sectors, main_host, main_sector, told_sectors
from orchestration.records import Article, Hedge, Measure

NEAR = 12
"""Passages within which a loose telling may be of the same thing as a precise one."""
_OTHER_WAY = {Measure.DISPATCH: Measure.REPATRIATION, Measure.REPATRIATION: Measure.DISPATCH}


@dataclass(frozen=True, slots=True)
class Resolved:
    """The claims in reading order, and the counts that are no figures."""

    claims: tuple[Claim, ...]
    refused: tuple[Refusal, ...]


def resolve(article: Article, passages: Sequence[Passage], opinions: Iterable[Opinion]) -> Resolved:
    """The article's claims with everything settled, and the numbers refused with their reasons."""
    judged = [judge(opinion, article, passages) for opinion in opinions]
    claims = [verdict for verdict in judged if isinstance(verdict, Claim)]
    if claims:
        _tie_parts(claims)
        _inherit_hosts(claims, only_country(article, passages))
        _settle_sectors(claims, article, passages)
    kept, dropped = merge_repeats(claims)
    refused = [verdict for verdict in judged if isinstance(verdict, Refusal)]
    refused += [Refusal(claim.passage, claim.count, "repeated", claim.confidence) for claim in dropped]
    refused += [
        Refusal(passage, number, number.reason or "no_measure")
        for passage in passages
        for number in passage.numbers
        if not number.is_open
    ]
    return Resolved(tuple(kept), tuple(refused))


def _tie_parts(claims: Sequence[Claim]) -> None:
    """Ties each part to its whole: a claim of the same measure that is not itself inside the part."""
    by_span = {claim.count.span: claim for claim in claims}
    for claim in claims:
        whole = by_span.get(claim.whole.span) if claim.whole is not None else None
        if whole is not None and whole.measure is claim.measure and whole.size >= claim.size:
            claim.parent = None if _is_inside(whole, claim) else whole


def _is_inside(claim: Claim, other: Claim) -> bool:
    """Whether a claim is, over any number of steps, a part of another."""
    here: Claim | None = claim
    for _ in range(20):
        if here is other:
            return True
        here = here.parent if here is not None else None
    return False


def _unless_inside(whole: Claim | None, claim: Claim) -> Claim | None:
    """A whole for a claim, unless it is that claim itself or inside it."""
    return None if whole is None or _is_inside(whole, claim) else whole


def _inherit_hosts(claims: Sequence[Claim], only: str | None) -> None:
    """A claim whose host is left unsaid is where its whole is, else where those are whom it replaces, else
    in the one country that is named.
    """
    for _, sentence in groupby(claims, key=lambda claim: claim.place):
        beside = list(sentence)
        for claim in beside:
            if not claim.host.stated and claim.parent is not None:
                claim.host = claim.parent.host
            if not claim.host.stated:
                claim.host = exchanged(claim, beside)
            if not claim.host.stated and only is not None:
                claim.host = Host((only,))


def exchanged(claim: Claim, beside: Iterable[Claim]) -> Host:
    """The one host of those `beside`, in the same sentence, who go the other way: "call home 200 of its
    workers in Oman and send 300 new ones".
    """
    other = _OTHER_WAY.get(claim.measure)
    hosts = {c.host for c in beside if c.measure is other and c.host.stated}
    return hosts.pop() if len(hosts) == 1 else Host()


def _settle_sectors(claims: Sequence[Claim], article: Article, passages: Sequence[Passage]) -> None:
    """A claim whose own words tell no work takes what most of the workers in its country do, where the
    article says so; one of which nothing is known takes its whole's, or the article's one line of work.
    """
    main, told = main_host(article, passages), told_sectors(passages)
    sector = main_sector(article, passages)
    for claim in claims:
        host = claim.host.countries[0] if len(claim.host.countries) == 1 else None
        if claim.count.head.kind == "official":
            continue
        if host in told and not clause_sectors(claim.passage, claim.count):
            claim.sectors = told[host]
        elif not claim.sectors and claim.parent is not None and claim.parent.sectors:
            claim.sectors = claim.parent.sectors
        elif not claim.sectors and sector is not None and host is not None and host == main:
            claim.sectors = (sector,)


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
    return loose and inside and claim.status is other.status and abs(claim.place - other.place) <= NEAR


def merge_repeats(claims: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Keeps one claim of each telling: the first of equal ones, the precise one of a loose and a precise."""
    kept: list[Claim] = []
    dropped: list[Claim] = []
    for claim in claims:
        same = next((k for k in kept if _is_repeat(claim, k) and _is_repeat(k, claim)), None)
        finer = next(
            (o for o in claims if o is not claim and _is_repeat(claim, o) and not _is_repeat(o, claim)), None
        )
        if same is not None:
            same.period, same.sectors = same.period or claim.period, same.sectors or claim.sectors
            same.parent = same.parent or _unless_inside(claim.parent, same)
        (dropped if same is not None or finer is not None else kept).append(claim)
    for claim in kept:
        if claim.parent is not None and not any(claim.parent is k for k in kept):
            again = next((k for k in kept if _is_repeat(claim.parent, k)), None)
            claim.parent = _unless_inside(again, claim)
    return kept, dropped
