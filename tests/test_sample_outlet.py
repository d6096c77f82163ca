"""The sample outlet is a news site as scraping meets it: announced, dated, furnished, and hard to upset."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from lxml import etree, html
from protego import Protego

from orchestration.sample_outlet import answering
from orchestration.sample_outlet.articles import ARTICLES, SampleArticle, SampleArticleError, load_articles
from orchestration.sample_outlet.server import MOST_CONNECTIONS, Request, SampleOutlet, serve
from orchestration.sample_outlet.site import LAYOUTS, ORIGIN, build_site, layout_of

GOLD = Path(__file__).parent / "gold"
EMBEDDED = load_articles()
FIRST = EMBEDDED[0]


@pytest.fixture(scope="module")
def outlet() -> Iterator[SampleOutlet]:
    with serve() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three articles that a test may change."""
    for article in EMBEDDED[:3]:
        for suffix in (".json", ".txt"):
            shutil.copy(ARTICLES / f"{article.id}{suffix}", tmp_path)
    return tmp_path


def ask(
    outlet: SampleOutlet, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", outlet.port, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def raw(outlet: SampleOutlet, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", outlet.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            return answer.read()


def found(page: etree._Element, xpath: str) -> list[str]:
    result = page.xpath(xpath)
    assert isinstance(result, list)
    return [str(item) for item in result]


def text_of(page: etree._Element, xpath: str = ".") -> str:
    return str(page.xpath(f"string({xpath})"))


def links(body: bytes) -> list[str]:
    return found(html.fromstring(body), "//a/@href")


def edit(folder: Path, article_id: str, **changes: str) -> None:
    path = folder / f"{article_id}.json"
    fields = {**json.loads(path.read_text(encoding="utf-8")), **changes}
    path.write_text(json.dumps(fields), encoding="utf-8")


# What the outlet announces


def test_robots_allows_articles_and_closes_search_and_administration(outlet: SampleOutlet) -> None:
    rules = Protego.parse(ask(outlet, "/robots.txt")[1].decode())
    assert rules.can_fetch(ORIGIN + FIRST.path, "LaborLedger")
    assert not rules.can_fetch(f"{ORIGIN}/search/?s=workers", "LaborLedger")
    assert not rules.can_fetch(f"{ORIGIN}/wp-admin/", "LaborLedger")
    assert list(rules.sitemaps) == [f"{ORIGIN}/sitemap.xml"]


def test_the_feed_holds_the_dozen_newest_articles(outlet: SampleOutlet) -> None:
    items = etree.fromstring(ask(outlet, "/feed/")[1]).findall("./channel/item")
    assert [item.findtext("link") for item in items] == [ORIGIN + a.path for a in EMBEDDED[:12]]
    dates = [parsedate_to_datetime(item.findtext("pubDate") or "") for item in items]
    assert dates == [article.published for article in EMBEDDED[:12]]


def test_the_sitemap_lists_every_article_with_its_last_change(outlet: SampleOutlet) -> None:
    urls = etree.fromstring(ask(outlet, "/sitemap.xml")[1])
    listed = {url.findtext("{*}loc"): url.findtext("{*}lastmod") for url in urls}
    assert listed == {ORIGIN + article.path: article.modified.isoformat() for article in EMBEDDED}
    assert len(listed) == 54


def test_the_archive_reaches_every_article_and_ends(outlet: SampleOutlet) -> None:
    paths = {article.path for article in EMBEDDED}
    pages = [set(links(ask(outlet, f"/archive/page/{number}/")[1])) & paths for number in range(1, 7)]
    assert [len(page) for page in pages] == [10, 10, 10, 10, 10, 4]
    assert set().union(*pages) == paths
    assert ask(outlet, "/archive/page/7/")[0].status == 404


def test_every_link_of_every_page_leads_to_a_page_of_this_site() -> None:
    site = build_site()
    pages = [page.content for page in site.resources.values() if page.content_type.startswith("text/html")]
    targets = {link for body in pages for link in links(body)}
    assert targets <= site.resources.keys()


# What stands on an article's page


@pytest.mark.parametrize("article", EMBEDDED, ids=lambda article: article.id)
def test_a_page_carries_its_article(outlet: SampleOutlet, article: SampleArticle) -> None:
    response, body = ask(outlet, article.path)
    page = html.fromstring(body)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert text_of(page, "//h1") == article.title
    assert found(page, "//link[@rel='canonical']/@href") == [ORIGIN + article.path]
    assert found(page, "//meta[@property='og:title']/@content") == [article.title]
    assert article.author in text_of(page)
    assert "no source of facts" in text_of(page, "//*[@class='notice']")
    assert article.published.date().isoformat() in told_days(page)
    marked = {line.strip() for node in page.iter("p", "h2", "h3") for line in text_of(node).split("\n")}
    assert {line for block in article.blocks for line in block.lines} <= marked


def told_days(page: etree._Element) -> set[str]:
    """The Seoul days that the page tells a machine; all of them must be one moment."""
    moments = {
        *found(page, "//meta[@property='article:published_time']/@content"),
        *found(page, "//time[not(ancestor::*[@id='comments'])]/@datetime"),
    }
    for script in found(page, "//script[@type='application/ld+json']/text()"):
        data = json.loads(script)
        moments |= {n["datePublished"] for n in data.get("@graph", [data]) if n["@type"] == "NewsArticle"}
    told = {datetime.fromisoformat(moment) for moment in moments}
    assert len(told) == 1
    return {moment.astimezone(FIRST.published.tzinfo).date().isoformat() for moment in told}


def test_every_layout_and_every_way_to_tell_the_date_occurs() -> None:
    expected = {(template, dating) for template, datings in LAYOUTS.items() for dating in datings}
    assert {layout_of(article.id) for article in EMBEDDED} == expected


def test_some_articles_came_out_on_a_day_that_is_another_in_utc() -> None:
    assert any(a.published.date() != (a.published - timedelta(hours=9)).date() for a in EMBEDDED)


def test_furniture_holds_counts_that_are_not_the_articles() -> None:
    page = html.fromstring(build_site().at(FIRST.path).content)
    furniture = text_of(page, "//*[@class='sidebar']")
    assert any(character.isdigit() for character in furniture)
    assert not any(line in FIRST.text for line in found(page, "//ol[@class='most-read']//a/text()"))


def test_the_gold_set_annotates_the_articles_that_are_served() -> None:
    assert {path.stem for path in GOLD.glob("*.txt")} == {article.id for article in EMBEDDED}
    for article in EMBEDDED:
        gold = json.loads((GOLD / f"{article.id}.json").read_text(encoding="utf-8"))
        assert (GOLD / f"{article.id}.txt").read_bytes() == (ARTICLES / f"{article.id}.txt").read_bytes()
        assert (gold["title"], gold["published"]) == (article.title, article.published.date().isoformat())


# Validators and bytes


def test_two_servers_on_two_ports_send_the_same_bytes(outlet: SampleOutlet) -> None:
    with serve() as other:
        assert other.port != outlet.port
        for path in ("/", "/feed/", "/sitemap.xml", "/robots.txt", "/archive/page/2/", FIRST.path):
            (one, body), (two, same) = ask(outlet, path), ask(other, path)
            assert body == same
            assert str(outlet.port).encode() not in body
            assert one.headers["ETag"] == two.headers["ETag"]


def test_a_validator_that_holds_gives_304(outlet: SampleOutlet) -> None:
    first, _ = ask(outlet, FIRST.path)
    for name, value in (
        ("If-None-Match", first.headers["ETag"]),
        ("If-None-Match", f'"other", W/{first.headers["ETag"]}'),
        ("If-None-Match", "*"),
        ("If-Modified-Since", first.headers["Last-Modified"]),
    ):
        again, body = ask(outlet, FIRST.path, {name: value})
        assert (again.status, body) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]


