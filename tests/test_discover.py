"""Feeds, sitemaps and listings give the addresses that they announce, and no hostile one costs much."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable

import pytest

from orchestration.scraping.discover import (
    LARGEST,
    MOST_ADDRESSES,
    MOST_ENTRIES,
    Announced,
    UnreadableAnnouncement,
    read_feed,
    read_listing,
    read_sitemap,
)

AT = "http://outlet.example/news/feed"
SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def rss(*items: str) -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{"".join(items)}</channel></rss>'.encode()


def item(link: str, title: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link></item>"


def urlset(*places: str) -> bytes:
    urls = "".join(f"<url><loc>{place}</loc></url>" for place in places)
    return f"<urlset {SITEMAP}>{urls}</urlset>".encode()


def urls(found: tuple[Announced, ...]) -> list[str]:
    return [one.url for one in found]


def test_an_rss_feed_gives_its_items_in_order() -> None:
    feed = rss(item("http://outlet.example/b", "Nine left"), item("http://outlet.example/a"))
    assert read_feed(feed, AT) == (
        Announced("http://outlet.example/b", "Nine left"),
        Announced("http://outlet.example/a"),
    )


def test_an_atom_feed_gives_its_entries() -> None:
    feed = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Nine left</title>
        <link rel="replies" href="/comments"/><link rel="alternate" href="/a"/></entry></feed>"""
    assert read_feed(feed, AT) == (Announced("http://outlet.example/a", "Nine left"),)


@pytest.mark.parametrize(
    ("stamp", "published"),
    [
        (
            "<pubDate>Tue, 27 Feb 2024 23:30:00 +0000</pubDate>",
            "feed published: Tue, 27 Feb 2024 23:30:00 +0000",
        ),
        ("<dc:date>2024-02-27T23:30:00Z</dc:date>", None),
        ("<pubDate> </pubDate>", None),
        ("", None),
    ],
)
def test_a_feed_tells_the_day_as_it_writes_it(stamp: str, published: str | None) -> None:
    """A date that may be that of an edit is none of publication."""
    entry = f"<item><link>http://outlet.example/a</link>{stamp}</item>"
    feed = f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>{entry}</channel></rss>'
    assert [one.published for one in read_feed(feed.encode(), AT)] == [published]


def test_a_news_sitemap_tells_title_and_day() -> None:
    news = (
        '<news:news xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
        "<news:title>Nine left</news:title>"
        "<news:publication_date>2024-02-27T23:30:00Z</news:publication_date></news:news>"
    )
    place = f"<loc>http://outlet.example/a</loc>{news}<lastmod>2024-03-01</lastmod>"
    body = f"<urlset {SITEMAP}><url>{place}</url></urlset>"
    (found,) = read_sitemap(body.encode(), AT).articles
    assert (found.title, found.published) == ("Nine left", "sitemap published: 2024-02-27T23:30:00Z")
    assert found.edited_at is not None


def test_an_rdf_feed_gives_its_items() -> None:
    feed = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
        <item><title>Nine left</title><link>http://outlet.example/a</link></item></rdf:RDF>"""
    assert urls(read_feed(feed, AT)) == ["http://outlet.example/a"]


def test_the_texts_of_a_feed_do_not_matter() -> None:
    body = '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">long</content:encoded>'
    feed = rss(f"<item><link>http://outlet.example/a</link>{body}<description>short</description></item>")
    assert urls(read_feed(feed, AT)) == ["http://outlet.example/a"]


def test_blank_lines_before_a_feed_are_forgiven() -> None:
    assert urls(read_feed(b"\xef\xbb\xbf\n\n " + rss(item("/a")), AT)) == ["http://outlet.example/a"]


def test_a_gzipped_feed_is_unpacked() -> None:
    assert urls(read_feed(gzip.compress(rss(item("/a"))), AT)) == ["http://outlet.example/a"]


def test_an_empty_feed_announces_nothing() -> None:
    assert read_feed(rss(), AT) == ()


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("/a", "http://outlet.example/a"),
        ("a?b=1", "http://outlet.example/news/a?b=1"),
        ("//other.example/a", "http://other.example/a"),
        (" http://outlet.example/a#comments ", "http://outlet.example/a"),
        ("http://outlet.example/a b", "http://outlet.example/a%20b"),
        ("http://outlet.example/기사", "http://outlet.example/기사"),
    ],
)
def test_an_address_is_made_absolute(link: str, url: str) -> None:
    assert urls(read_feed(rss(item(link)), AT)) == [url]
    assert urls(read_sitemap(urlset(link), AT).articles) == [url]
    assert urls(read_listing(f'<a href="{link}">x</a>'.encode(), AT)) == [url]


@pytest.mark.parametrize(
    "link",
    [
        "mailto:desk@outlet.example",
        "javascript:void(0)",
        "file:///etc/passwd",
        "http://[",
        "http://outlet.example:99999/",
        "http://user:word@outlet.example/",
        "http://outlet.example/" + "a" * 3_000,
    ],
)
def test_what_is_no_address_to_ask_for_is_left_out(link: str) -> None:
    assert urls(read_feed(rss(item(link), item("/b")), AT)) == ["http://outlet.example/b"]
    assert urls(read_sitemap(urlset(link, "/b"), AT).articles) == ["http://outlet.example/b"]
    assert urls(read_listing(f'<a href="{link}">x</a><a href="/b">y</a>'.encode(), AT)) == [
        "http://outlet.example/b"
    ]


