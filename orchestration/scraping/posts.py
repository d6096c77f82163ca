"""The walk of a WordPress outlet by REST: what was edited last, then whether the numbers agree.

One unfiltered answer tells the newest edits and how many posts there are. Where that is not what is
known, posts came or went unseen, and a search by halves over the days of publication finds which.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from orchestration.scraping.asking import Asked, Asker, fetch_id, utc_now
from orchestration.scraping.discover import UnreadableAnnouncement
from orchestration.scraping.fetch import Answer
from orchestration.scraping.page import Fetch, KnownPost, Page, ParsedPage, Visit
from orchestration.scraping.reading import Parse, parse_page
from orchestration.scraping.robots import NOT_APPLICABLE
from orchestration.scraping.sources import Source
from orchestration.scraping.wordpress import (
    JSON_TYPE,
    PAGE,
    SHORT_PAGE,
    Post,
    count_address,
    ids_address,
    newest_address,
    posts_address,
    read_ids,
    read_posts,
    span_address,
    total_of,
)  # fmt: skip

logger = logging.getLogger(__name__)

CLOSED = frozenset({400, 401, 403, 404, 405, 410})
"""Statuses by which an outlet says that it has no such interface; others may pass."""
MOST_PAGES = 1_000
MANY = PAGE
"""So many posts unaccounted for, and all are read rather than searched for."""
MOST_QUESTIONS = 60
"""Of one search for posts that came or went unseen."""


class _NoPosts(Exception):
    """The interface gives no posts; the row of the last request says why."""

    def __init__(self, fetch: Fetch) -> None:
        super().__init__(fetch.detail)
        self.is_closed = fetch.outcome in ("unreadable", "disallowed") or fetch.status in CLOSED


@dataclass(frozen=True, slots=True)
class _Days:
    """What is held of some days, `start` to before `end` (None: open), by publication; and how many posts the
    outlet lists before them and before their end.
    """

    held: Sequence[KnownPost]
    start: datetime | None
    end: datetime | None
    before: int
    until: int

    @property
    def is_settled(self) -> bool:
        """Whether the outlet lists as many as are held."""
        return self.until - self.before == len(self.held)

    @property
    def middle(self) -> datetime | None:
        """A moment that halves the days; None where one answer can list them all, or nothing halves them."""
        if max(self.until - self.before, len(self.held)) < PAGE:
            return None
        moment = self.held[len(self.held) // 2].published if self.held else None
        return moment if self.held and moment != self.held[0].published else None

    def halves(self, middle: datetime, listed: int) -> tuple[_Days, _Days]:
        """Both halves, where the outlet lists so many posts before the middle."""
        below = [post for post in self.held if post.published < middle]
        return (
            _Days(below, self.start, middle, self.before, listed),
            _Days(self.held[len(below) :], middle, self.end, listed, self.until),
        )


@dataclass(slots=True)
class PostWalk:
    """One look at a WordPress outlet; `posts` is what the ledger has of it, by number.

    `is_closed` after the walk: the outlet has no such interface, and is to be read another way.
    """

    source: Source
    asker: Asker
    posts: Mapping[int, KnownPost]
    parse: Parse
    parser_version: str
    is_closed: bool = False
    _seen: dict[int, KnownPost] = field(default_factory=dict)
    _questions: int = 0

    def visits(self) -> Iterator[Visit]:
        """Every request of the walk, and every post that is new, edited, moved, hidden or gone."""
        try:
            yield from self._walk()
        except _NoPosts as error:
            self.is_closed = error.is_closed and not self._seen
        except UnreadableAnnouncement as error:
            logger.warning("%s: %s", self.source.id, error)

    def span(self, start: datetime, end: datetime) -> Iterator[Visit]:
        """Every post published from `start` on and before `end` that is new or edited, page after page."""
        try:
            for page in range(1, MOST_PAGES):
                url = span_address(self.source.rest, start, end, page)
                asked, posts = yield from self._ask_posts(url)
                yield from (visit for post in posts if (visit := self._visit(post, asked)))
                if len(posts) < PAGE or page * PAGE >= self._total(asked) or self.asker.is_spent:
                    return
        except _NoPosts as error:
            self.is_closed = error.is_closed and not self._seen
        except UnreadableAnnouncement as error:
            logger.warning("%s: %s", self.source.id, error)

    def _walk(self) -> Iterator[Visit]:
        size = SHORT_PAGE if self._live() else PAGE
        total = yield from self._newest(size, until_known=True)
        if self._missing(total) > MANY and not self.asker.is_spent:
            total = yield from self._newest(PAGE, until_known=False)
        if self._missing(total) and not self.asker.is_spent:
            yield from self._search(total)

    def _live(self) -> dict[int, KnownPost]:
        """Every post that the outlet lists, as far as is known now."""
        return {n: post for n, post in (dict(self.posts) | self._seen).items() if not post.is_gone}

    def _missing(self, total: int) -> int:
        return abs(total - len(self._live()))

    # The newest edits

    def _newest(self, size: int, until_known: bool) -> Generator[Visit, None, int]:
        """Read posts from the last edited on, until a page holds nothing new, or all; gives the total."""
        total, listed = 0, set[int]()
        for page in range(1, MOST_PAGES):
            asked, posts = yield from self._ask_posts(newest_address(self.source.rest, page, size))
            total = self._total(asked)
            visits = [visit for post in posts if (visit := self._visit(post, asked))]
            yield from visits
            listed.update(post.id for post in posts)
            is_last = len(posts) < size or page * size >= total
            if is_last or (until_known and not visits) or self.asker.is_spent:
                break
        if not until_known and len(listed) == total:
            yield from self._gone([post for n, post in self._live().items() if n not in listed])
        return total

    def _ask(self, url: str) -> Generator[Visit, None, Asked]:
        """One request, its visit given. Raises _NoPosts where it brings nothing."""
        asked = yield from self.asker.ask("rest", url)
        if asked.page is None:
            yield Visit(asked.fetch)
            raise _NoPosts(asked.fetch)
        return asked

    def _ask_posts(self, url: str) -> Generator[Visit, None, tuple[Asked, list[Post]]]:
        asked = yield from self._ask(url)
        assert asked.page is not None
        try:
            posts = read_posts(asked.page.payload)
            self._total(asked)
        except UnreadableAnnouncement as error:
            detail = f"this answer cannot be read: {error}"
            fetch = replace(asked.fetch, outcome="unreadable", detail=detail)
            yield Visit(fetch)
            raise _NoPosts(fetch) from error
        yield Visit(asked.fetch)
        return asked, posts

    @staticmethod
    def _total(asked: Asked) -> int:
        return total_of(asked.answer.headers.get("x-wp-total"))

    # One post

    def _visit(self, post: Post, asked: Asked) -> Visit | None:
        """What is to be kept of a post; None where it is as it was."""
        before = self._seen.get(post.id) or self.posts.get(post.id)
        now = KnownPost(self.source.id, post.id, post.url, post.published, post.modified, post.is_protected)
        self._seen[post.id] = now
        if before == now:
            return None
        fetch = self._row(post.url, asked.fetch)
        if post.is_protected:
            detail = "the outlet gives it to those alone who have its password"
            return Visit(replace(fetch, outcome="protected", detail=detail), post=now)
        if not self.source.wants(post.url, post.payload.decode()):
            return Visit(replace(fetch, outcome="not_wanted"), post=now)
        outcome = "new" if before is None else "changed"
        fetch = replace(fetch, outcome=outcome, payload_sha256=post.sha256)
        return Visit(fetch, self._parsed(post, fetch), now)

    def _row(self, url: str, of: Fetch) -> Fetch:
        """A row for a post of an answer: where the answer lies, the post lies."""
        at = utc_now()
        name = fetch_id(self.asker.run_id, url, at)
        return replace(
            of, fetch_id=name, kind="post", url=url, fetched_at=at, etag=None, last_modified=None,
            payload_sha256=None, detail=None,
        )  # fmt: skip

    def _parsed(self, post: Post, fetch: Fetch) -> ParsedPage:
        page = Page(post.url, post.payload, JSON_TYPE, fetch.fetched_at)
        return parse_page(
            lambda: self.parse(page, self.source), post.url, post.sha256, self.parser_version, self.source.id
        )

    def _gone(self, posts: Sequence[KnownPost]) -> Iterator[Visit]:
        for post in posts:
            now = replace(post, is_gone=True)
            self._seen[post.id] = now
            answer = Answer(post.url, "gone", detail="the outlet lists this post no more")
            fetch = self.asker.row("post", post.url, NOT_APPLICABLE, answer)
            yield Visit(fetch, post=now)

    # What came or went unseen

    def _search(self, total: int) -> Iterator[Visit]:
        """Find by halves where the outlet's numbers differ from what is known, and settle it there."""
        held = sorted(self._live().values(), key=lambda post: (post.published, post.id))
        unknown: list[int] = []
        yield from self._halve(_Days(held, None, None, 0, total), unknown)
        for first in range(0, len(unknown), PAGE):
            some = unknown[first : first + PAGE]
            asked, posts = yield from self._ask_posts(posts_address(self.source.rest, some))
            yield from (visit for post in posts if (visit := self._visit(post, asked)))

    def _halve(self, days: _Days, unknown: list[int]) -> Iterator[Visit]:
        """Compare what is held of some days with the number of posts that the outlet lists of them."""
        if days.is_settled or self.asker.is_spent or self._questions > MOST_QUESTIONS:
            return
        self._questions += 1
        middle = days.middle
        if middle is None:
            yield from self._compare(days, unknown)
            return
        asked = yield from self._ask(count_address(self.source.rest, middle))
        yield Visit(asked.fetch)
        for half in days.halves(middle, self._total(asked)):
            yield from self._halve(half, unknown)

    def _compare(self, days: _Days, unknown: list[int]) -> Iterator[Visit]:
        """Read the numbers of the posts of some days: which are unknown, and which are listed no more."""
        asked = yield from self._ask(ids_address(self.source.rest, days.start, days.end))
        yield Visit(asked.fetch)
        assert asked.page is not None
        listed = read_ids(asked.page.payload)
        known = {post.id for post in days.held}
        unknown += [number for number in listed if number not in known]
        if len(listed) < PAGE:
            yield from self._gone([post for post in days.held if post.id not in set(listed)])
