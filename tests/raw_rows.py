"""Raw rows of made-up articles, stored by the ledger as a run stores them: what dbt starts from.

A story is one article under one address, with the figures that an extractor found in it; its sentences
are its paragraphs. What dbt makes of the rows is for the tests to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.ledger import Ledger, open_ledger
from orchestration.records import Article, Figure, Hedge, Measure, Reading, Status
from orchestration.scraping.page import Fetch, ParsedPage, Visit
from orchestration.scraping.sources import Source

PARSER = "parser000001"
EXTRACTOR = "extractor001"


@dataclass(frozen=True)
class Told:
    """A figure as a test writes it: the sentence, the words of the count in it, and the contract's fields."""

    quote: str
    count_text: str
    low: int | None
    high: int | None
    measure: Measure = Measure.DISPATCH
    status: Status = Status.DONE
    hedge: Hedge = Hedge.EXACT
    countries: tuple[str, ...] = ()
    region: str | None = None
    sectors: tuple[str, ...] = ()
    period: tuple[str | None, str | None] = (None, None)
    part_of: int | None = None
    agency: str | None = None

    def figure(self, text: str) -> Figure:
        """The figure at its place in the article's text."""
        start = text.index(self.quote)
        count = text.index(self.count_text, start)
        first, last = (date.fromisoformat(day) if day else None for day in self.period)
        return Figure(
            self.measure, self.status, self.low, self.high, self.hedge, tuple(sorted(self.countries)),
            self.region, tuple(sorted(self.sectors)), first, last, self.part_of, self.quote, start,
            start + len(self.quote), self.count_text, count, count + len(self.count_text), agency=self.agency,
        )  # fmt: skip


@dataclass(frozen=True)
class Story:
    """One article: its name, outlet, day and figures. `text` defaults to its quotes as paragraphs."""

    name: str
    published: str
    told: Sequence[Told] = ()
    source: str = "harbour"
    origin: str | None = None
    title: str = "Workers abroad"
    text: str | None = None
    url: str | None = ""
    seen: Sequence[str] = field(default=())

    @property
    def address(self) -> str:
        return f"https://{self.source}.example/{self.name}/"

    def article(self) -> Article:
        text = (
            self.text or "\n\n".join(dict.fromkeys(t.quote for t in self.told)) or "Nothing is counted here."
        )
        url = self.address if self.url == "" else self.url
        return Article(
            self.name, self.title, date.fromisoformat(self.published), text, "en", url, None, self.source,
            self.origin, (), "meta",
        )  # fmt: skip


def outlet(name: str, **changes: Any) -> Source:
    """An outlet as the sources file describes it."""
    settings: dict[str, Any] = {
        "id": name, "name": name.title(), "language": "en", "timezone": "UTC",
        "homepage": f"https://{name}.example/", "feeds": [f"https://{name}.example/feed/"],
        "article_url": rf"^https://{name}\.example/", "terms": "Made up.", "verified": False,
    }  # fmt: skip
    return Source(**(settings | changes))


def build_ledger(folder: Path, stories: Iterable[Story], sources: Iterable[Source]) -> Home:
    """A home whose build file holds the stories, each read once."""
    home = Home(folder)
    home.prepare()
    with open_ledger(home) as ledger:
        ledger.store_sources(sources)
        for story in stories:
            store(ledger, story)
    return home


def store(ledger: Ledger, story: Story, extractor: str = EXTRACTOR) -> None:
    """The story's requests, its page and its reading."""
    article = story.article()
    first, *again = story.seen or (f"{story.published} 12:00:00",)
    visit = visit_of(story, article, datetime.fromisoformat(first))
    ledger.store_visits([visit])
    ledger.store_visits(
        Visit(look(visit.fetch, outcome="unchanged", fetched_at=datetime.fromisoformat(moment)))
        for moment in again
    )
    read_again(ledger, story, extractor)


def read_again(ledger: Ledger, story: Story, extractor: str) -> None:
    """What an extractor version finds in the story's current text."""
    article = story.article()
    figures = tuple(told.figure(article.text) for told in story.told)
    reading = Reading("figures" if figures else "no_figures", figures)
    version = {a.id: v for v, a in ledger.unread_articles(extractor, 1_000_000)}.get(article.id)
    if version:
        ledger.store_reading(version, article.id, reading, extractor, 1.0)


def visit_of(story: Story, article: Article, moment: datetime) -> Visit:
    sha = hashlib.sha256(repr(article).encode()).hexdigest()
    fetch = Fetch(
        name_of(story.address, moment), "run", story.source, "article", story.address, moment, 200, None,
        None, "allowed", sha, "pages.warc.gz", 0, "new",
    )  # fmt: skip
    parsed = ParsedPage(
        story.address, sha, PARSER, story.source, moment + timedelta(seconds=1), "parsed", None, article
    )
    return Visit(fetch, parsed)


def look(like: Fetch, **changes: Any) -> Fetch:
    """Another request, like the given one but for the changes."""
    changed = replace(like, **changes)
    return replace(changed, fetch_id=name_of(changed.url, changed.fetched_at))


def name_of(url: str, moment: datetime) -> str:
    return hashlib.sha256(f"{url} {moment}".encode()).hexdigest()[:16]
