"""A week of an outlet that adds, edits and deletes, on loopback, and what a home holds after it.

The outlet's days are worked out of the sample's articles by rule; how a week is disturbed is for the tests.
"""

from __future__ import annotations

import hashlib
import html
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from orchestration.sample_outlet.articles import SampleArticle, load_articles

FIRST = date(2026, 3, 2)
DAYS = 7
AT_FIRST, A_DAY = 6, 2
"""Articles on the first day, and new ones on each later day."""
ADDED_LATER = "An official said on the day after that {number} North Korean workers were still in {place}."

SOURCES = """
[[source]]
id = "weekly"
name = "The Weekly"
language = "en"
timezone = "Asia/Seoul"
homepage = "{origin}/"
sitemaps = ["{origin}/sitemap.xml"]
article_url = '^{origin}/news/[a-z0-9-]+$'
delay = 0
recheck_days = [0]
gone_days = 1
terms = "Written for this project."
verified = true
local = true
"""


def page(title: str, paragraphs: Iterable[str], day: str | None = "2026-03-02") -> str:
    """A page of the press: a headline, a day, paragraphs."""
    stamp = f'<meta property="article:published_time" content="{day}T09:00:00Z">' if day else ""
    body = "".join(f"<p>{html.escape(words)}</p>" for words in paragraphs)
    return (
        f'<!doctype html><html lang="en"><head><title>{html.escape(title)}</title>{stamp}</head>'
        f"<body><article><h1>{html.escape(title)}</h1>{body}</article></body></html>"
    )


@dataclass(frozen=True, slots=True)
class Page:
    """An article as the outlet shows it on a day."""

    slug: str
    title: str
    published: date
    paragraphs: tuple[str, ...]

    def html(self) -> str:
        """The page; each paragraph escaped."""
        return page(self.title, self.paragraphs, str(self.published))


def pages_of(day: int, articles: tuple[SampleArticle, ...]) -> dict[str, Page]:
    """What stands there on a day from 0: two more each day, one of the older ones edited, one taken down.

    The one that is edited on a day stays so; the one that is taken down does not come back.
    """
    shown = articles[: AT_FIRST + A_DAY * day]
    pages = {
        a.id: Page(a.id, a.title, FIRST + timedelta(n // A_DAY), paragraphs(a)) for n, a in enumerate(shown)
    }
    for earlier in range(1, day + 1):
        edited, gone = articles[earlier * 2].id, articles[earlier * 2 - 1].id
        if edited in pages:
            pages[edited] = _edited(pages[edited], earlier)
        pages.pop(gone, None)
    return pages


def paragraphs(article: SampleArticle) -> tuple[str, ...]:
    """An article's paragraphs."""
    return tuple(" ".join(block.lines) for block in article.blocks)


def _edited(page: Page, day: int) -> Page:
    more = ADDED_LATER.format(number=100 + 10 * day, place=("Russia", "China", "Qatar", "Mongolia")[day % 4])
    return Page(page.slug, page.title, page.published, (*page.paragraphs, more))


@dataclass
class Weekly:
    """The running outlet: `show(day)` turns to a day; `asked` counts requests."""

    port: int = 0
    pages: Mapping[str, Page] = field(default_factory=dict)
    asked: int = 0

    def __post_init__(self) -> None:
        self._articles = load_articles()

    @property
    def origin(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def show(self, day: int) -> None:
        """Turn to a day of the week, from 0."""
        self.pages = pages_of(day, self._articles)

    def sources(self, folder: Path) -> Path:
        """Its sources file, written into a folder."""
        file = folder / "weekly.toml"
        file.write_text(SOURCES.format(origin=self.origin), encoding="utf-8")
        return file

    def answer(self, path: str) -> tuple[int, str, str]:
        """Status, content type and body for a path."""
        self.asked += 1
        if path == "/robots.txt":
            return 200, "text/plain", "User-agent: *\nAllow: /\n"
        if path == "/sitemap.xml":
            links = "".join(f"<url><loc>{self.origin}/news/{slug}</loc></url>" for slug in sorted(self.pages))
            return (
                200,
                "application/xml",
                f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{links}</urlset>',
            )
        if path == "/":
            links = "".join(f"<a href='/news/{slug}'>{slug}</a>" for slug in sorted(self.pages))
            return 200, "text/html", f"<!doctype html><title>The Weekly</title>{links}"
        page = self.pages.get(path.removeprefix("/news/"))
        return (200, "text/html", page.html()) if page else (410, "text/html", "gone")


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is what these tests are about."""


@contextmanager
def serve_weekly() -> Iterator[Weekly]:
    """The outlet on a free port of loopback until the block ends."""
    outlet = Weekly()
    server = _Server(("127.0.0.1", 0), _handler(outlet))
    outlet.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="weekly")
    thread.start()
    try:
        yield outlet
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(outlet: Weekly) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, kind, text = outlet.answer(self.path)
            body = text.encode()
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if status == 200 and self.headers.get("If-None-Match") == tag:
                status, body = 304, b""
            self.send_response(status)
            self.send_header("ETag", tag)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    return Handler
