"""What a look at an outlet gives: the page as it came, the request's row, the parse's row.

These records are what scraping hands to the ledger; their fields are the columns of `raw.fetches`
and `raw.parses` in `warehouse/schema.sql`. No HTTP and no HTML belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestration.records import Article

PUBLISHED = "published: "
"""Stands between the kind of an announcement and the day that it gives a page."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it came. `url` is None for a saved file, whose name is then `path`; `announced` is the day
    that a feed or a news sitemap gives it, as written there after the kind: `feed published: ...`.
    """

    url: str | None
    payload: bytes
    content_type: str | None
    fetched_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None
    announced: str | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request, or one look at an inbox file: a row of `raw.fetches`. Times are UTC."""

    fetch_id: str
    run_id: str
    source_id: str
    kind: str
    url: str
    fetched_at: datetime
    status: int | None
    etag: str | None
    last_modified: str | None
    robots_verdict: str
    payload_sha256: str | None
    warc_file: str | None
    warc_offset: int | None
    outcome: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One page payload read by one parser version: a row of `raw.parses`, and its article if it gave one."""

    url: str
    payload_sha256: str
    parser_version: str
    source_id: str
    parsed_at: datetime
    outcome: str
    detail: str | None
    article: Article | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger has of one address: the validators of its last payload, and where that lies.

    `first_seen_at` and `asked_at`, in UTC: when it first gave a payload, and was last asked for.
    """

    etag: str | None
    last_modified: str | None
    payload_sha256: str
    warc_file: str | None
    warc_offset: int | None
    first_seen_at: datetime | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownPost:
    """One post of a WordPress outlet as it was last listed: a row of `raw.posts`. Times are UTC."""

    source_id: str
    id: int
    url: str
    published: datetime
    modified: datetime
    is_protected: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, or one post of its answer, and what its page gave; `parsed` is None where nothing was
    parsed, `post` where it is no post.
    """

    fetch: Fetch
    parsed: ParsedPage | None = None
    post: KnownPost | None = None


class ParseError(Exception):
    """A page that gives no article. `outcome` is one of empty, undated, no_article, failed."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