def test_a_validator_that_does_not_hold_gives_the_page(outlet: SampleOutlet) -> None:
    first, page = ask(outlet, FIRST.path)
    before = format_datetime(FIRST.modified - timedelta(seconds=1))
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]},
        {"If-Modified-Since": before},
        {"If-Modified-Since": "no date"},
    ):
        again, body = ask(outlet, FIRST.path, headers)
        assert (again.status, body) == (200, page)


@pytest.mark.parametrize("path", ["/", "/feed/", "/sitemap.xml", "/archive/page/1/"])
def test_a_list_is_vouched_for_by_its_bytes_alone(outlet: SampleOutlet, path: str) -> None:
    response, _ = ask(outlet, path)
    assert response.headers["Last-Modified"] is None
    assert ask(outlet, path, {"If-None-Match": response.headers["ETag"]})[0].status == 304


def test_head_is_get_without_the_body(outlet: SampleOutlet) -> None:
    (got, page), (head, body) = ask(outlet, FIRST.path), ask(outlet, FIRST.path, method="HEAD")
    assert body == b""
    assert int(head.headers["Content-Length"]) == len(page)
    assert head.headers["ETag"] == got.headers["ETag"]


def test_a_page_is_compressed_where_that_is_asked(outlet: SampleOutlet) -> None:
    _, page = ask(outlet, FIRST.path)
    response, packed = ask(outlet, FIRST.path, {"Accept-Encoding": "br, gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == page
    assert ask(outlet, FIRST.path, {"If-None-Match": response.headers["ETag"]})[0].status == 304
    assert ask(outlet, FIRST.path, {"Accept-Encoding": "gzip;q=0"})[0].headers["Content-Encoding"] is None


def test_an_address_without_its_last_slash_leads_to_the_one_with_it(outlet: SampleOutlet) -> None:
    response, _ = ask(outlet, FIRST.path.rstrip("/"))
    assert (response.status, response.headers["Location"]) == (301, FIRST.path)


# A folder of its own


def test_an_edit_changes_its_own_page_and_the_lists_that_show_it(folder: Path) -> None:
    before = build_site(folder)
    edit(folder, FIRST.id, title="A new headline", modified="2026-03-01T09:30:00+09:00")
    after = build_site(folder)
    changed = {path for path, page in after.resources.items() if page != before.at(path)}
    articles = {article.path for article in EMBEDDED[:3]}
    assert changed & articles == {FIRST.path}
    assert after.at(FIRST.path).last_modified == datetime.fromisoformat("2026-03-01T00:30:00+00:00")
    assert {"/", "/feed/", "/sitemap.xml", "/archive/page/1/"} <= changed


def test_articles_come_and_go_with_a_reload(folder: Path) -> None:
    gone, new = EMBEDDED[1], EMBEDDED[5]
    with serve(articles=folder) as outlet:
        (folder / f"{gone.id}.json").unlink()
        for suffix in (".json", ".txt"):
            shutil.copy(ARTICLES / f"{new.id}{suffix}", folder)
        outlet.reload()
        assert ask(outlet, gone.path)[0].status == 404
        assert ask(outlet, new.path)[1] == build_site().at(new.path).content
        assert len(etree.fromstring(ask(outlet, "/sitemap.xml")[1])) == 3


def test_markup_in_an_article_is_text(folder: Path) -> None:
    edit(folder, FIRST.id, title="</script><script>alert(1)</script> & more", author="<b>A & B</b>")
    (folder / f"{FIRST.id}.txt").write_text(
        "Five < six & <em>so on</em>.\n\n]]> <!-- it ends.\n", encoding="utf-8"
    )
    site = build_site(folder)
    body = site.at(FIRST.path).content
    page = html.fromstring(body)
    assert text_of(page, "//h1") == "</script><script>alert(1)</script> & more"
    assert b"<script>alert" not in body
    assert "Five < six & <em>so on</em>." in text_of(page)
    assert len(etree.fromstring(site.at("/feed/").content).findall("./channel/item")) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"published": "last week"}, "key 'published'"),
        ({"published": "0001-01-01T00:00:00+23:00"}, "key 'published'"),
        ({"modified": "2026-13-01"}, "key 'modified'"),
        ({"author": " "}, "key 'author'"),
        ({"id": "another"}, "key 'id'"),
        ({"figures": "none"}, "needs the keys"),
    ],
)
def test_a_wrong_key_is_named_with_its_file(folder: Path, changes: dict[str, str], message: str) -> None:
    edit(folder, FIRST.id, **changes)
    with pytest.raises(SampleArticleError, match=rf"{FIRST.id}\.json: {message}"):
        load_articles(folder)


