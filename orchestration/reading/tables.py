"""The four tables that a file gives, and their rows: columns belong here, what fills them does not.

Columns are named as those of the ledger's raw tables. No row holds a time of reading, so that the same file
and the same versions give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from orchestration.reading.warcs import Trouble
from orchestration.records import Article, Figure, Reject
from orchestration.scraping.page import ParsedPage

Row = dict[str, Any]

_PLACE = [("warc", pa.string()), ("record_offset", pa.int64())]
_VERSIONS = [("extractor_version", pa.string()), ("parser_version", pa.string())]
_ARTICLE = [
    ("article_id", pa.string()),
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
            *_ARTICLE, ("sentence", pa.string()), ("number", pa.string()), ("number_start", pa.int32()),
            ("number_end", pa.int32()), ("reason", pa.string()), ("probability", pa.float64()),
            *_PLACE, *_VERSIONS,
        ]
    ),
    "articles": pa.schema(
        [
            *_ARTICLE, ("canonical_url", pa.string()), ("title", pa.string()), ("language", pa.string()),
            ("date_evidence", pa.string()), ("origin_source_id", pa.string()),
            ("authors", pa.list_(pa.string())),
            ("parse_outcome", pa.string()), ("detail", pa.string()), ("outcome", pa.string()),
            ("figures", pa.int32()), ("text_sha256", pa.string()), ("text", pa.string()), *_PLACE, *_VERSIONS,
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
there.
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

    def add_page(self, offset: int, parsed: ParsedPage, outcome: str | None, figures: int) -> None:
        """A page that was parsed, or could not be; `outcome` is that of reading its text."""
        article = parsed.article
        row = self._row(offset, article) if article else self._row(offset) | {"url": parsed.url}
        row |= {"source_id": parsed.source_id, "parse_outcome": parsed.outcome, "detail": parsed.detail}
        if article:
            row |= {
                "canonical_url": article.canonical_url, "title": article.title, "language": article.language,
                "date_evidence": article.date_evidence, "origin_source_id": article.origin_source_id,
                "authors": list(article.authors), "outcome": outcome, "figures": figures,
                "text_sha256": hashlib.sha256(article.text.encode()).hexdigest(),
                "text": article.text if self.texts else None,
            }  # fmt: skip
        self.rows["articles"].append(row)

    def add_figures(self, offset: int, article: Article, figures: Sequence[Figure]) -> None:
        """The figures of an article, each with its place in the article's list."""
        for index, figure in enumerate(figures):
            row = {name: getattr(figure, name) for name in Figure.__slots__ if name not in ("start", "end")}
            row |= {"measure": str(figure.measure), "status": str(figure.status), "hedge": str(figure.hedge)}
            row |= {"countries": list(figure.countries), "sectors": list(figure.sectors)}
            row |= {"figure_index": index, "quote_start": figure.start, "quote_end": figure.end}
            self.rows["figures"].append(self._row(offset, article) | row)

    def add_rejects(self, offset: int, article: Article, rejects: Sequence[Reject]) -> None:
        """The numbers of an article that are no figures."""
        for reject in rejects:
            row = {name: getattr(reject, name) for name in ("sentence", "number", "reason", "probability")}
            row |= {"number_start": reject.start, "number_end": reject.end}
            self.rows["rejects"].append(self._row(offset, article) | row)

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
        named = {"article_id": article.id, "url": article.url, "source_id": article.source_id}
        return place | named | {"published": article.published}
