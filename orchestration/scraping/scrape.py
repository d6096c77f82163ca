"""The walk of one source: robots, announcements, pages; one `Visit` for each request.

Which address is asked for, in which order, and what its answer means for the ledger belongs here. An
exception in one page never ends the walk: it is that page's outcome.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from orchestration.records import Article
from orchestration.scraping.archive import Archive, ArchiveError
from orchestration.scraping.discover import (
    Announced,
    UnreadableAnnouncement,
    read_feed,
    read_listing,
    read_sitemap,
)
from orchestration.scraping.fetch import Answer, Fetcher
from orchestration.scraping.page import Fetch, Known, Page, ParsedPage, ParseError, Visit
from orchestration.scraping.robots import ALLOWED, NOT_APPLICABLE, Robots
from orchestration.scraping.sources import Source

logger = logging.getLogger(__name__)

Parse = Callable[[Page, Source], Article]
PAGE_TYPES = re.compile(r"^\s*(text/(html|plain)|application/xhtml\+xml)", re.IGNORECASE)
SITEMAP_DEPTH, MOST_SITEMAPS = 3, 200
SHOW_EVERY = 10


def utc_now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def fetch_id(run_id: str, url: str, at: datetime) -> str:
    """16 hex digits that name one request."""
    return hashlib.sha256(f"{run_id}\n{url}\n{at.isoformat()}".encode()).hexdigest()[:16]


def parse_page(
    parse: Callable[[], Article], url: str, payload_sha256: str, parser_version: str, source_id: str
) -> ParsedPage:
    """Run one parse; whatever goes wrong is its outcome, never the end of a run."""
    article: Article | None = None
    outcome, detail = "parsed", None
    try:
        article = parse()
    except ParseError as error:
        outcome, detail = error.outcome, error.detail
    except Exception as error:
        outcome, detail = "failed", f"the page cannot be parsed: {type(error).__name__}: {error}"[:500]
        logger.debug("parse of %s", url, exc_info=True)
    return ParsedPage(url, payload_sha256, parser_version, source_id, utc_now(), outcome, detail, article)


@dataclass(slots=True)
class Walk:
    """One look at one source. `known` is what the ledger has of its addresses, by address."""

    source: Source
    fetcher: Fetcher
    archive: Archive
    known: Mapping[str, Known]
    run_id: str
    parse: Parse
    parser_version: str
    _robots: dict[str, Robots] = field(default_factory=dict)
    _asked: int = 0
    _announced: dict[str, Announced] = field(default_factory=dict)

    def visits(self) -> Iterator[Visit]:
        """Every request of the walk, as it is made."""
        yield from self._announcements()
        yield from self._pages()

    # Announcements

    def _announcements(self) -> Iterator[Visit]:
        for url in self.source.feeds:
            yield from self._read_announcement("feed", url, lambda body, at: self._add(read_feed(body, at)))
        yield from self._sitemaps()
        if not self._announced:
            yield from self._listings()

    def _sitemaps(self) -> Iterator[Visit]:
        waiting = [(url, 1) for url in self.source.sitemaps]
        seen = {url for url, _ in waiting}
        while waiting and len(seen) <= MOST_SITEMAPS:
            url, depth = waiting.pop(0)
            further: list[str] = []

            def read(body: bytes, at: str, further: list[str] = further) -> int:
                sitemap = read_sitemap(body, at)
                further.extend(sitemap.sitemaps)
                return self._add(sitemap.articles)

            yield from self._read_announcement("sitemap", url, read)
            fresh = (
                [u for u in further if u not in seen and self._is_ours(u)] if depth < SITEMAP_DEPTH else []
            )
            seen.update(fresh)
            waiting += [(u, depth + 1) for u in fresh]

    def _listings(self) -> Iterator[Visit]:
        for pattern in self.source.listings:
            for number in range(1, self.source.listing_pages + 1):
                before = len(self._announced)
                url = pattern.replace("{page}", str(number))
                yield from self._read_announcement(
                    "listing", url, lambda body, at: self._add(read_listing(body, at))
                )
                if "{page}" not in pattern or len(self._announced) == before:
                    break

    def _read_announcement(self, kind: str, url: str, read: Callable[[bytes, str], int]) -> Iterator[Visit]:
        for visit, body in self._ask(kind, url):
            if body is None:
                yield visit
                continue
            try:
                read(body, url)
                yield visit
            except UnreadableAnnouncement as error:
                detail = f"this {kind} cannot be read: {error}"
                yield Visit(replace(visit.fetch, outcome="unreadable", detail=detail))

    def _add(self, found: tuple[Announced, ...]) -> int:
        pattern = re.compile(self.source.article_url)
        words = [word.lower() for word in self.source.keywords]
        for item in found:
            told = f"{item.title} {item.url}".lower()
            if pattern.match(item.url) and (not words or any(word in told for word in words)):
                self._announced.setdefault(item.url, item)
        return len(found)

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url).hostname in self.source.hosts

    # Pages

    def _pages(self) -> Iterator[Visit]:
        pattern = re.compile(self.source.article_url)
        held = [url for url in self.known if pattern.match(url) and url not in self._announced]
        new = [url for url in self._announced if url not in self.known]
        again = [url for url in self._announced if url in self.known]
        urls = new + again + held
        for number, url in enumerate(urls, start=1):
            if self._asked >= self.source.budget or self.fetcher.is_dead(url):
                left = len(urls) - number + 1
                why = "its budget is used up" if self._asked >= self.source.budget else "it no longer answers"
                logger.warning("%s: %s; %d pages are left for the next run", self.source.id, why, left)
                return
            for visit, body in self._ask("article", url):
                yield visit if body is None else self._parsed(visit, body)
            if number % SHOW_EVERY == 0 or number == len(urls):
                logger.info("%s: %d of %d pages", self.source.id, number, len(urls))

    def _parsed(self, visit: Visit, body: bytes) -> Visit:
        """The visit with its page read, where the payload is new."""
        fetch = visit.fetch
        if fetch.outcome == "unchanged" or fetch.payload_sha256 is None:
            return visit
        page = self._page
        assert page is not None
        return Visit(
            fetch,
            parse_page(
                lambda: self.parse(page, self.source), fetch.url, fetch.payload_sha256, self.parser_version,
                self.source.id,
            ),
        )  # fmt: skip

    # Requests

    _page: Page | None = None

    def _ask(self, kind: str, url: str) -> Iterator[tuple[Visit, bytes | None]]:
        """The request for `url` (before it, its host's robots.txt, once), each with its body if it has one."""
        host = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
        if host not in self._robots:
            visit, body = self._request("robots", f"{host}/robots.txt", NOT_APPLICABLE, self.source.delay)
            self._robots[host] = Robots.of(self._answer, body)
            yield visit, None
        robots = self._robots[host]
        verdict = robots.verdict(url)
        if verdict != ALLOWED:
            detail = robots.closed or "robots.txt of the host disallows this address"
            yield Visit(self._row(kind, url, verdict, Answer(url, "disallowed", detail=detail))), None
            return
        yield self._request(kind, url, verdict, robots.delay(self.source.delay))

    _answer: Answer = Answer("", "network_error")

    def _request(self, kind: str, url: str, verdict: str, delay: float) -> tuple[Visit, bytes | None]:
        known = self.known.get(url)
        body: bytes | None = None
        self._asked += 1
        answer = self.fetcher.get(url, known, delay)
        if answer.outcome == "not_modified" and known and kind not in ("article",):
            body = self._kept(known)
            if body is None:  # the archive has lost it: ask again for the whole
                known, answer = None, self.fetcher.get(url, None, delay)
        self._answer = answer
        fetch = self._row(kind, url, verdict, answer)
        if answer.outcome == "not_modified" and known:
            return Visit(_vouched(fetch, known)), body
        if answer.outcome != "ok":
            return Visit(fetch), None
        return self._kept_or_stored(fetch, answer, known, kind)

    def _kept_or_stored(
        self, fetch: Fetch, answer: Answer, known: Known | None, kind: str
    ) -> tuple[Visit, bytes | None]:
        """The row of a body that came: archived, unless it is the one that is known."""
        sha = hashlib.sha256(answer.payload).hexdigest()
        fetch = replace(fetch, payload_sha256=sha, outcome="changed" if known else "new")
        if known and known.payload_sha256 == sha and known.warc_file is not None:
            vouched = replace(
                fetch, outcome="unchanged", warc_file=known.warc_file, warc_offset=known.warc_offset
            )
            return Visit(vouched), answer.payload
        content_type = answer.headers.get("content-type", "text/html")
        if kind == "article" and not PAGE_TYPES.match(content_type):
            detail = f"no page but {content_type[:80]}"
            return Visit(replace(fetch, payload_sha256=None, outcome="not_a_page", detail=detail)), None
        file, offset = self.archive.write(fetch.url, answer.payload, answer.headers, fetch.fetched_at)
        self._page = Page(answer.url, answer.payload, content_type, fetch.fetched_at, answer.headers)
        return Visit(replace(fetch, warc_file=file, warc_offset=offset)), answer.payload

    def _kept(self, known: Known) -> bytes | None:
        """The body that a 304 vouches for, from the archive."""
        if known.warc_file is None or known.warc_offset is None:
            return None
        try:
            return self.archive.read(known.warc_file, known.warc_offset).payload
        except ArchiveError as error:
            logger.warning("%s: %s", self.source.id, error)
            return None

    def _row(self, kind: str, url: str, verdict: str, answer: Answer) -> Fetch:
        at = utc_now()
        return Fetch(
            fetch_id(self.run_id, url, at), self.run_id, self.source.id, kind, url, at, answer.status,
            answer.headers.get("etag"), answer.headers.get("last-modified"), verdict, None, None, None,
            answer.outcome, answer.detail,
        )  # fmt: skip


def _vouched(fetch: Fetch, known: Known) -> Fetch:
    """A 304's row: the payload that it vouches for, and the validators that still hold."""
    return replace(
        fetch,
        outcome="unchanged",
        etag=fetch.etag or known.etag,
        last_modified=fetch.last_modified or known.last_modified,
        payload_sha256=known.payload_sha256,
        warc_file=known.warc_file,
        warc_offset=known.warc_offset,
    )
