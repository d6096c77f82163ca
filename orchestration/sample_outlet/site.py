"""The sample outlet's site: every address it has, with the bytes that stand there.

Pages are rendered once and depend on the articles alone: two sites of the same articles are equal byte
for byte, whatever host or port serves them. HTTP does not belong here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.sample_outlet.articles import SampleArticle, load_articles
from orchestration.sample_outlet.furniture import Furniture, load_furniture

HOST = "sample-outlet.example"
ORIGIN = f"http://{HOST}"
OUTLET = "Sample Outlet"
FEED_ITEMS = 12
ARCHIVE_ITEMS = 10
TEMPLATES = Path(__file__).parent / "templates"

HTML = "text/html; charset=utf-8"
XML = "application/xml; charset=utf-8"
RSS = "application/rss+xml; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
SVG = "image/svg+xml"

LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "article_theme.html": ("all", "all", "meta", "time"),
    "article_semantic.html": ("all", "all", "meta", "time"),
    "article_plain.html": ("data",),
}
"""Each layout's template, with the ways in which its pages tell their date to a machine: JSON-LD, meta
elements and `<time>` at once (all), or one of them alone (data, meta, time)."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What stands at one address. `last_modified` is None where no date tells whether it has changed."""

    content: bytes
    content_type: str
    last_modified: datetime | None = None
    status: int = 200
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", f'"{hashlib.sha256(self.content).hexdigest()[:32]}"')


@dataclass(frozen=True, slots=True)
class Site:
    """All resources by path, and the page that stands for every other path."""

    resources: Mapping[str, Resource]
    not_found: Resource

    def at(self, path: str) -> Resource:
        """The resource at a decoded path, or the page that says there is none."""
        return self.resources.get(path, self.not_found)


def build_site(folder: Path | None = None) -> Site:
    """The site of a folder's articles (the embedded ones by default). Raises SampleArticleError."""
    return _Press(load_furniture(), load_articles(folder)).site()


def layout_of(article_id: str) -> tuple[str, str]:
    """The template of an article's page and how the page tells its date; both follow from the id."""
    digest = hashlib.sha256(article_id.encode()).digest()
    template, datings = tuple(LAYOUTS.items())[digest[4] % len(LAYOUTS)]
    return template, datings[digest[5] % len(datings)]


def section_path(section: str) -> str:
    """Where a section's list stands."""
    return "/section/" + "-".join(section.lower().split()) + "/"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Press:
    """Renders the articles, newest first, into a site."""

    furniture: Furniture
    articles: Sequence[SampleArticle]

    def site(self) -> Site:
        resources = dict(chain(self._article_pages(), self._lists(), self._pages(), self._files()))
        lost = self._page("Page not found", ["There is no such page. The archive lists every article."])
        return Site(resources, Resource(lost, HTML, status=404))

    def _render(self, template: str, key: str, **values: Any) -> bytes:
        values = {"origin": ORIGIN, "outlet": OUTLET, "furniture": self.furniture, "key": key, **values}
        return _environment().get_template(template).render(values).encode("utf-8")

    def _page(self, title: str, paragraphs: Sequence[str]) -> bytes:
        return self._render("page.html", title, title=title, paragraphs=paragraphs)

    # Articles

    def _article_pages(self) -> Iterator[tuple[str, Resource]]:
        for article in self.articles:
            template, dating = layout_of(article.id)
            values = {
                "article": article, "dating": dating, "section": section_path(article.section),
                "data": _linked_data(article, is_graph=template == "article_theme.html"),
                "day": timedelta(days=1),
            }  # fmt: skip
            content = self._render(template, article.id, **values)
            yield article.path, Resource(content, HTML, article.modified.astimezone(UTC))

    # Lists: a list can change without a newer article, so no date vouches for it, only its ETag.

    def _lists(self) -> Iterator[tuple[str, Resource]]:
        newest = self.articles[:ARCHIVE_ITEMS]
        yield "/", self._list("Latest news", newest, more=True)
        pages = max(1, -(-len(self.articles) // ARCHIVE_ITEMS))
        for page in range(1, pages + 1):
            start = (page - 1) * ARCHIVE_ITEMS
            shown = self.articles[start : start + ARCHIVE_ITEMS]
            yield f"/archive/page/{page}/", self._list(f"Archive, page {page}", shown, page=page, pages=pages)
        menu = [piece.text for piece in self.furniture.all("section")]
        for section in dict.fromkeys([*menu, *(article.section for article in self.articles)]):
            shown = [article for article in self.articles if article.section == section]
            yield section_path(section), self._list(section, shown)

    def _list(
        self, title: str, shown: Sequence[SampleArticle], page: int = 1, pages: int = 1, more: bool = False
    ) -> Resource:
        values = {"title": title, "articles": shown, "page": page, "pages": pages, "more": more}
        return Resource(self._render("listing.html", "list", **values), HTML)

    # Everything else

    def _pages(self) -> Iterator[tuple[str, Resource]]:
        about = [piece.text for piece in self.furniture.all("about")]
        yield "/about/", Resource(self._page("About", about), HTML)
        # Polite visitors never come here: robots.txt disallows both.
        yield "/search/", Resource(self._page("Search", ["This outlet cannot be searched."]), HTML)
        yield "/wp-admin/", Resource(self._page("Staff only", ["There is nothing here."]), HTML, status=403)

    def _files(self) -> Iterator[tuple[str, Resource]]:
        newest = self.articles[:FEED_ITEMS]
        yield "/feed/", Resource(self._render("feed.xml", "", articles=newest, rfc822=format_datetime), RSS)
        yield "/sitemap.xml", Resource(self._render("sitemap.xml", "", articles=self.articles), XML)
        yield "/robots.txt", Resource(self._render("robots.txt", ""), TEXT)
        for name in ("hero", "icon"):
            yield f"/media/{name}.svg", Resource((TEMPLATES / f"{name}.svg").read_bytes(), SVG)


def _linked_data(article: SampleArticle, is_graph: bool) -> dict[str, Any]:
    """The page's JSON-LD. As a graph it looks as SEO plug-ins write it, with its times in UTC."""
    zone = UTC if is_graph else article.published.tzinfo
    url = ORIGIN + article.path
    story: dict[str, Any] = {
        "@type": "NewsArticle",
        "headline": article.title,
        "datePublished": article.published.astimezone(zone).isoformat(),
        "dateModified": article.modified.astimezone(zone).isoformat(),
        "author": [{"@type": "Person", "name": article.author}],
        "publisher": {"@type": "Organization", "name": OUTLET},
        "articleSection": article.section,
        "mainEntityOfPage": url,
        "inLanguage": "en",
    }
    if is_graph:
        page = {"@type": "WebPage", "@id": url, "url": url, "name": article.title}
        return {"@context": "https://schema.org", "@graph": [page, story]}
    return {"@context": "https://schema.org", **story}
