"""One look at an outlet: every request is a row, what is known is asked for on condition, nothing ends it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.records import Article
from orchestration.scraping.archive import Archive
from orchestration.scraping.fetch import Fetcher, Limits
from orchestration.scraping.page import Known, Page, ParseError, Visit
from orchestration.scraping.parse import parse as real_parse
from orchestration.scraping.reading import read_again
from orchestration.scraping.scrape import scrape
from orchestration.scraping.sources import Source
from tests.hostile_server import HOST, HostileServer, answer, dated, raw, redirect

HOME = f"http://{HOST}"
MONDAY, TUESDAY = "Mon, 01 Sep 2025 00:00:00 GMT", "Tue, 02 Sep 2025 00:00:00 GMT"
LIMITS = Limits(tries=1, payload=100_000)
SOURCE = Source(
    id="outlet", name="The Outlet", language="en", timezone="Asia/Seoul", homepage=f"{HOME}/", local=True,
    delay=0, feeds=(f"{HOME}/feed",), article_url=rf"^{HOME}/a/[a-z0-9-]+$", budget=50,
)  # fmt: skip


def feed(*names: str) -> str:
    items = "".join(f"<item><title>On {name}</title><link>{HOME}/a/{name}</link></item>" for name in names)
    return f"<rss version='2.0'><channel>{items}</channel></rss>"


def sitemap(*places: str, index: bool = False) -> str:
    outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    return f"<{outer}>{''.join(f'<{inner}><loc>{place}</loc></{inner}>' for place in places)}</{outer}>"


def parse(page: Page, source: Source) -> Article:
    """A stand-in for the parser: the body is the text, and some bodies are pages that give no article."""
    text = page.payload.decode()
    if text == "empty":
        raise ParseError("empty", "there is no text")
    if text == "odd":
        raise RuntimeError("the parser broke \udcff")
    published = None if text == "undated" else date(2025, 9, 1)
    broken = "\ud800" if text == "broken" else text
    return Article(
        page.url or page.path or "", "Title", published, broken, url=page.url, date_evidence="test"
    )


@dataclass
class Outlet:
    """The server, its archive, and what a ledger would know after each look."""

    server: HostileServer
    folder: Path
    known: dict[str, Known] = field(default_factory=dict)
    runs: int = 0

    def look(self, source: Source = SOURCE) -> list[Visit]:
        self.runs += 1
        self.server.requests.clear()
        archive = Archive(self.folder, f"run-{self.runs}")
        fetcher = Fetcher(self.server.guard(HOST, "other.example"), LIMITS)
        with closing(archive), closing(fetcher):
            visits = list(scrape(source, fetcher, archive, self.known, f"run-{self.runs}", parse, "parser-1"))
        for fetch in (visit.fetch for visit in visits):
            if fetch.payload_sha256:
                place = (fetch.warc_file, fetch.warc_offset)
                self.known[fetch.url] = Known(fetch.etag, fetch.last_modified, fetch.payload_sha256, *place)
        return visits


@pytest.fixture
def outlet(tmp_path: Path) -> Iterator[Outlet]:
    with HostileServer().running() as server:
        server.paths |= {
            "/feed": dated(feed("one", "two"), MONDAY, Content_Type="application/rss+xml"),
            "/a/one": dated("One left.", MONDAY, Content_Type="text/html"),
            "/a/two": dated("Two left.", MONDAY, Content_Type="text/html"),
        }
        yield Outlet(server, tmp_path)


def told(visits: Sequence[Visit]) -> list[tuple[str, str, str]]:
    """Kind, path and outcome of each request."""
    return [(v.fetch.kind, v.fetch.url.removeprefix(HOME), v.fetch.outcome) for v in visits]


def visit_of(visits: Sequence[Visit], path: str) -> Visit:
    return next(visit for visit in visits if visit.fetch.url == HOME + path)


def parsed_texts(visits: Sequence[Visit]) -> list[str]:
    return [visit.parsed.article.text for visit in visits if visit.parsed and visit.parsed.article]


# What a look gives


def test_a_first_look_reads_robots_the_feed_and_its_pages(outlet: Outlet) -> None:
    visits = outlet.look()
    assert told(visits) == [
        ("robots", "/robots.txt", "http_error"),
        ("feed", "/feed", "new"),
        ("article", "/a/one", "new"),
        ("article", "/a/two", "new"),
    ]
    assert parsed_texts(visits) == ["One left.", "Two left."]


def test_a_request_is_a_row_with_all_that_is_known_of_it(outlet: Outlet) -> None:
    fetch = visit_of(outlet.look(), "/a/one").fetch
    assert (fetch.run_id, fetch.source_id, fetch.status) == ("run-1", "outlet", 200)
    assert (fetch.robots_verdict, fetch.last_modified, fetch.detail) == ("allowed", MONDAY, None)
    page = Archive(outlet.folder, "run-9").read(fetch.warc_file or "", fetch.warc_offset or 0)
    assert (page.url, page.payload, page.content_type) == (f"{HOME}/a/one", b"One left.", "text/html")


def test_every_request_has_a_name_of_its_own(outlet: Outlet) -> None:
    visits = outlet.look() + outlet.look()
    assert len({visit.fetch.fetch_id for visit in visits}) == len(visits)


def test_a_second_look_finds_everything_unchanged(outlet: Outlet) -> None:
    first, second = outlet.look(), outlet.look()
    assert told(second)[1:] == [
        ("feed", "/feed", "unchanged"),
        ("article", "/a/one", "unchanged"),
        ("article", "/a/two", "unchanged"),
    ]
    assert [visit.fetch.status for visit in second] == [404, 304, 304, 304]
    assert all(visit.parsed is None for visit in second)
    before, after = (visit_of(visits, "/a/one").fetch for visits in (first, second))
    assert (after.payload_sha256, after.warc_file, after.warc_offset, after.last_modified) == (
        before.payload_sha256, before.warc_file, before.warc_offset, MONDAY,
    )  # fmt: skip
    assert not (outlet.folder / "run-2.warc.gz").exists()


def test_the_same_body_without_a_validator_is_unchanged_too(outlet: Outlet) -> None:
    outlet.server.paths["/a/one"] = answer("One left.")
    outlet.look()
    again = visit_of(outlet.look(), "/a/one")
    assert (again.fetch.status, again.fetch.outcome, again.parsed) == (200, "unchanged", None)
    assert again.fetch.warc_file == "run-1.warc.gz"


def test_an_edited_page_is_changed_and_read_anew(outlet: Outlet) -> None:
    outlet.look()
    outlet.server.paths["/a/one"] = dated("One stayed.", TUESDAY)
    visits = outlet.look()
    assert visit_of(visits, "/a/one").fetch.outcome == "changed"
    assert parsed_texts(visits) == ["One stayed."]


def test_what_is_new_is_asked_for_before_what_is_known(outlet: Outlet) -> None:
    outlet.look()
    outlet.server.paths |= {
        "/feed": dated(feed("one", "two", "three"), TUESDAY),
        "/a/three": answer("Three."),
    }
    assert [path for kind, path, _ in told(outlet.look()) if kind == "article"] == [
        "/a/three",
        "/a/one",
        "/a/two",
    ]


def test_a_page_that_is_announced_no_more_is_still_looked_at(outlet: Outlet) -> None:
    outlet.look()
    outlet.server.paths["/feed"] = dated(feed("two"), TUESDAY)
    assert ("article", "/a/one", "unchanged") in told(outlet.look())


def test_a_page_that_is_gone_is_an_outcome(outlet: Outlet) -> None:
    del outlet.server.paths["/a/one"]
    gone = visit_of(outlet.look(), "/a/one")
    assert (gone.fetch.outcome, gone.fetch.status, gone.fetch.detail) == ("http_error", 404, "HTTP 404")
    assert (gone.fetch.payload_sha256, gone.parsed) == (None, None)


@pytest.mark.parametrize("content_type", ["application/pdf", "image/jpeg", "application/json", "text/css"])
def test_what_is_no_page_is_neither_kept_nor_parsed(outlet: Outlet, content_type: str) -> None:
    outlet.server.paths["/a/one"] = answer("%PDF", Content_Type=content_type)
    visit = visit_of(outlet.look(), "/a/one")
    assert (visit.fetch.outcome, visit.fetch.detail) == ("not_a_page", f"no page but {content_type}")
    assert (visit.fetch.payload_sha256, visit.parsed) == (None, None)


@pytest.mark.parametrize("content_type", ["Text/HTML; charset=utf-8", " application/xhtml+xml", "text/plain"])
def test_a_page_may_come_under_several_types(outlet: Outlet, content_type: str) -> None:
    outlet.server.paths["/a/one"] = answer("One left.", Content_Type=content_type)
    assert visit_of(outlet.look(), "/a/one").parsed


@pytest.mark.parametrize(
    ("body", "outcome", "detail"),
    [
        ("empty", "empty", "there is no text"),
        ("undated", "undated", "the parser found no date of publication"),
        ("odd", "failed", "the page cannot be parsed: RuntimeError: the parser broke ?"),
        ("broken", "failed", "the page cannot be parsed: UnicodeEncodeError"),
    ],
)
def test_a_page_that_cannot_be_read_is_an_outcome(
    outlet: Outlet, body: str, outcome: str, detail: str
) -> None:
    outlet.server.paths["/a/one"] = answer(body)
    visits = outlet.look()
    parsed = visit_of(visits, "/a/one").parsed
    assert parsed
    assert (parsed.outcome, parsed.article) == (outcome, None)
    assert (parsed.detail or "").startswith(detail)
    assert parsed_texts(visits) == ["Two left."]


def test_a_page_that_moved_keeps_the_address_that_was_asked_for(outlet: Outlet) -> None:
    outlet.server.paths |= {"/a/one": redirect("/a/uno", 301), "/a/uno": answer("One left.")}
    visits = outlet.look()
    visit = visit_of(visits, "/a/one")
    assert visit.parsed
    assert (visit.fetch.outcome, visit.parsed.url) == ("new", f"{HOME}/a/one")
    assert visit.parsed.article
    assert visit.parsed.article.url == f"{HOME}/a/uno"
    assert visit_of(outlet.look(), "/a/one").fetch.outcome == "unchanged"


def test_an_outlet_that_redirects_all_its_pages_is_read(outlet: Outlet) -> None:
    for name in ("feed", "a/one", "a/two"):
        outlet.server.paths[f"/new/{name}"] = outlet.server.paths[f"/{name}"]
        outlet.server.paths[f"/{name}"] = redirect(f"/new/{name}")
    assert parsed_texts(outlet.look()) == ["One left.", "Two left."]


# Asking again


def aged(outlet: Outlet, first_seen: float, asked: float) -> None:
    """As if every page had been seen first, and asked for last, so many days ago."""
    now = datetime.now(UTC)
    times = {"first_seen_at": now - timedelta(days=first_seen), "asked_at": now - timedelta(days=asked)}
    outlet.known = {url: replace(known, **times) for url, known in outlet.known.items()}


@pytest.mark.parametrize(
    ("first_seen", "asked", "is_asked"),
    [
        (0.5, 0.5, False),  # seen today
        (1.1, 0.5, True),  # a day old, and not asked for since it was
        (1.5, 0.2, False),
        (7.1, 2, True),
        (30.1, 20, True),
        (29, 5, False),
        (400, 300, False),  # what is announced still is there
    ],
)
def test_a_known_page_is_asked_for_again_ever_more_seldom(
    outlet: Outlet, first_seen: float, asked: float, is_asked: bool
) -> None:
    outlet.look()
    aged(outlet, first_seen, asked)
    assert (("article", "/a/one", "unchanged") in told(outlet.look())) == is_asked


def test_a_page_announced_no_more_is_asked_for_within_a_week(outlet: Outlet) -> None:
    outlet.look()
    outlet.server.paths["/feed"] = dated(feed("two"), TUESDAY)
    del outlet.server.paths["/a/one"]
    aged(outlet, 400, 6.9)
    assert [kind for kind, path, _ in told(outlet.look()) if path == "/a/one"] == []
    aged(outlet, 400, 7.1)
    assert ("article", "/a/one", "gone") in told(outlet.look())


def test_a_page_that_its_sitemap_calls_edited_is_asked_for(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"feeds": (), "sitemaps": (f"{HOME}/sitemap",)})
    places = "".join(
        f"<url><loc>{HOME}/a/{name}</loc><lastmod>{edited}</lastmod></url>"
        for name, edited in (("one", "2025-09-01"), ("two", datetime.now(UTC).isoformat()))
    )
    outlet.server.paths["/sitemap"] = answer(f"<urlset>{places}</urlset>")
    outlet.look(source)
    aged(outlet, 400, 1)
    assert [path for kind, path, _ in told(outlet.look(source)) if kind == "article"] == ["/a/two"]


def test_an_article_of_several_pages_is_one_payload(outlet: Outlet) -> None:
    outlet.server.paths |= {
        "/a/one": answer("<p>First.</p><a href='/a/one/2/'>2</a><a rel='next' href='/a/two'>Next story</a>"),
        "/a/one/2/": answer("<p>Second.</p><a href='/a/one'>1</a><a href='/a/one/3/'>3</a>"),
        "/a/one/3/": answer("<p>Third.</p><a href='/a/one/2/'>2</a>"),
    }
    visits = outlet.look()
    assert [path for kind, path, _ in told(visits) if kind == "part"] == ["/a/one/2/", "/a/one/3/"]
    text = parsed_texts(visits)[0]
    assert [text.count(word) for word in ("First.", "Second.", "Third.")] == [1, 1, 1]
    again = outlet.look()
    assert visit_of(again, "/a/one").fetch.outcome == "unchanged"
    assert visit_of(again, "/a/one").fetch.warc_file == "run-1.warc.gz"


# What its terms allow


def test_of_an_outlet_behind_a_paywall_the_feed_alone_is_read(outlet: Outlet) -> None:
    item = (
        f"<item><title>Nine left</title><link>{HOME}/a/one</link><pubDate>{MONDAY}</pubDate>"
        "<description>Nine workers left for home, &lt;b&gt;an aide&lt;/b&gt; said.</description></item>"
    )
    outlet.server.paths["/feed"] = dated(f"<rss><channel>{item}</channel></rss>", MONDAY)
    source = SOURCE.model_copy(update={"stores": "abstract"})
    visits = outlet.look(source)
    assert told(visits)[1:] == [("feed", "/feed", "new"), ("entry", "/a/one", "new")]
    assert outlet.server.asked("/a/one") == 0
    article = read_again(
        kept(visits[-1]), Archive(outlet.folder, "run-2"), real_parse, "parser-2", source
    ).article
    assert article
    assert (article.title, article.text) == ("Nine left", "Nine workers left for home, an aide said.")
    assert (str(article.published), article.date_evidence) == ("2025-09-01", f"feed published: {MONDAY}")
    assert [kind for kind, _, _ in told(outlet.look(source))] == ["robots", "feed"]


def test_pages_whose_terms_forbid_an_archive_are_not_in_it(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"stores": "text"})
    visits = outlet.look(source)
    assert parsed_texts(visits) == ["One left.", "Two left."]
    assert {visit.fetch.warc_file for visit in visits} == {None}
    assert not list(outlet.folder.glob("*.warc.gz"))
    assert visit_of(outlet.look(source), "/a/one").fetch.outcome == "unchanged"


# Robots


def test_what_robots_disallow_is_not_asked_for(outlet: Outlet) -> None:
    outlet.server.paths["/robots.txt"] = answer("User-agent: *\nDisallow: /a/one")
    visit = visit_of(outlet.look(), "/a/one")
    assert (visit.fetch.outcome, visit.fetch.robots_verdict, visit.fetch.status) == (
        "disallowed", "disallowed", None,
    )  # fmt: skip
    assert visit.fetch.detail == "robots.txt of the host disallows this address"
    assert outlet.server.asked_paths() == ["/robots.txt", "/feed", "/a/two"]


def test_a_redirect_to_what_robots_disallow_is_not_followed(outlet: Outlet) -> None:
    outlet.server.paths |= {
        "/robots.txt": answer("User-agent: *\nDisallow: /private/"),
        "/a/one": redirect("/private/one"),
    }
    assert visit_of(outlet.look(), "/a/one").fetch.outcome == "disallowed"
    assert outlet.server.asked("/private/one") == 0


def test_robots_that_cannot_be_read_close_the_host(outlet: Outlet) -> None:
    outlet.look()
    outlet.server.paths["/robots.txt"] = answer(status=503)
    visits = outlet.look()
    assert told(visits) == [("robots", "/robots.txt", "http_error"), ("feed", "/feed", "disallowed")]
    assert visits[1].fetch.robots_verdict == "unknown"
    assert outlet.server.asked_paths() == ["/robots.txt"]


def test_robots_that_did_not_change_are_read_from_the_archive(outlet: Outlet) -> None:
    outlet.server.paths["/robots.txt"] = dated("User-agent: *\nDisallow: /a/one", MONDAY)
    outlet.look()
    visits = outlet.look()
    assert told(visits)[0] == ("robots", "/robots.txt", "unchanged")
    assert ("article", "/a/one", "disallowed") in told(visits)


def test_each_host_has_its_own_robots(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"article_url": r"^http://[a-z.]+/a/[a-z]+$"})
    items = "".join(f"<item><link>http://{host}/a/one</link></item>" for host in (HOST, "other.example"))
    outlet.server.paths["/feed"] = answer(f"<rss><channel>{items}</channel></rss>")
    assert [v.fetch.url for v in outlet.look(source) if v.fetch.kind == "robots"] == [
        f"{HOME}/robots.txt",
        "http://other.example/robots.txt",
    ]


# Announcements


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("<!doctype html><p>We moved.<br></p>", "this feed cannot be read: no well-formed XML"),
        ("<html/>", "this feed cannot be read: no feed: its outermost element is <html>"),
        ("", "this feed cannot be read: no well-formed XML"),
    ],
)
def test_an_unreadable_feed_is_an_outcome_and_the_walk_goes_on(
    outlet: Outlet, body: str, detail: str
) -> None:
    source = SOURCE.model_copy(update={"sitemaps": (f"{HOME}/sitemap.xml",)})
    outlet.server.paths |= {"/feed": answer(body), "/sitemap.xml": answer(sitemap(f"{HOME}/a/two"))}
    visits = outlet.look(source)
    assert told(visits)[1:] == [
        ("feed", "/feed", "unreadable"),
        ("sitemap", "/sitemap.xml", "new"),
        ("article", "/a/two", "new"),
    ]
    assert (visits[1].fetch.detail or "").startswith(detail)


def test_a_feed_that_did_not_change_still_announces(outlet: Outlet) -> None:
    outlet.server.paths["/a/two"] = answer(status=500)
    outlet.look()
    outlet.server.paths["/a/two"] = answer("Two left.")
    assert ("article", "/a/two", "new") in told(outlet.look())


def test_a_feed_whose_archive_is_lost_is_asked_for_whole(outlet: Outlet) -> None:
    outlet.look()
    (outlet.folder / "run-1.warc.gz").unlink()
    visits = outlet.look()
    assert [(v.fetch.status, v.fetch.outcome, v.fetch.warc_file) for v in visits[1:]] == [
        (200, "unchanged", "run-2.warc.gz")
    ] * 3


def test_a_feed_whose_archive_is_damaged_is_asked_for_again(outlet: Outlet) -> None:
    outlet.look()
    (outlet.folder / "run-1.warc.gz").write_bytes(b"damaged")
    visits = outlet.look()
    assert (visits[1].fetch.status, visits[1].fetch.warc_file) == (200, "run-2.warc.gz")


def test_a_sitemap_index_is_followed_on_the_outlets_own_host(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"feeds": (), "sitemaps": (f"{HOME}/index.xml",)})
    places = (f"{HOME}/1.xml", "http://other.example/2.xml", f"{HOME}/index.xml")
    outlet.server.paths |= {
        "/index.xml": answer(sitemap(*places, index=True)),
        "/1.xml": answer(sitemap(f"{HOME}/a/one", f"{HOME}/about")),
    }
    assert told(outlet.look(source))[1:] == [
        ("sitemap", "/index.xml", "new"),
        ("sitemap", "/1.xml", "new"),
        ("article", "/a/one", "new"),
    ]


def test_an_index_of_very_many_sitemaps_is_followed_to_a_bound(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"feeds": (), "sitemaps": (f"{HOME}/index.xml",), "budget": 5})
    outlet.server.paths["/index.xml"] = answer(
        sitemap(*(f"{HOME}/{n}.xml" for n in range(1_000)), index=True)
    )
    assert [kind for kind, _, _ in told(outlet.look(source))] == ["robots", *["sitemap"] * 4]


def test_sitemaps_that_name_each_other_come_to_an_end(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"feeds": (), "sitemaps": (f"{HOME}/0.xml",)})
    for number in range(10):
        outlet.server.paths[f"/{number}.xml"] = answer(sitemap(f"{HOME}/{number + 1}.xml", index=True))
    assert [path for kind, path, _ in told(outlet.look(source)) if kind == "sitemap"] == [
        "/0.xml",
        "/1.xml",
        "/2.xml",
    ]


def test_listings_are_read_where_nothing_else_announces(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"listings": (f"{HOME}/news/{{page}}",)})
    outlet.server.paths |= {
        "/feed": answer(feed()),
        "/news/1": answer("<a href='/a/one'>One</a><a href='/about'>About</a>"),
        "/news/2": answer("<a href='/a/two'>Two</a>"),
        "/news/3": answer("<a href='/a/two'>Two</a>"),
    }
    assert told(outlet.look(source))[2:] == [
        ("listing", "/news/1", "new"),
        ("listing", "/news/2", "new"),
        ("listing", "/news/3", "new"),
        ("article", "/a/one", "new"),
        ("article", "/a/two", "new"),
    ]


def test_listings_are_left_alone_where_a_feed_announces(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"listings": (f"{HOME}/news/{{page}}",)})
    outlet.look(source)
    assert "/news/1" not in outlet.server.asked_paths()


def test_an_announcement_is_never_taken_for_an_article(outlet: Outlet) -> None:
    source = SOURCE.model_copy(
        update={"article_url": "^http://", "listings": (f"{HOME}/news/{{page}}", f"{HOME}/")}
    )
    outlet.server.paths |= {
        "/feed": answer(feed()),
        "/news/1": answer("<a href='/a/one'>1</a> <a href='/feed'>RSS</a> <a href='/news/2'>older</a>"),
        "/": answer("<a href='/a/two'>2</a>"),
        "/robots.txt": answer("User-agent: *"),
    }
    for _ in range(2):
        assert [path for kind, path, _ in told(outlet.look(source)) if kind == "article"] == [
            "/a/one",
            "/a/two",
        ]


def test_keywords_choose_among_what_is_announced(outlet: Outlet) -> None:
    assert [path for kind, path, _ in told(outlet.look(SOURCE.model_copy(update={"keywords": ("ON TWO",)})))][
        2:
    ] == ["/a/two"]


# Bounds


def test_a_budget_ends_the_walk_and_the_next_run_goes_on(
    outlet: Outlet, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"n{number}" for number in range(6)]
    outlet.server.paths |= {f"/a/{name}": answer(name) for name in names}
    outlet.server.paths["/feed"] = answer(feed(*names))
    source = SOURCE.model_copy(update={"budget": 5})
    with caplog.at_level(logging.WARNING):
        first = outlet.look(source)
    assert len(outlet.server.requests) == 5
    assert "outlet: its budget is used up; 3 pages are left for the next run" in caplog.text
    assert sorted(parsed_texts(first) + parsed_texts(outlet.look(source))) == names


def test_a_dead_host_is_given_up_and_its_pages_are_left(
    outlet: Outlet, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"n{number}" for number in range(10)]
    outlet.server.paths |= {f"/a/{name}": raw(b"") for name in names}
    outlet.server.paths["/feed"] = answer(feed(*names))
    with caplog.at_level(logging.WARNING):
        visits = outlet.look()
    assert [outcome for kind, _, outcome in told(visits) if kind == "article"] == ["network_error"] * 3
    assert "outlet: it does not answer; 7 pages are left for the next run" in caplog.text


def test_a_dead_host_leaves_the_pages_of_another(outlet: Outlet) -> None:
    source = SOURCE.model_copy(update={"article_url": r"^http://[a-z.]+/a/[a-z0-9]+$"})
    urls = [f"{HOME}/a/n{n}" for n in range(5)] + ["http://other.example/a/one"]
    items = "".join(f"<item><link>{url}</link></item>" for url in urls)
    outlet.server.paths |= {f"/a/n{n}": raw(b"") for n in range(5)}
    outlet.server.paths["/feed"] = answer(f"<rss><channel>{items}</channel></rss>")
    assert parsed_texts(outlet.look(source)) == ["One left."]


def test_no_outlet_at_all_is_rows_and_no_error(outlet: Outlet) -> None:
    outlet.server.paths["/robots.txt"] = raw(b"")
    assert told(outlet.look()) == [
        ("robots", "/robots.txt", "network_error"),
        ("feed", "/feed", "disallowed"),
    ]


# Reading again


@dataclass(frozen=True)
class Kept:
    source_id: str
    url: str
    payload_sha256: str
    warc_file: str
    warc_offset: int


def kept(visit: Visit) -> Kept:
    fetch = visit.fetch
    place = (fetch.warc_file or "", fetch.warc_offset or 0)
    return Kept(fetch.source_id, fetch.url, fetch.payload_sha256 or "", *place)


def test_a_page_is_read_again_as_it_was_read_first(outlet: Outlet) -> None:
    outlet.server.paths |= {"/a/one": redirect("/a/uno"), "/a/uno": answer("One left.", ETag='"a"')}
    first = visit_of(outlet.look(), "/a/one")
    again = read_again(kept(first), Archive(outlet.folder, "run-2"), parse, "parser-2", SOURCE)
    assert first.parsed
    assert (again.url, again.payload_sha256) == (first.parsed.url, first.parsed.payload_sha256)
    assert (again.parser_version, again.source_id, again.outcome) == ("parser-2", "outlet", "parsed")
    assert again.article == first.parsed.article


def test_a_saved_file_is_read_again_by_its_name(tmp_path: Path) -> None:
    seen: list[Page] = []

    def look(page: Page, source: Source) -> Article:
        seen.append(page)
        return parse(page, source)

    name = "nine left.html"
    with closing(Archive(tmp_path, "run-1")) as archive:
        place = archive.write_file(f"inbox:{name}", b"Nine left.", datetime(2025, 9, 1, tzinfo=UTC))
        again = read_again(
            Kept("inbox", f"inbox:{name}", "0" * 64, *place), archive, look, "parser-2", SOURCE
        )
    assert (seen[0].url, seen[0].path, seen[0].payload) == (None, name, b"Nine left.")
    assert (again.url, again.outcome) == (f"inbox:{name}", "parsed")


def test_the_day_that_a_feed_gives_a_page_lasts_with_it_in_the_archive(outlet: Outlet) -> None:
    day = "Mon, 01 Sep 2025 08:00:00 GMT"
    item = f"<item><title>On one</title><link>{HOME}/a/one</link><pubDate>{day}</pubDate></item>"
    outlet.server.paths["/feed"] = answer(f"<rss version='2.0'><channel>{item}</channel></rss>")
    outlet.server.paths["/a/one"] = answer("Nine left.")
    seen: list[str | None] = []

    def look(page: Page, source: Source) -> Article:
        seen.append(page.announced)
        return parse(page, source)

    visit = visit_of(outlet.look(), "/a/one")
    with closing(Archive(outlet.folder, "run-9")) as archive:
        read_again(kept(visit), archive, look, "parser-2", SOURCE)
    assert seen == [f"feed published: {day}"]


def test_a_page_that_the_archive_has_lost_is_an_outcome(tmp_path: Path) -> None:
    page = Kept("outlet", f"{HOME}/a/one", "0" * 64, "run-0.warc.gz", 7)
    again = read_again(page, Archive(tmp_path, "run-1"), parse, "parser-2", SOURCE)
    assert (again.outcome, again.article) == ("failed", None)
    assert (again.detail or "").startswith("the archive has lost this page: ")
    assert "run-0.warc.gz at byte 7" in (again.detail or "")
