"""A payload to its parse outcome: a page as it comes, or again from the archive by the present parser.

Whatever a page does, it is an outcome and never the end of a run. What a page holds is the parser's business.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from orchestration.records import Article
from orchestration.scraping.archive import Archive, ArchiveError
from orchestration.scraping.asking import utc_now
from orchestration.scraping.discover import UnreadableAnnouncement
from orchestration.scraping.entry import ENTRY_TYPE, entry_in
from orchestration.scraping.identity import INBOX_PREFIX
from orchestration.scraping.page import Page, ParsedPage, ParseError
from orchestration.scraping.sources import Source
from orchestration.scraping.wordpress import JSON_TYPE, post_in

logger = logging.getLogger(__name__)

Parse = Callable[[Page, Source], Article]


class KeptPage(Protocol):
    """A payload of the archive, as the ledger names it."""

    @property
    def source_id(self) -> str:
        """The outlet it came from."""

    @property
    def url(self) -> str:
        """As asked for, or `inbox:NAME`."""

    @property
    def payload_sha256(self) -> str:
        """Of the payload."""

    @property
    def warc_file(self) -> str:
        """The file's name in the archive."""

    @property
    def warc_offset(self) -> int:
        """The record's first byte there."""


def read_again(
    page: KeptPage, archive: Archive, parse: Parse, parser_version: str, source: Source
) -> ParsedPage:
    """A payload of the archive, or a saved file there, read by the present parser.

    Never raises: a record that the archive has lost is a parse that failed, and its detail says so.
    """

    def read() -> Article:
        try:
            kept = archive.read(page.warc_file, page.warc_offset)
        except ArchiveError as error:
            raise ParseError("failed", f"the archive has lost this page: {error}") from error
        if page.url.startswith(INBOX_PREFIX):
            kept = replace(kept, url=None, path=page.url.removeprefix(INBOX_PREFIX))
        return parse(_post_of(kept, page), source)

    return parse_page(read, page.url, page.payload_sha256, parser_version, page.source_id)


def parse_page(
    parse: Callable[[], Article], url: str, payload_sha256: str, parser_version: str, source_id: str
) -> ParsedPage:
    """Run one parse; whatever goes wrong is its outcome, never the end of a run."""
    article: Article | None = None
    outcome, detail = "parsed", None
    try:
        article = _storable(parse())
    except ParseError as error:
        outcome, detail = error.outcome, error.detail
    except Exception as error:
        outcome, detail = "failed", f"the page cannot be parsed: {type(error).__name__}: {error}"
        logger.debug("parse of %s", url, exc_info=True)
    told = detail and detail[:500].encode("utf-8", "replace").decode()
    return ParsedPage(url, payload_sha256, parser_version, source_id, utc_now(), outcome, told, article)


def _storable(article: Article) -> Article:
    """The article, unless the ledger could not take it: one page must not spoil a whole batch."""
    if article.published is None or article.date_evidence is None:
        raise ParseError("undated", "the parser found no date of publication")
    for text in (
        article.title,
        article.text,
        article.url or "",
        article.canonical_url or "",
        *article.authors,
    ):
        text.encode("utf-8")
    return article


def _post_of(kept: Page, page: KeptPage) -> Page:
    """The page, or the post or entry that is meant where the archived answer holds many."""
    if page.url.startswith(INBOX_PREFIX) or hashlib.sha256(kept.payload).hexdigest() == page.payload_sha256:
        return kept
    is_json = (kept.content_type or "").lower().startswith(JSON_TYPE)
    try:
        found = (
            post_in(kept.payload, page.payload_sha256)
            if is_json
            else entry_in(kept.payload, kept.url or "", page.payload_sha256)
        )
    except UnreadableAnnouncement:
        found = None
    if found is None:
        raise ParseError("failed", f"the archived answer of {kept.url} holds this page no more")
    kind = JSON_TYPE if is_json else ENTRY_TYPE
    return replace(kept, url=found.url, payload=found.payload, headers={}, content_type=kind)
