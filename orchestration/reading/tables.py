"""The four tables that a file gives, and their rows: columns belong here, what fills them does not.

Columns are named as those of the ledger's raw tables, and rows bear the names that a run would give them, so
that `laborledger load` need work out nothing. No row holds a time of reading, so that the same file and the
same versions give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from orchestration.ledger import version_id
from orchestration.reading.warcs import Trouble
from orchestration.records import Article, Figure, Reading, Reject
from orchestration.scraping.page import Visit

Row = dict[str, Any]

_PLACE = [("warc", pa.string()), ("record_offset", pa.int64())]
_VERSIONS = [("extractor_version", pa.string()), ("parser_version", pa.string())]
_ARTICLE = [
    ("article_id", pa.string()),
    ("version_id", pa.string()),
    ("url", pa.string()),
    ("source_id", pa.string()),
    ("published", pa.date32()),
]
SCHEMAS: Mapping[str, pa.Schema] = {
    "figures": pa.schema(
        [
            *_ARTICLE, ("figure_index", pa.int32()), ("measure", pa.string()), ("status", pa.string()),
            ("low", pa.int64()), ("high", pa.int64()), ("hedge", pa.string()),
            ("countries", pa.list_(pa.string())), ("region", pa.string()), ("sectors", pa.list_(pa.string())),
            ("period_start", pa.date32()), ("period_end", pa.date32()), ("part_of", pa.int32()),
            ("quote", pa.string()), ("quote_start", pa.int32()), ("quote_end", pa.int32()),
            ("count_text", pa.string()), ("count_start", pa.int32()), ("count_end", pa.int32()),
            ("attribution", pa.string()), ("agency", pa.string()), ("gender", pa.string()),
            ("location", pa.string()), ("confidence", pa.float64()), *_PLACE, *_VERSIONS,
        ]
    ),
    "rejects": pa.schema(
        [
            *_ARTICLE, ("reject_index", pa.int32()), ("sentence", pa.string()), ("number", pa.string()),
            ("number_start", pa.int32()), ("number_end", pa.int32()), ("reason", pa.string()),
            ("probability", pa.float64()), *_PLACE, *_VERSIONS,
        ]
    ),
    "articles": pa.schema(
        [
            *_ARTICLE, ("canonical_url", pa.string()), ("title", pa.string()), ("language", pa.string()),
            ("date_evidence", pa.string()), ("date_candidates", pa.list_(pa.string())),
            ("origin_source_id", pa.string()), ("authors", pa.list_(pa.string())), ("kind", pa.string()),
            ("page_url", pa.string()), ("payload_sha256", pa.string()), ("fetched_at", pa.timestamp("us")),
            ("parse_outcome", pa.string()), ("detail", pa.string()), ("outcome", pa.string()),
            ("reading_detail", pa.string()), ("figures", pa.int32()), ("text_sha256", pa.string()),
            ("text", pa.string()), *_PLACE, *_VERSIONS,
        ]
    ),
    "counts": pa.schema(
        [
            ("warc", pa.string()), ("bytes", pa.int64()), ("records", pa.int64()), ("pages", pa.int64()),
            ("passed", pa.int64()), ("parsed", pa.int64()), ("undated", pa.int64()),
            ("not_parsed", pa.int64()),
            ("figures", pa.int64()), ("rejects", pa.int64()),
            ("broken", pa.list_(pa.struct([("offset", pa.int64()), ("why", pa.string())]))), *_VERSIONS,
        ]
    ),
}  # fmt: skip
"""By table. `articles` has a row for each page that was parsed or could not be: an undated one is named
there. `page_url` is the address that the crawler asked for, `fetched_at` when, in UTC.
"""


@dataclass(frozen=True, slots=True)
class Tables:
    """What one file gave, by the names of SCHEMAS."""

    figures: pa.Table
    rejects: pa.Table
    articles: pa.Table
    counts: pa.Table

    def by_name(self) -> dict[str, pa.Table]:
        """The tables by name."""
        return {name: getattr(self, name) for name in SCHEMAS}


@dataclass(slots=True)
class Rows:
    """Rows as they come. `versions` are those of extractor and parser, `texts` says whether texts are
    kept.
    """

    warc: str
    versions: Mapping[str, str]
    texts: bool
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in SCHEMAS})

    def add_page(self, offset: int, visit: Visit, reading: Reading | None, detail: str | None = None) -> None:
        """A page that was parsed, or could not be, and what its text gave; `detail` says why it gave none."""
        fetch, parsed = visit.fetch, visit.parsed
        if parsed is None:
            return
        place = self._row(offset, parsed.article)
        row: Row = {
            "url": parsed.url, "source_id": parsed.source_id, "parse_outcome": parsed.outcome,
            "detail": parsed.detail, "kind": fetch.kind, "page_url": fetch.url,
            "payload_sha256": fetch.payload_sha256, "fetched_at": fetch.fetched_at.replace(tzinfo=None),
        }  # fmt: skip
        if (article := parsed.article) and reading:
            row |= self._told(article)
            row |= {"outcome": reading.outcome, "reading_detail": detail, "figures": len(reading.figures)}
            self._add_figures(place, reading.figures)
            self._add_rejects(place, reading.rejects)
        self.rows["articles"].append(row | place)

    def _told(self, article: Article) -> Row:
        return {
            "canonical_url": article.canonical_url, "title": article.title, "language": article.language,
            "date_evidence": article.date_evidence, "date_candidates": list(article.date_candidates),
            "origin_source_id": article.origin_source_id, "authors": list(article.authors),
            "text_sha256": hashlib.sha256(article.text.encode()).hexdigest(),
            "text": article.text if self.texts else None,
        }  # fmt: skip

    def _add_figures(self, place: Row, figures: Sequence[Figure]) -> None:
        """The figures of an article, each with its place in the article's list."""
        for index, figure in enumerate(figures):
            row = {name: getattr(figure, name) for name in Figure.__slots__ if name not in ("start", "end")}
            row |= {"measure": str(figure.measure), "status": str(figure.status), "hedge": str(figure.hedge)}
            row |= {"countries": list(figure.countries), "sectors": list(figure.sectors)}
            row |= {"figure_index": index, "quote_start": figure.start, "quote_end": figure.end}
            self.rows["figures"].append(place | row)

    def _add_rejects(self, place: Row, rejects: Sequence[Reject]) -> None:
        """The numbers of an article that are no figures."""
        for index, reject in enumerate(rejects):
            row = {name: getattr(reject, name) for name in ("sentence", "number", "reason", "probability")}
            row |= {"reject_index": index, "number_start": reject.start, "number_end": reject.end}
            self.rows["rejects"].append(place | row)

    def tables(self, troubles: Sequence[Trouble], **counted: int) -> Tables:
        """All rows as tables, with the one row of counts."""
        outcomes = [row["parse_outcome"] for row in self.rows["articles"]]
        parsed, undated = outcomes.count("parsed"), outcomes.count("undated")
        self.rows["counts"] = [
            {
                "warc": self.warc, **counted, "parsed": parsed, "undated": undated,
                "not_parsed": len(outcomes) - parsed - undated, "figures": len(self.rows["figures"]),
                "rejects": len(self.rows["rejects"]),
                "broken": [{"offset": trouble.offset, "why": trouble.why} for trouble in troubles],
                **self.versions,
            }
        ]  # fmt: skip
        made = {name: pa.Table.from_pylist(rows, schema=SCHEMAS[name]) for name, rows in self.rows.items()}
        return Tables(**made)

    def _row(self, offset: int, article: Article | None = None) -> Row:
        place: Row = {"warc": self.warc, "record_offset": offset, **self.versions}
        if article is None:
            return place
        named = {"article_id": article.id, "version_id": version_id(article), "url": article.url}
        return place | named | {"source_id": article.source_id, "published": article.published}
