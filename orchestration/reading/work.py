"""The one function of archive reading: a WARC file's path in, its tables out.

A page is parsed and its article read as a run does it, by the same code: a figure is the same, wherever it is
read. Dates are the page's; a page without one gives no article and is counted. Nothing is written here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestration.extraction.extract import read_article
from orchestration.extraction.version import extractor_version
from orchestration.reading.prefilter import passes
from orchestration.reading.records import TornArchive, pages_of
from orchestration.records import Article
from orchestration.scraping.page import Page
from orchestration.scraping.parse import parse as parse_page_of
from orchestration.scraping.restore import Restorer
from orchestration.scraping.saved import INBOX
from orchestration.scraping.sources import SOURCES_FILE, load_sources
from orchestration.scraping.version import parser_version

TEXT, NUMBER, DAY = pa.string(), pa.int64(), pa.date32()
PLACE = [("article_id", TEXT), ("url", TEXT), ("warc_file", TEXT), ("warc_offset", NUMBER)]
SCHEMAS = {
    "articles": pa.schema(
        [
            *PLACE, ("source_id", TEXT), ("origin_source_id", TEXT), ("title", TEXT), ("published", DAY),
            ("date_evidence", TEXT), ("language", TEXT), ("outcome", TEXT), ("text_sha256", TEXT),
            ("text", TEXT), ("parser_version", TEXT),
        ]
    ),
    "figures": pa.schema(
        [
            *PLACE, ("figure_index", NUMBER), ("measure", TEXT), ("status", TEXT), ("low", NUMBER),
            ("high", NUMBER), ("hedge", TEXT), ("countries", pa.list_(TEXT)), ("region", TEXT),
            ("sectors", pa.list_(TEXT)), ("period_start", DAY), ("period_end", DAY), ("part_of", NUMBER),
            ("quote", TEXT), ("start", NUMBER), ("end", NUMBER), ("count_text", TEXT),
            ("count_start", NUMBER), ("count_end", NUMBER), ("attribution", TEXT), ("agency", TEXT),
            ("gender", TEXT), ("location", TEXT), ("confidence", pa.float64()), ("extractor_version", TEXT),
        ]
    ),
    "rejects": pa.schema(
        [
            *PLACE, ("sentence", TEXT), ("number", TEXT), ("start", NUMBER), ("end", NUMBER),
            ("reason", TEXT), ("probability", pa.float64()), ("extractor_version", TEXT),
        ]
    ),
    "counts": pa.schema([("what", TEXT), ("count", NUMBER), ("detail", TEXT)]),
}  # fmt: skip
"""The tables of one WARC file; `counts` says of how many records what became."""

Tables = dict[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read: with the articles' texts or without; sources beside the project's own."""

    has_texts: bool = False
    sources: str = str(SOURCES_FILE)


@cache
def read_by(options: Options) -> str:
    """One hash of all that the tables depend on beside the file itself; worked out once a process."""
    sources = Path(options.sources).read_text("utf-8")
    told = f"{options}\n{parser_version()}\n{extractor_version()}\n{sources}"
    return hashlib.sha256(told.encode()).hexdigest()


@dataclass(slots=True)
class _Rows:
    """What a file gives, as it comes."""

    articles: list[dict[str, Any]] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)

    def tables(self) -> Tables:
        """As the schemas say; counts sorted by name."""
        counts = [
            {"what": what, "count": count, "detail": self.details.get(what)}
            for what, count in sorted(self.counts.items())
        ]
        rows = {"articles": self.articles, "figures": self.figures, "rejects": self.rejects, "counts": counts}
        return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in SCHEMAS.items()}


def read_warc(path: str, options: Options) -> Tables:
    """The tables of one WARC file, a local one or an address that fsspec opens.

    A file that ends within a record gives what stands before it, and a count `torn` with the place. Raises
    OSError where the file cannot be opened at all, ReaderError where the reader's files are not whole.
    """
    rows, name = _Rows(), path.rsplit("/", 1)[-1]
    try:
        for offset, page in pages_of(path, passes, rows.counts):
            _read_page(rows, name, offset, page, options)
    except TornArchive as error:
        rows.counts["torn"] += 1
        rows.details["torn"] = str(error)
    return rows.tables()


@cache
def _restorer(sources: str) -> Restorer:
    outlets = (INBOX, *(source for source in load_sources(Path(sources)) if not source.sample))
    return Restorer(outlets, "read", partial(parse_page_of, sources=outlets), parser_version())


def _read_page(rows: _Rows, name: str, offset: int, page: Page, options: Options) -> None:
    """One page: none, one or more articles. Whatever it holds, the next one is read."""
    try:
        visits = list(_restorer(options.sources).visits(page, name, offset))
    except Exception as error:
        rows.counts["failed"] += 1
        rows.details["failed"] = f"{page.url}: {type(error).__name__}: {error}"[:300]
        return
    for visit in visits:
        if visit.parsed:
            rows.counts[visit.parsed.outcome] += 1
            if article := visit.parsed.article:
                where = {"url": visit.fetch.url, "warc_file": name, "warc_offset": offset}
                _read_article(rows, {"article_id": article.id} | where, article, options)


def _read_article(rows: _Rows, place: dict[str, Any], article: Article, options: Options) -> None:
    try:
        reading = read_article(article)
    except Exception as error:
        rows.counts["unread"] += 1
        rows.details["unread"] = f"{place['url']}: {type(error).__name__}: {error}"[:300]
        return
    rows.counts["figures"] += len(reading.figures)
    rows.articles.append(place | _article_row(article, reading.outcome, options))
    version = {"extractor_version": extractor_version()}
    for index, figure in enumerate(reading.figures):
        rows.figures.append(place | asdict(figure) | {"figure_index": index} | version)
    rows.rejects.extend(place | asdict(reject) | version for reject in reading.rejects)


def _article_row(article: Article, outcome: str, options: Options) -> dict[str, Any]:
    return {
        "source_id": article.source_id,
        "origin_source_id": article.origin_source_id,
        "title": article.title,
        "published": article.published,
        "date_evidence": article.date_evidence,
        "language": article.language,
        "outcome": outcome,
        "text_sha256": hashlib.sha256(article.text.encode()).hexdigest(),
        "text": article.text if options.has_texts else None,
        "parser_version": parser_version(),
    }