def test_a_folder_that_cannot_be_served_is_refused(folder: Path) -> None:
    with pytest.raises(SampleArticleError, match="no such folder"):
        load_articles(folder / "absent")
    (folder / f"{FIRST.id}.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SampleArticleError, match="cannot be read"):
        load_articles(folder)
    (folder / f"{FIRST.id}.txt").write_text("\n \n", encoding="utf-8")
    with pytest.raises(SampleArticleError, match="holds no text"):
        load_articles(folder)
    (folder / f"{FIRST.id}.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(SampleArticleError, match="no JSON"):
        load_articles(folder)


def test_an_empty_folder_is_an_outlet_without_news(tmp_path: Path) -> None:
    site = build_site(tmp_path)
    assert site.at("/archive/page/1/").status == 200
    assert site.at("/archive/page/2/").status == 404
    assert len(etree.fromstring(site.at("/sitemap.xml").content)) == 0


# Hostile and odd requests

HEAD_OF = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (HEAD_OF + b"X: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
        (HEAD_OF + b"X: a\r\n" * 200 + b"\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", b"405"),
        (b"BREW / HTTP/1.1\r\n\r\n", b"405"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", b"405"),
        (HEAD_OF + b"Content-Length: 40\r\n\r\nGET /search/ HTTP/1.1\r\n\r\n", b"400"),
        (HEAD_OF + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"GET / / / HTTP/1.1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00 no request\r\n\r\n", b"400"),
        (b"GET http://sample-outlet.example HTTP/1.1\r\n\r\n", b"200"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /../../../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /media/..%2fbase.html HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /%00%ff HTTP/1.1\r\n\r\n", b"404"),
        (b"GET http://sample-outlet.example/feed/ HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /feed/?page=2 HTTP/1.1\r\n\r\n", b"200"),
    ],
)
def test_an_odd_request_is_answered_plainly(
    outlet: SampleOutlet, request_bytes: bytes, status: bytes
) -> None:
    answer = raw(outlet, request_bytes)
    assert answer.split(b"\r\n")[0].startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1") == 1


def test_a_request_that_drips_in_is_cut_off(outlet: SampleOutlet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "PATIENCE", 0.3)
    with socket.create_connection(("127.0.0.1", outlet.port), timeout=5) as connection:
        pulse = threading.Event()
        for byte in b"GET / HT":
            connection.sendall(bytes([byte]))
            pulse.wait(0.03)
        assert connection.recv(100) == b""


def test_too_many_connections_are_not_taken_and_none_outlives_the_outlet() -> None:
    threads = set(threading.enumerate())
    with serve() as outlet:
        held = [socket.create_connection(("127.0.0.1", outlet.port)) for _ in range(MOST_CONNECTIONS)]
        with socket.create_connection(("127.0.0.1", outlet.port), timeout=5) as one_more:
            assert one_more.recv(1) == b""
    for connection in held:
        assert connection.recv(1) == b""
        connection.close()
    assert set(threading.enumerate()) <= threads
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", outlet.port))


# The list of requests, and the command line


def test_the_outlet_keeps_what_it_was_asked() -> None:
    with serve() as outlet:
        etag = ask(outlet, "/feed/")[0].headers["ETag"]
        ask(outlet, "/feed/", {"If-None-Match": etag}, "HEAD")
        ask(outlet, "/absent/?q=1")
        assert outlet.requests == [
            Request("GET", "/feed/", 200, conditional=False),
            Request("HEAD", "/feed/", 304, conditional=True),
            Request("GET", "/absent/?q=1", 404, conditional=False),
        ]
        outlet.forget_requests()
        assert outlet.requests == []


def test_the_command_line_serves_and_says_where() -> None:
    command = [sys.executable, "-m", "orchestration.sample_outlet", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/about/")
        assert b"no real news outlet" in connection.getresponse().read()
        connection.close()
        process.terminate()


def test_the_command_line_names_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orchestration.sample_outlet", "--articles", str(tmp_path / "absent")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no such folder" in done.stderr
