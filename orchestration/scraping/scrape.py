"""The walk of one source: its REST interface, or announcements and pages; one `Visit` for each request.

Which address is asked for, in which order, and what its answer means for the ledger belongs here. An
exception in one page never ends the walk: it is that page's outcome.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from orchestration.scraping.archive import Archive
from orchestration.scraping.asking import Asked, Asker, fetch_id, utc_now
from orchestration.scraping.discover import (
    MOST_ADDRESSES,
    Announced,
    UnreadableAnnouncement,
    edited_feed,
    read_feed,
    read_listing,
    read_sitemap,
)
from orchestration.scraping.entry import ENTRY_TYPE, Entry, read_entries
from orchestration.scraping.fetch import Answer, Fetcher
from orchestration.scraping.multipage import MOST_PARTS, joined_parts, next_part
from orchestration.scraping.page import Fetch, Known, KnownPost, Page, Visit
from orchestration.scraping.posts import PostWalk
from orchestration.scraping.reading import Parse, parse_page
from orchestration.scraping.sources import Source

logger = logging.getLogger(__name__)

Span = tuple[datetime, datetime]
"""From a moment on, and before another; with their zone."""
SITEMAP_DEPTH, MOST_SITEMAPS = 3, 200
MOST_FEED_PAGES = 500
SHOW_EVERY = 10


def scrape(
    source: Source, fetcher: Fetcher, archive: Archive, known: Mapping[str, Known], run_id: str, parse: Parse,
    parser_version: str, posts: Mapping[int, KnownPost] | None = None, span: Span | None = None,
) -> Iterator[Visit]:  # fmt: skip
    """Every request of one look at one source, as it is made; `known` and `posts` are what the ledger has of
    its addresses, and of its posts where it is a WordPress outlet. With a `span` only what the outlet dates
    within it, and is not known, is asked for.

    Never raises for what an outlet, a network or a page does. Raises OSError where the archive cannot write.
    """
    asker = Asker(source, fetcher, archive, known, run_id)
    walk = Walk(source, asker, known, posts or {}, parse, parser_version)
    return walk.of_span(span) if span else walk.visits()


@dataclass(slots=True)
class Walk:
    """One look at one source. `known` is what the ledger has of its addresses, by address."""

    source: Source
    asker: Asker
    known: Mapping[str, Known]
    posts: Mapping[int, KnownPost]
    parse: Parse
    parser_version: str
    _announced: dict[str, Announced] = field(default_factory=dict)
    _asked_to_announce: set[str] = field(default_factory=set)

    def visits(self) -> Iterator[Visit]:
        """Every request of the walk, as it is made."""
        if self.source.rest:
            walk = PostWalk(self.source, self.asker, self.posts, self.parse, self.parser_version)
            yield from walk.visits()
            if not walk.is_closed:
                return
            logger.warning("%s: its REST interface gives nothing; reading its feeds instead", self.source.id)
        if self.source.stores == "abstract":
            yield from self._abstracts()
            return
        yield from self._feeds()
        yield from self._sitemaps()
        if not self._announced:
            yield from self._listings()
        yield from self._pages()

    def of_span(self, span: Span) -> Iterator[Visit]:
        """What the outlet published within a span: by its REST interface, else by its sitemaps' days.

        Sitemaps give the day of the last edit where they give no other; the page itself says its day.
        """
        if self.source.rest:
            walk = PostWalk(self.source, self.asker, self.posts, self.parse, self.parser_version)
            yield from walk.span(*span)
            if not walk.is_closed:
                return
        yield from self._sitemaps()
        within = {url: told for url, told in self._announced.items() if _is_within(told, span)}
        self._announced = {url: told for url, told in within.items() if url not in self.known}
        yield from self._pages_of([*self._announced])

    # Announcements

    def _feeds(self) -> Iterator[Visit]:
        for url in self.source.feeds:
            if self.source.rest:
                yield from self._edited_feed(url)
            else:
                yield from self._announcement("feed", url, lambda body, at: self._add(read_feed(body, at)))

    def _edited_feed(self, feed: str) -> Iterator[Visit]:
        """A WordPress feed by last edit, page after page, until one announces nothing that is new."""
        for number in range(1, MOST_FEED_PAGES):
            before = len(self._announced)
            url = edited_feed(feed, number)

            def read(body: bytes, at: str) -> None:
                self._add(tuple(replace(item, edited_at=utc_now()) for item in read_feed(body, at)))

            visits = list(self._announcement("feed", url, read))
            yield from visits
            visit = visits[-1]
            found = [*self._announced.values()][before:]
            is_over = all(item.url in self.known for item in found)
            if visit.fetch.outcome == "unchanged":
                self._announced = {u: replace(a, edited_at=None) for u, a in self._announced.items()}
            if is_over or self.asker.is_spent:
                return

    def _sitemaps(self) -> Iterator[Visit]:
        waiting = [(url, 1) for url in self.source.sitemaps]
        seen = {url for url, _ in waiting}
        for _ in range(MOST_SITEMAPS):
            if not waiting or self.asker.is_spent:
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
                if "{page}" not in pattern or len(self._announced) == before or self.asker.is_spent:
                    break

    def _announcement(self, kind: str, url: str, read: Callable[[bytes, str], None]) -> Iterator[Visit]:
        self._asked_to_announce.add(url)
        asked = yield from self.asker.ask(kind, url)
        fetch = asked.fetch
        if asked.page is not None:
            try:
                read(asked.page.payload, url)
            except UnreadableAnnouncement as error:
                fetch = replace(fetch, outcome="unreadable", detail=f"this {kind} cannot be read: {error}")
        yield Visit(fetch)

    def _add(self, found: tuple[Announced, ...]) -> None:
        for item in found:
            is_wanted = self.source.wants(item.url, item.title)
            if not is_wanted or self._is_announcement(item.url):
                continue
            if before := self._announced.get(item.url):
                self._announced[item.url] = _both(before, item)
            elif len(self._announced) < MOST_ADDRESSES:
                self._announced[item.url] = item

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url).hostname in self.source.hosts

    # Abstracts

    def _abstracts(self) -> Iterator[Visit]:
        """The entries of the feeds as articles: no page is asked for."""
        for url in self.source.feeds:
            found: list[Entry] = []
            read = partial(_entries_into, found)
            visits = list(self._announcement("feed", url, read))
            yield from visits
            of = visits[-1].fetch
            yield from (visit for entry in found if (visit := self._entry(entry, of)))

    def _entry(self, entry: Entry, of: Fetch) -> Visit | None:
        """What is to be kept of an entry; None where it is as it was, or none of the outlet's articles."""
        before = self.known.get(entry.url)
        is_known = before is not None and before.payload_sha256 == entry.sha256
        if is_known or not self.source.wants(entry.url, entry.title):
            return None
        at = utc_now()
        fetch = replace(
            of, fetch_id=fetch_id(of.run_id, entry.url, at), kind="entry", url=entry.url, fetched_at=at,
            etag=None, last_modified=None, payload_sha256=entry.sha256,
            outcome="changed" if before else "new",
        )  # fmt: skip
        page = Page(entry.url, entry.payload, ENTRY_TYPE, at)
        return self._parsed(Asked(fetch, Answer(entry.url, "ok"), page))

    # Pages

    def _pages(self) -> Iterator[Visit]:
        yield from self._pages_of(self._in_order())

    def _pages_of(self, urls: list[str]) -> Iterator[Visit]:
        left = 0
        for number, url in enumerate(urls, start=1):
            if self.asker.is_spent:
                left += len(urls) - number + 1
                break
            if self.asker.is_unreachable(url):
                left += 1
                continue
            told = self._announced.get(url)
            yield from self._read(
                (yield from self.asker.ask("article", url, told.published if told else None))
            )
            if number % SHOW_EVERY == 0 or number == len(urls):
                logger.info("%s: %d of %d pages", self.source.id, number, len(urls))
        if left:
            why = "its budget is used up" if self.asker.is_spent else "it does not answer"
            logger.warning("%s: %s; %d pages are left for the next run", self.source.id, why, left)

    def _in_order(self) -> list[str]:
        """What was never seen, then what is announced again, then what is held and announced no more.

        Within the last two, `known`'s own order: what was asked for longest ago comes first.
        """
        pattern = re.compile(self.source.article_url)
        new = [url for url in self._announced if url not in self.known]
        again = [url for url in self.known if url in self._announced and self._is_due(url)]
        held = [url for url in self.known if url not in self._announced and pattern.match(url)]
        return new + again + [url for url in held if not self._is_announcement(url) and self._is_due(url)]

    def _is_due(self, url: str) -> bool:
        """Whether a known article is to be asked for again: edited as it is announced, or by its age."""
        known, announced, now = self.known[url], self._announced.get(url), utc_now()
        if known.asked_at is None or known.first_seen_at is None or 0 in self.source.recheck_days:
            return True
        if announced is None and now - known.asked_at >= timedelta(days=self.source.gone_days):
            return True
        if announced and announced.edited_at and announced.edited_at > known.asked_at:
            return True
        ages = (known.first_seen_at + timedelta(days=days) for days in self.source.recheck_days)
        return any(known.asked_at < age <= now for age in ages)

    def _is_announcement(self, url: str) -> bool:
        """Whether an address is known for what it announces: a wide `article_url` matches that too."""
        if url in self._asked_to_announce or url in self.source.feeds or url in self.source.sitemaps:
            return True
        is_listing = any(_is_page_of(listing, url) for listing in self.source.listings)
        return is_listing or urlsplit(url).path == "/robots.txt"

    def _read(self, asked: Asked) -> Iterator[Visit]:
        """The visit with its page parsed, where the payload is one that was not seen before; further pages
        of the same article are asked for and read with it.
        """
        if asked.page is None or asked.fetch.payload_sha256 is None or asked.fetch.outcome == "unchanged":
            yield Visit(asked.fetch)
            return
        parts = [asked.page]
        while (url := next_part(parts[-1], asked.fetch.url)) and len(parts) < MOST_PARTS:
            part = yield from self.asker.ask("part", url)
            yield Visit(part.fetch)
            if part.page is None:
                break
            parts.append(part.page)
        whole = self.asker.whole(asked, joined_parts(parts)) if len(parts) > 1 else asked
        yield self._parsed(whole)

    def _parsed(self, asked: Asked) -> Visit:
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


def _both(first: Announced, second: Announced) -> Announced:
    """What two announcements say of one address: the first speaks, the second adds."""
    return replace(
        first,
        title=first.title or second.title,
        edited_at=first.edited_at or second.edited_at,
        published=first.published or second.published,
    )


MONTH_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-]?(0[1-9]|1[0-2])(?=\D|\d\d\D)")


def _is_within(told: Announced, span: Span) -> bool:
    """Whether an article is of a span: by the month in its address, else by its last edit."""
    if found := MONTH_IN_ADDRESS.search(urlsplit(told.url).path):
        first = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
        return span[0] < first + timedelta(days=28) and first < span[1]
    return told.edited_at is not None and span[0] <= told.edited_at < span[1]


def _entries_into(found: list[Entry], body: bytes, at: str) -> None:
    found.extend(read_entries(body, at))


def _is_page_of(listing: str, url: str) -> bool:
    """Whether an address is one of a listing's, `{page}` being a number."""
    before, _, after = listing.partition("{page}")
    if not (url.startswith(before) and url.endswith(after)):
        return False
    number = url[len(before) : len(url) - len(after)]
    return number.isdecimal() or url == listing
