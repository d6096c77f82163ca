"""The whole method, top to bottom: split, find, judge, resolve.

`read_article` is what the ledger stores of an article, `extract_figures` its figures alone, `study` what
each step made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestration.extraction.attributes import read_attributes
from orchestration.extraction.judge import Claim, Refusal
from orchestration.extraction.passage import Passage, anchors, read_passages
from orchestration.extraction.places import find_places, may_name
from orchestration.extraction.reader.inference import reader
from orchestration.extraction.reader.opinions import Opinion
from orchestration.extraction.rejects import list_rejects
from orchestration.extraction.resolve import Resolved, resolve
from orchestration.extraction.text import quoted_sentence
from orchestration.records import Article, Figure, Reading

LANGUAGE = "en"
Read = Callable[[Article, Sequence[Passage]], list[Opinion]]
NOTHING = Resolved((), ())


@dataclass(frozen=True, slots=True)
class Study:
    """What each step made of an article; what was not done is empty.

    `is_language_read` where there are tables for its language, `is_of_home` where title or text name the
    workers' country: only such an article is judged. `figures` are in reading order.
    """

    is_language_read: bool
    is_of_home: bool = False
    passages: Sequence[Passage] = ()
    opinions: Sequence[Opinion] = ()
    resolved: Resolved = NOTHING
    figures: tuple[Figure, ...] = ()


def study(article: Article, read: Read | None = None) -> Study:
    """The method, with everything found on the way.

    Never raises for a text; raises ReaderError where the reader's files are not whole. `read` stands in
    for the shipped reader.
    """
    if article.language != LANGUAGE and article.language.split("-")[0].lower() != LANGUAGE:
        return Study(False)
    home = anchors()["home"]
    if not may_name(article.text, home) and not may_name(article.title, home):
        return ABROAD  # nearly all of the world's news
    passages = read_passages(article.text)  # split and find
    if not _names(home, article, passages):
        return ABROAD
    if not any(passage.open_counts for passage in passages):
        return Study(True, True, passages, resolved=_proved(passages))
    opinions = (read or reader().read)(article, passages)  # judge: one opinion a count
    resolved = resolve(article, passages, opinions)
    return Study(True, True, passages, opinions, resolved, _figures(article.text, resolved))


ABROAD = Study(True)
"""Nothing is found in news that never names the workers' country."""


def read_article(article: Article, read: Read | None = None) -> Reading:
    """Everything the extractor says of an article: outcome, figures, and numbers that are none.

    A language without tables is `language_not_read`, never "no figures". `read` and errors as of `study`.
    """
    done = study(article, read)
    if not done.is_language_read:
        return Reading("language_not_read")
    outcome = "figures" if done.figures else "no_figures"
    return Reading(outcome, done.figures, list_rejects(article.text, done.resolved.refused))


def extract_figures(article: Article) -> list[Figure]:
    """The article's figures in reading order."""
    return list(read_article(article).figures)


def _names(country_code: str, article: Article, passages: Sequence[Passage]) -> bool:
    """Whether title or text name a country, its people or a place there."""
    if any(passage.names(country_code) for passage in passages):
        return True
    title = find_places(article.title, 0, len(article.title))
    return any(country_code in place.countries for place in title)


def _proved(passages: Sequence[Passage]) -> Resolved:
    """What there is to say where every number is proved to count no people."""
    numbers = ((passage, number) for passage in passages for number in passage.numbers)
    return Resolved((), tuple(Refusal(p, n, n.reason) for p, n in numbers if n.reason is not None))


def _figures(text: str, resolved: Resolved) -> tuple[Figure, ...]:
    claims = sorted(resolved.claims, key=lambda claim: claim.count.span.start)
    index = {id(claim): number for number, claim in enumerate(claims)}
    return tuple(_figure(text, claim, index.get(id(claim.parent))) for claim in claims)


def _figure(text: str, claim: Claim, part_of: int | None) -> Figure:
    count, host, period = claim.count, claim.host, claim.period
    quote = quoted_sentence(text, claim.passage.sentence, count.span)
    attribution, agency = read_attributes(text, claim.passage.span.start, claim.passage.span.end)
    return Figure(
        measure=claim.measure,
        status=claim.status,
        low=count.low,
        high=count.high,
        hedge=count.hedge,
        countries=host.countries,
        region=host.region,
        sectors=claim.sectors,
        period_start=period.start if period else None,
        period_end=period.end if period else None,
        part_of=part_of,
        quote=text[quote.start : quote.end],
        start=quote.start,
        end=quote.end,
        count_text=text[count.span.start : count.span.end],
        count_start=count.span.start,
        count_end=count.span.end,
        attribution=attribution,
        agency=agency,
        gender=count.head.gender,
        location=claim.city,
        confidence=round(claim.confidence, 4),
    )
