"""WARC files as visits: an archive tells again what its ledger had, an inbox what others saved.

Which outlet a page is of, and what kind of answer a record is, belongs here; reading a page does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from orchestration.scraping.asking import PAGE_TYPES
from orchestration.scraping.discover import UnreadableAnnouncement
from orchestration.scraping.entry import ENTRY_TYPE, read_entries
from orchestration.scraping.identity import INBOX_PREFIX
from orchestration.scraping.page import Fetch, KnownPost, Page, Visit
from orchestration.scraping.reading import Parse, parse_page
from orchestration.scraping.robots import NOT_APPLICABLE
from orchestration.scraping.saved import INBOX
from orchestration.scraping.sources import Source
from orchestration.scraping.wordpress import JSON_TYPE, read_posts


@dataclass(frozen=True, slots=True)
class Restorer:
    """Makes visits of records. `sources` are the outlets that a page may be of; `run_id` names the rows."""

    sources: Sequence[Source]
    run_id: str
    parse: Parse
    parser_version: str

    def visits(self, page: Page, file: str, offset: int) -> Iterator[Visit]:
        """The articles of one record; what is a feed, a list or a file of rules gives none."""
        source = self.source_of(page)
        whole = self._fetch(page, source, file, offset)
        if (page.content_type or "").lower().startswith(JSON_TYPE):
            yield from self._posts(page, source, whole)
        elif source.stores == "abstract":
            yield from self._entries(page, source, whole)
        elif self._is_page(page, source):
            yield self._visit(page, source, whole)

    def source_of(self, page: Page) -> Source:
        """The outlet of which a page's address speaks; saved pages where it speaks of none."""
        url = page.url or ""
        of_page = (s for s in self.sources if s is not INBOX and s.wants(url, " ".join(s.keywords)))
        of_host = (s for s in self.sources if (s.rest and url.startswith(s.rest)) or url in s.feeds)
        any_address = Source.model_fields["article_url"].default
        named = [s for s in (*of_host, *of_page) if s.article_url != any_address]
        return named[0] if named else INBOX

    def _is_page(self, page: Page, source: Source) -> bool:
        url = page.url or ""
        if url.startswith(INBOX_PREFIX):
            return True
        is_announced = url in (*source.feeds, *source.sitemaps, *source.listings)
        is_page = PAGE_TYPES.match(page.content_type or "text/html") is not None
        return is_page and not is_announced and not url.endswith("/robots.txt")

    def _fetch(self, page: Page, source: Source, file: str, offset: int) -> Fetch:
        url = page.url or ""
        sha = hashlib.sha256(page.payload).hexdigest()
        name = hashlib.sha256(f"{file}\n{offset}\n{url}".encode()).hexdigest()[:16]
        kind = "inbox" if url.startswith(INBOX_PREFIX) else "article"
        return Fetch(
            name, self.run_id, source.id, kind, url, page.fetched_at, 200, page.headers.get("etag"),
            page.headers.get("last-modified"), NOT_APPLICABLE, sha, file, offset, "new",
        )  # fmt: skip

    def _visit(self, page: Page, source: Source, fetch: Fetch, post: KnownPost | None = None) -> Visit:
        assert fetch.payload_sha256 is not None
        if fetch.url.startswith(INBOX_PREFIX):
            page = replace(page, url=None, path=fetch.url.removeprefix(INBOX_PREFIX))
        read = partial(self.parse, page, source)
        parsed = parse_page(read, fetch.url, fetch.payload_sha256, self.parser_version, source.id)
        return Visit(fetch, parsed, post)

    def _posts(self, page: Page, source: Source, whole: Fetch) -> Iterator[Visit]:
        try:
            posts = read_posts(page.payload)
        except UnreadableAnnouncement:
            return
        for post in posts:
            known = KnownPost(source.id, post.id, post.url, post.published, post.modified, post.is_protected)
            if not post.is_protected and source.wants(post.url, post.payload.decode()):
                piece = replace(page, url=post.url, payload=post.payload, headers={})
                yield self._visit(piece, source, self._piece(whole, "post", post.url, post.sha256), known)

    def _entries(self, page: Page, source: Source, whole: Fetch) -> Iterator[Visit]:
        try:
            entries = read_entries(page.payload, page.url or "")
        except UnreadableAnnouncement:
            return
        for entry in entries:
            if source.wants(entry.url, entry.title):
                piece = replace(
                    page, url=entry.url, payload=entry.payload, headers={}, content_type=ENTRY_TYPE
                )
                yield self._visit(piece, source, self._piece(whole, "entry", entry.url, entry.sha256))

    @staticmethod
    def _piece(whole: Fetch, kind: str, url: str, sha256: str) -> Fetch:
        name = hashlib.sha256(f"{whole.fetch_id}\n{url}".encode()).hexdigest()[:16]
        return replace(
            whole, fetch_id=name, kind=kind, url=url, payload_sha256=sha256, etag=None, last_modified=None
        )
