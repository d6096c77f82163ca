"""The whole method, top to bottom: split, find, judge, resolve.

`read_article` is what the ledger stores of an article, `extract_figures` its figures alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestration.extraction.attributes import read_attributes
from orchestration.extraction.judge import Claim
from orchestration.extraction.passage import Passage, anchors, read_passages
from orchestration.extraction.places import find_places
from orchestration.extraction.reader.inference import reader
from orchestration.extraction.reader.opinions import Opinion
from orchestration.extraction.rejects import list_rejects
from orchestration.extraction.resolve import Resolved, resolve
from orchestration.extraction.text import quoted_sentence
from orchestration.records import Article, Figure, Reading

LANGUAGE = "en"
Read = Callable[[Article, Sequence[Passage]], list[Opinion]]


def read_article(article: Article, read: Read | None = None) -> Reading:
    """Everything the extractor says of an article: outcome, figures, and numbers that are none.

    A language without tables is `language_not_read`, never "no figures". Never raises for a text;
    raises ReaderError where the reader's files are not whole. `read` stands in for the shipped reader.
    """
    if article.language.split("-")[0].lower() != LANGUAGE:
        return Reading("language_not_read")
    passages = read_passages(article.text)  # split and find
    if not _speaks_of_home(article, passages):
        return Reading("no_figures")
    opinions = (read or reader().read)(article, passages)  # judge: one opinion a count
    resolved = resolve(article, passages, opinions)
    figures = _figures(article.text, resolved)
    return Reading(
        "figures" if figures else "no_figures", figures, list_rejects(article.text, resolved.refused)
    )


def extract_figures(article: Article) -> list[Figure]:
    """The article's figures in reading order."""
    return list(read_article(article).figures)


def _speaks_of_home(article: Article, passages: list[Passage]) -> bool:
    """Whether title or text name the workers' country."""
    home = anchors()["home"]
    places = [
        *find_places(article.title, 0, len(article.title)),
        *(p for one in passages for p in one.places),
    ]
    return any(home in place.countries for place in places)


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
