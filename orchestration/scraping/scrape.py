"""The walk of one source: robots, announcements, pages; one `Visit` for each request.

Which address is asked for, in which order, and what its answer means for the ledger belongs here. An
exception in one page never ends the walk: it is that page's outcome.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from orchestration.records import Article
from orchestration.scraping.archive import Archive, ArchiveError
from orchestration.scraping.discover import (
    MOST_ADDRESSES,
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
PAGE_TYPES = re.compile(r"\s*(text/(html|plain)|application/xhtml\+xml)", re.IGNORECASE)
SITEMAP_DEPTH, MOST_SITEMAPS = 3, 200
SHOW_EVERY = 10
INBOX = "inbox:"
"""Begins the address under which a saved file stands in ledger and archive; the file's name follows."""


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


def scrape(
    source: Source, fetcher: Fetcher, archive: Archive, known: Mapping[str, Known], run_id: str, parse: Parse,
    parser_version: str,
) -> Iterator[Visit]:  # fmt: skip
    """Every request of one look at one source, as it is made; `known` is what the ledger has of it.

    Never raises for what an outlet, a network or a page does. Raises OSError where the archive cannot write.
    """
    return Walk(source, fetcher, archive, known, run_id, parse, parser_version).visits()


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
        if page.url.startswith(INBOX):
            kept = replace(kept, url=None, path=page.url.removeprefix(INBOX))
        return parse(kept, source)

    return parse_page(read, page.url, page.payload_sha256, parser_version, page.source_id)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its row, its answer, and the page that it brought, or that a 304 vouches for."""

    fetch: Fetch
    answer: Answer
    page: Page | None = None


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
    _requests: int = 0
    _announced: dict[str, Announced] = field(default_factory=dict)
    _asked_to_announce: set[str] = field(default_factory=set)

    def visits(self) -> Iterator[Visit]:
        """Every request of the walk, as it is made."""
        for url in self.source.feeds:
            yield from self._announcement("feed", url, lambda body, at: self._add(read_feed(body, at)))
        yield from self._sitemaps()
        if not self._announced:
            yield from self._listings()
        yield from self._pages()

    # Announcements

    def _sitemaps(self) -> Iterator[Visit]:
        waiting = [(url, 1) for url in self.source.sitemaps]
        seen = {url for url, _ in waiting}
        for _ in range(MOST_SITEMAPS):
            if not waiting or self._is_spent:
                return
            url, depth = waiting.pop(0)
            further: list[str] = []

            def read(body: bytes, at: str, further: list[str] = further) -> None:
                sitemap = read_sitemap(body, at)
                further.extend(sitemap.sitemaps)
                self._add(sitemap.articles)

            yield from self._announcement("sitemap", url, read)
            fresh = [u for u in further if u not in seen and self._is_ours(u)][:MOST_SITEMAPS]
            if depth < SITEMAP_DEPTH:
                seen.update(fresh)
                waiting += [(u, depth + 1) for u in fresh]

    def _listings(self) -> Iterator[Visit]:
        for pattern in self.source.listings:
            for number in range(1, self.source.listing_pages + 1):
                before = len(self._announced)
                url = pattern.replace("{page}", str(number))
                yield from self._announcement(
                    "listing", url, lambda body, at: self._add(read_listing(body, at))
                )
                if "{page}" not in pattern or len(self._announced) == before or self._is_spent:
                    break

    def _announcement(self, kind: str, url: str, read: Callable[[bytes, str], None]) -> Iterator[Visit]:
        self._asked_to_announce.add(url)
        asked = yield from self._ask(kind, url)
        fetch = asked.fetch
        if asked.page is not None:
            try:
                read(asked.page.payload, url)
            except UnreadableAnnouncement as error:
                fetch = replace(fetch, outcome="unreadable", detail=f"this {kind} cannot be read: {error}")
        yield Visit(fetch)

    def _add(self, found: tuple[Announced, ...]) -> None:
        pattern = re.compile(self.source.article_url)
        words = [word.lower() for word in self.source.keywords]
        for item in found:
            told = f"{item.title} {item.url}".lower()
            is_wanted = pattern.match(item.url) and (not words or any(word in told for word in words))
            if is_wanted and len(self._announced) < MOST_ADDRESSES and not self._is_announcement(item.url):
                self._announced.setdefault(item.url, item)

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url).hostname in self.source.hosts

    # Pages

    def _pages(self) -> Iterator[Visit]:
        urls = self._in_order()
        left = 0
        for number, url in enumerate(urls, start=1):
            if self._is_spent:
                left += len(urls) - number + 1
                break
            if self._is_unreachable(url):
                left += 1
                continue
            yield self._read((yield from self._ask("article", url)))
            if number % SHOW_EVERY == 0 or number == len(urls):
                logger.info("%s: %d of %d pages", self.source.id, number, len(urls))
        if left:
            why = "its budget is used up" if self._is_spent else "it does not answer"
            logger.warning("%s: %s; %d pages are left for the next run", self.source.id, why, left)

    def _in_order(self) -> list[str]:
        """What was never seen, then what is announced again, then what is held and announced no more.

        Within the last two, `known`'s own order: what was asked for longest ago comes first.
        """
        pattern = re.compile(self.source.article_url)
        new = [url for url in self._announced if url not in self.known]
        again = [url for url in self.known if url in self._announced]
        held = [url for url in self.known if url not in self._announced and pattern.match(url)]
        return new + again + [url for url in held if not self._is_announcement(url)]

    def _is_announcement(self, url: str) -> bool:
        """Whether an address is known for what it announces: a wide `article_url` matches that too."""
        if url in self._asked_to_announce or url in self.source.feeds or url in self.source.sitemaps:
            return True
        is_listing = any(_is_page_of(listing, url) for listing in self.source.listings)
        return is_listing or urlsplit(url).path == "/robots.txt"

    @property
    def _is_spent(self) -> bool:
        return self._requests >= self.source.budget

    def _is_unreachable(self, url: str) -> bool:
        """Whether the host gave nothing before in this run: it is not asked again for each page."""
        robots = self._robots.get(_origin(url))
        return self.fetcher.is_dead(url) or bool(robots and robots.closed)

    def _read(self, asked: Asked) -> Visit:
        """The visit with its page parsed, where the payload is one that was not seen before."""
        fetch, page = asked.fetch, asked.page
        if page is None or fetch.payload_sha256 is None or fetch.outcome == "unchanged":
            return Visit(fetch)
        return Visit(
            fetch,
            parse_page(
                lambda: self.parse(page, self.source), fetch.url, fetch.payload_sha256, self.parser_version,
                self.source.id,
            ),
        )  # fmt: skip

    # Requests

    def _ask(self, kind: str, url: str) -> Generator[Visit, None, Asked]:
        """Ask for `url`, if its host's robots.txt allows; yields the look at that file, the first time."""
        robots = yield from self._rules(url)
        verdict = robots.verdict(url)
        if verdict != ALLOWED:
            detail = robots.closed or "robots.txt of the host disallows this address"
            answer = Answer(url, "disallowed", detail=detail)
            return Asked(self._row(kind, url, verdict, answer), answer)
        return self._request(kind, url, verdict, robots.delay(self.source.delay))

    def _is_allowed(self, url: str) -> bool:
        """Whether the rules that are known allow the target of a redirect."""
        robots = self._robots.get(_origin(url))
        return robots is None or robots.verdict(url) == ALLOWED

    def _rules(self, url: str) -> Generator[Visit, None, Robots]:
        origin = _origin(url)
        if origin not in self._robots:
            asked = self._request("robots", f"{origin}/robots.txt", NOT_APPLICABLE, self.source.delay)
            self._robots[origin] = Robots.of(asked.answer, asked.page.payload if asked.page else None)
            yield Visit(asked.fetch)
        return self._robots[origin]

    def _request(self, kind: str, url: str, verdict: str, delay: float) -> Asked:
        known = self.known.get(url)
        if known and known.warc_file and not self.archive.holds(known.warc_file):
            known = None  # what a 304 would vouch for is lost: ask for the whole
        self._requests += 1
        answer = self.fetcher.get(url, known, delay, self._is_allowed)
        if answer.outcome == "not_modified" and known:
            page = None if kind == "article" else self._kept(known)
            if page or kind == "article":
                return Asked(_vouched(self._row(kind, url, verdict, answer), known), answer, page)
            known, answer = None, self.fetcher.get(url, None, delay, self._is_allowed)
        fetch = self._row(kind, url, verdict, answer)
        return self._brought(fetch, answer, known) if answer.outcome == "ok" else Asked(fetch, answer)

    def _brought(self, fetch: Fetch, answer: Answer, known: Known | None) -> Asked:
        """The row of a body that came: archived, unless it is the one that is kept already."""
        page = Page(
            answer.url, answer.payload, answer.headers.get("content-type"), fetch.fetched_at, answer.headers
        )
        if fetch.kind == "article" and not PAGE_TYPES.match(page.content_type or "text/html"):
            detail = f"no page but {(page.content_type or '')[:80]}"
            return Asked(replace(fetch, outcome="not_a_page", detail=detail), answer)
        sha = hashlib.sha256(page.payload).hexdigest()
        if known and known.payload_sha256 == sha and known.warc_file is not None:
            file, offset = known.warc_file, known.warc_offset
        else:
            file, offset = self.archive.write(answer.url, page.payload, page.headers, page.fetched_at)
        before = self.known.get(fetch.url)
        outcome = "new" if before is None else "unchanged" if before.payload_sha256 == sha else "changed"
        row = replace(fetch, outcome=outcome, payload_sha256=sha, warc_file=file, warc_offset=offset)
        return Asked(row, answer, page)

    def _kept(self, known: Known) -> Page | None:
        """The page that a 304 vouches for, from the archive."""
        if known.warc_file is None or known.warc_offset is None:
            return None
        try:
            return self.archive.read(known.warc_file, known.warc_offset)
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


def _is_page_of(listing: str, url: str) -> bool:
    """Whether an address is one of a listing's, `{page}` being a number."""
    before, _, after = listing.partition("{page}")
    if not (url.startswith(before) and url.endswith(after)):
        return False
    number = url[len(before) : len(url) - len(after)]
    return number.isdecimal() or url == listing


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


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
