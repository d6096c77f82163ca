"""One request after another to one source's hosts: its row, its answer, the page that it brought.

Whether an address may be asked for, on which conditions, and where its body is kept belongs here; which
addresses are asked for does not.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from orchestration.scraping.archive import Archive, ArchiveError
from orchestration.scraping.fetch import Answer, Fetcher
from orchestration.scraping.page import Fetch, Known, Page, Visit
from orchestration.scraping.robots import ALLOWED, NOT_APPLICABLE, Robots
from orchestration.scraping.sources import Source

logger = logging.getLogger(__name__)

PAGE_TYPES = re.compile(r"\s*(text/(html|plain)|application/xhtml\+xml)", re.IGNORECASE)
GONE = frozenset({404, 410})
"""Statuses by which an outlet says that it holds a page no more."""


def utc_now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def fetch_id(run_id: str, url: str, at: datetime) -> str:
    """16 hex digits that name one request."""
    return hashlib.sha256(f"{run_id}\n{url}\n{at.isoformat()}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its row, its answer, and the page that it brought, or that a 304 vouches for."""

    fetch: Fetch
    answer: Answer
    page: Page | None = None


@dataclass(slots=True)
class Asker:
    """Asks for one source. `known` is what the ledger has of its addresses, by address."""

    source: Source
    fetcher: Fetcher
    archive: Archive
    known: Mapping[str, Known]
    run_id: str
    robots: dict[str, Robots] = field(default_factory=dict)
    requests: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether the run's requests for this source are used up."""
        return self.requests >= self.source.budget

    def is_unreachable(self, url: str) -> bool:
        """Whether the host gave nothing before in this run: it is not asked again for each page."""
        robots = self.robots.get(_origin(url))
        return self.fetcher.is_dead(url) or bool(robots and robots.closed)

    def ask(self, kind: str, url: str, announced: str | None = None) -> Generator[Visit, None, Asked]:
        """Ask for `url`, if its host's robots.txt allows; yields the look at that file, the first time.

        `announced` is the page's day as an announcement gives it, kept with the page.
        """
        robots = yield from self._rules(url)
        verdict = robots.verdict(url)
        if verdict != ALLOWED:
            detail = robots.closed or "robots.txt of the host disallows this address"
            answer = Answer(url, "disallowed", detail=detail)
            return Asked(self.row(kind, url, verdict, answer), answer)
        return self._request(kind, url, verdict, robots.delay(self.source.delay), announced)

    def _is_allowed(self, url: str) -> bool:
        """Whether the rules that are known allow the target of a redirect."""
        robots = self.robots.get(_origin(url))
        return robots is None or robots.verdict(url) == ALLOWED

    def _rules(self, url: str) -> Generator[Visit, None, Robots]:
        origin = _origin(url)
        if origin not in self.robots:
            asked = self._request("robots", f"{origin}/robots.txt", NOT_APPLICABLE, self.source.delay)
            self.robots[origin] = Robots.of(asked.answer, asked.page.payload if asked.page else None)
            yield Visit(asked.fetch)
        return self.robots[origin]

    def _request(
        self, kind: str, url: str, verdict: str, delay: float, announced: str | None = None
    ) -> Asked:
        known = self.known.get(url)
        if known and known.warc_file and not self.archive.holds(known.warc_file):
            known = None  # what a 304 would vouch for is lost: ask for the whole
        self.requests += 1
        answer = self.fetcher.get(url, known, delay, self._is_allowed)
        if answer.outcome == "not_modified" and known:
            page = None if kind == "article" else self._kept(known)
            if page or kind == "article":
                return Asked(_vouched(self.row(kind, url, verdict, answer), known), answer, page)
            known, answer = None, self.fetcher.get(url, None, delay, self._is_allowed)
        fetch = self.row(kind, url, verdict, answer)
        if kind == "article" and known and answer.status in GONE:
            fetch = replace(fetch, outcome="gone", detail=f"{fetch.detail}: the outlet holds it no more")
        if answer.outcome != "ok":
            return Asked(fetch, answer)
        return self._brought(fetch, answer, known, announced)

    def whole(self, asked: Asked, payload: bytes) -> Asked:
        """An article's first page with the payload of all of its pages, archived under its address."""
        assert asked.page is not None
        page = replace(asked.page, payload=payload)
        before = self.known.get(asked.fetch.url)
        sha = hashlib.sha256(payload).hexdigest()
        if before and before.payload_sha256 == sha and before.warc_file is not None:
            row = replace(asked.fetch, warc_file=before.warc_file, warc_offset=before.warc_offset)
            return Asked(replace(row, outcome="unchanged", payload_sha256=sha), asked.answer, page)
        file, offset = self._archived(page)
        row = replace(asked.fetch, payload_sha256=sha, warc_file=file, warc_offset=offset)
        return Asked(row, asked.answer, page)

    def _archived(self, page: Page) -> tuple[str | None, int | None]:
        """Where the page lies in the archive: nowhere if its source's terms do not allow that."""
        if self.source.stores == "text":
            return None, None
        return self.archive.write(page.url or "", page.payload, page.headers, page.fetched_at, page.announced)

    def _brought(self, fetch: Fetch, answer: Answer, known: Known | None, announced: str | None) -> Asked:
        """The row of a body that came: archived, unless it is the one that is kept already."""
        page = Page(
            answer.url, answer.payload, answer.headers.get("content-type"), fetch.fetched_at, answer.headers,
            announced=announced,
        )  # fmt: skip
        if fetch.kind in ("article", "part") and not PAGE_TYPES.match(page.content_type or "text/html"):
            detail = f"no page but {(page.content_type or '')[:80]}"
            return Asked(replace(fetch, outcome="not_a_page", detail=detail), answer)
        sha = hashlib.sha256(page.payload).hexdigest()
        if known and known.payload_sha256 == sha and known.warc_file is not None:
            place: tuple[str | None, int | None] = known.warc_file, known.warc_offset
        else:
            place = self._archived(page)
        before = self.known.get(fetch.url)
        outcome = "new" if before is None else "unchanged" if before.payload_sha256 == sha else "changed"
        row = replace(fetch, outcome=outcome, payload_sha256=sha, warc_file=place[0], warc_offset=place[1])
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

    def row(self, kind: str, url: str, verdict: str, answer: Answer) -> Fetch:
        """The row of an answer, before its body is looked at."""
        at = utc_now()
        return Fetch(
            fetch_id(self.run_id, url, at), self.run_id, self.source.id, kind, url, at, answer.status,
            answer.headers.get("etag"), answer.headers.get("last-modified"), verdict, None, None, None,
            answer.outcome, answer.detail,
        )  # fmt: skip


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