def test_an_address_is_announced_once() -> None:
    assert len(read_feed(rss(item("/a", "one"), item("/a#top", "two")), AT)) == 1


def test_a_sitemap_gives_its_pages_and_not_their_images() -> None:
    image = "<image:image xmlns:image='i'><image:loc>http://outlet.example/a.jpg</image:loc></image:image>"
    sitemap = f"<urlset {SITEMAP}><url><loc>http://outlet.example/a</loc>{image}</url></urlset>".encode()
    assert urls(read_sitemap(sitemap, AT).articles) == ["http://outlet.example/a"]


def test_a_sitemap_index_gives_further_sitemaps() -> None:
    index = f"<sitemapindex {SITEMAP}><sitemap><loc>/1.xml.gz</loc></sitemap></sitemapindex>".encode()
    found = read_sitemap(index, AT)
    assert (found.sitemaps, found.articles) == (("http://outlet.example/1.xml.gz",), ())


def test_a_gzipped_sitemap_is_unpacked() -> None:
    assert urls(read_sitemap(gzip.compress(urlset("/a")), AT).articles) == ["http://outlet.example/a"]


def test_a_listing_gives_its_links_with_their_words() -> None:
    page = b'<ul><li><a href="/a"><h3>Nine <b>workers</b>\n left</h3></a><li><a>no link</a></ul>'
    assert read_listing(page, AT)[0] == Announced("http://outlet.example/a", "Nine workers left")


BILLION = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">%s]>
<rss><channel><item><link>&z9;</link></item></channel></rss>""" % b"".join(
    b'<!ENTITY z%d "%s">' % (n, (b"&z%d;" % (n - 1) if n else b"&a;") * 10) for n in range(10)
)
OUTSIDE = b'<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss><item><link>&f;</link></item></rss>'


@pytest.mark.parametrize("read", [read_feed, read_sitemap], ids=["feed", "sitemap"])
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00" * 1_000, id="NULs"),
        pytest.param(b"<!doctype html><html><body><p>We moved.<br></html>", id="an HTML page"),
        pytest.param(b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", id="an XHTML page"),
        pytest.param(b'{"version": "https://jsonfeed.org/version/1"}', id="JSON"),
        pytest.param(b"<rss><channel><item>", id="a torn document"),
        pytest.param(rss(item("/a")).replace(b"/a", b"/\x00"), id="a NUL in a link"),
        pytest.param(BILLION, id="billion laughs"),
        pytest.param(OUTSIDE, id="a file of ours"),
        pytest.param(b"<rss>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</rss>", id="10,000 nested tags"),
        pytest.param(gzip.compress(b"<rss/>")[:-9], id="a torn gzip file"),
        pytest.param(b"\x1f\x8b" + b"\x00" * 100, id="no gzip file"),
        pytest.param(gzip.compress(bytes(LARGEST + 1), compresslevel=1), id="a gzip bomb"),
        pytest.param(b"<rss" + b" " * 50_000_000 + b">", id="50 MB"),
    ],
)
def test_what_is_no_announcement_is_refused_quickly(
    read: Callable[[bytes, str], object], payload: bytes
) -> None:
    began = time.monotonic()
    with pytest.raises(UnreadableAnnouncement):
        read(payload, AT)
    assert time.monotonic() - began < 3


def test_a_feed_of_very_many_items_is_read_up_to_a_bound_quickly() -> None:
    feed = rss(*(item(f"/{number}", "Nine left") for number in range(50_000)))
    began = time.monotonic()
    assert len(read_feed(feed, AT)) == MOST_ENTRIES
    assert time.monotonic() - began < 3


def test_a_sitemap_of_very_many_pages_is_read_up_to_a_bound() -> None:
    sitemap = urlset(*(f"/{number}" for number in range(MOST_ADDRESSES + 10)))
    assert len(read_sitemap(sitemap, AT).articles) == MOST_ADDRESSES


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"<a href=/a>x</a>" + b"\x00" * 1_000, id="NULs"),
        pytest.param(b"<div>" * 10_000 + b"<a href=/a>x</a>", id="10,000 nested tags"),
        pytest.param(b"<a href=/a>" * 10_000, id="10,000 nested links"),
        pytest.param(b"<a href=/a>x</a>" + b"<p" * 100_000, id="torn tags"),
        pytest.param(b'<a href="/&#xD800;">x</a><a href="/\xff\xfe">y</a>', id="broken letters"),
    ],
)
def test_a_hostile_listing_is_read_as_far_as_it_goes(payload: bytes) -> None:
    began = time.monotonic()
    for found in read_listing(payload, AT):
        found.url.encode()
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("payload", [b"", b" \n", b"<!-- -->"])
def test_an_empty_listing_cannot_be_read(payload: bytes) -> None:
    with pytest.raises(UnreadableAnnouncement):
        read_listing(payload, AT)


def test_a_listing_in_an_older_encoding_is_read_as_it_says() -> None:
    page = '<meta charset="euc-kr"><a href="/a">기사</a>'.encode("euc-kr")
    assert read_listing(page, AT) == (Announced("http://outlet.example/a", "기사"),)
