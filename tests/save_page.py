"""`make page SOURCE=… URL=…`: a live page as a test case, with the article that it must parse to.

The page is asked for as a run asks: robots.txt first, politely, bounded. What the parser makes of it is
written beside it, to be read by eye and mended by hand: it is what the test will demand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestration.scraping.fetch import Answer, Fetcher
from orchestration.scraping.guard import Guard
from orchestration.scraping.page import Page, ParseError
from orchestration.scraping.parse import read_page
from orchestration.scraping.robots import ALLOWED, Robots
from orchestration.scraping.sources import SOURCES_FILE, Source, load_sources

PAGES = Path(__file__).parent / "pages"


def fetched(source: Source, url: str) -> Answer:
    """The page's answer. Exits where robots.txt forbids it or it does not come."""
    local = frozenset(source.addresses) if source.local else frozenset()
    parts = urlsplit(url)
    with closing(Fetcher(Guard(local))) as fetcher:
        rules = fetcher.get(f"{parts.scheme}://{parts.netloc}/robots.txt")
        robots = Robots.of(rules, rules.payload if rules.outcome == "ok" else None)
        if robots.verdict(url) != ALLOWED:
            sys.exit(f"{url}: {robots.closed or 'robots.txt forbids it'}; nothing is saved")
        answer = fetcher.get(url, delay=robots.delay(source.delay))
    if answer.outcome != "ok":
        sys.exit(f"{url}: {answer.detail or answer.outcome}; nothing is saved")
    return answer


def expectation(source: Source, page: Page, sources: tuple[Source, ...]) -> dict[str, Any]:
    """What the parser makes of a page, as a test case holds it."""
    try:
        article = read_page(page, source, sources)
    except ParseError as error:
        return {"outcome": error.outcome, "url": page.url, "source": source.id}
    return {
        "title": article.title,
        "published": article.published.isoformat() if article.published else None,
        "paragraphs": article.text.split("\n\n"),
        "url": page.url,
        "source": source.id,
        "authors": list(article.authors),
        "date_evidence": article.date_evidence,
        "origin_source_id": article.origin_source_id,
        "language": article.language,
        "canonical_url": article.canonical_url,
    }


def save(source: Source, url: str, folder: Path, sources: tuple[Source, ...]) -> Path:
    """Save a page and its expectation in a new folder of `folder`; gives the folder."""
    answer = fetched(source, url)
    slug = re.sub(r"[^a-z0-9]+", "-", urlsplit(url).path.lower()).strip("-")[-60:] or "page"
    place = folder / f"{source.id}-{slug}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "page.html").write_bytes(answer.payload)
    page = Page(url, answer.payload, answer.headers.get("content-type"), datetime.now(UTC), answer.headers)
    told = json.dumps(expectation(source, page, sources), ensure_ascii=False, indent=2)
    (place / "expected.json").write_text(told + "\n", encoding="utf-8")
    return place


def main() -> None:
    """The command line."""
    asked = argparse.ArgumentParser(prog="make page", description=__doc__)
    asked.add_argument("source", help="id of a block of the sources file")
    asked.add_argument("url")
    asked.add_argument("--sources", type=Path, default=SOURCES_FILE, help="the sources file")
    asked.add_argument("--folder", type=Path, default=PAGES, help="where the case is kept")
    told = asked.parse_args()
    sources = load_sources(told.sources)
    source = next((s for s in sources if s.id == told.source), None)
    if source is None:
        known = ", ".join(s.id for s in sources)
        sys.exit(f"{told.sources} has no source {told.source!r}; it has {known}")
    if source.stores == "abstract":
        sys.exit(f"{source.id}: its terms allow no pages to be kept: {source.terms}")
    place = save(source, told.url, told.folder, sources)
    print(f"saved: {place}/page.html and expected.json")
    print(
        "read expected.json against the page: title, day, every paragraph, authors, origin; mend by hand what"
    )
    print("is wrong there, then the parser or the source's selectors until the test passes.")


if __name__ == "__main__":
    main()
