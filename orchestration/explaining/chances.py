"""What the reader weighed of one count: the answers that it thought possible, how likely, and which held.

Reading an opinion for a person belongs here; `judge` is what decides, and its claim tells what held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestration.explaining.wording import host_words, percent, period_words, showable
from orchestration.extraction.judge import Claim
from orchestration.extraction.passage import is_foreign
from orchestration.extraction.periods import Period
from orchestration.extraction.reader.opinions import Opinion, PlaceLink
from orchestration.records import Article, Span

SHOWN = 0.05
"""Probability from which an answer that did not hold is worth showing."""


@dataclass(frozen=True, slots=True)
class Chance:
    """One answer: its probability `p`, whether it `held`, and `detail` on where it comes from."""

    label: str
    p: float
    held: bool = False
    detail: str = ""


def _shown(chances: Iterable[Chance]) -> tuple[Chance, ...]:
    """The likely ones, the likeliest first."""
    return tuple(sorted((c for c in chances if c.held or c.p >= SHOWN), key=lambda chance: -chance.p))


def measure_chances(opinion: Opinion, claim: Claim | None) -> tuple[Chance, ...]:
    """The measures, and that the count is no figure."""
    none = Chance("none", max(0.0, 1 - opinion.figure), claim is None)
    found = (Chance(str(m), p, claim is not None and m is claim.measure) for m, p in opinion.measures.items())
    return _shown((*found, none))


def status_chances(opinion: Opinion, claim: Claim | None) -> tuple[Chance, ...]:
    """The statuses as the reader sees them; the contract may hold another (a presence is never underway)."""
    return _shown(
        Chance(str(s), p, claim is not None and s is claim.status) for s, p in opinion.statuses.items()
    )


def sector_chances(opinion: Opinion, claim: Claim | None) -> tuple[Chance, ...]:
    """The lines of work."""
    held = claim.sectors if claim else ()
    return _shown(Chance(code, p, code in held) for code, p in opinion.sectors.items())


def place_chances(opinion: Opinion, claim: Claim | None) -> tuple[Chance, ...]:
    """The hosts, by country or region, with the mentions that speak for each."""
    groups: dict[tuple[tuple[str, ...], str | None], list[PlaceLink]] = {}
    for link in opinion.places:
        groups.setdefault(link.place.host, []).append(link)
    return _shown(_place_chance(key, links, claim) for key, links in groups.items())


def _place_chance(
    key: tuple[tuple[str, ...], str | None], links: list[PlaceLink], claim: Claim | None
) -> Chance:
    countries, region = key
    p, foreign = max(link.p for link in links), is_foreign(links[0].place)
    held = False
    if claim is not None and foreign:
        host = claim.host
        held = set(countries) <= set(host.countries) if countries else region == host.region
    return Chance(host_words(countries, region), p, held, _mentions(links, foreign))


def _mentions(links: Iterable[PlaceLink], foreign: bool) -> str:
    """The names of one host and how much each alone speaks for it."""
    best: dict[str, float] = {}
    for link in links:
        name = "named most" if link.main else showable(link.place.name)
        best[name] = max(best.get(name, 0.0), link.own)
    told = [f"{name} {percent(p)}" for name, p in best.items()]
    return ", ".join([*told, *([] if foreign else ["never a host"])])


def period_chances(article: Article, opinion: Opinion, claim: Claim | None) -> tuple[Chance, ...]:
    """The times, by their days; `detail` has the words, and what a plan makes of them."""
    likeliest = max(opinion.periods, key=lambda link: link.p, default=None)
    taken = claim.period if claim else None
    found: dict[str, Chance] = {}
    for link in sorted(opinion.periods, key=lambda link: -link.p):
        days = period_words(link.period.start, link.period.end)
        held = taken is not None and link is likeliest
        detail = _words(article, link.period.span) + (_as_a_plan(link.period, taken) if held else "")
        found.setdefault(days, Chance(days, link.p, held, detail))
    return _shown(found.values())


def _as_a_plan(period: Period, taken: Period | None) -> str:
    """What was made of a time that a plan reads another way: the next March, not the last."""
    if taken is None or (taken.start, taken.end) == (period.start, period.end):
        return ""
    return f", as a plan: {period_words(taken.start, taken.end)}"


def whole_chances(
    article: Article, opinion: Opinion, claim: Claim | None, labels: Mapping[Span, str]
) -> tuple[Chance, ...]:
    """The counts that may already include this one, each once."""
    found: dict[Span, Chance] = {}
    for link in sorted(opinion.wholes, key=lambda link: -link.p):
        span = link.count.span
        held = claim is not None and claim.whole is not None and claim.whole.span == span
        label = f"[{labels.get(span, '?')}]"
        found.setdefault(span, Chance(label, link.p, held, _words(article, span)))
    return _shown(found.values())


def _words(article: Article, span: Span) -> str:
    return showable(article.text[span.start : span.end])
