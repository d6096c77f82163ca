"""Pages in the markups and layouts that outlets use: each gives its article and nothing else."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.records import Article
from orchestration.sample_outlet.articles import load_articles
from orchestration.sample_outlet.site import ORIGIN, build_site
from orchestration.scraping.page import Page, ParseError
from orchestration.scraping.parse import parse, read_page
from orchestration.scraping.prose import normalise
from orchestration.scraping.saved import INBOX
from orchestration.scraping.sources import SOURCES_FILE, Selectors, Source, load_sources
from orchestration.scraping.tree import LARGEST, decode
from orchestration.scraping.version import FOLDER, NOT_PARSING, parser_version

PAGES = Path(__file__).parent / "pages"
SOURCES = load_sources(SOURCES_FILE)
FETCHED_AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
OUTLET = Source(id="outlet", name="Outlet", language="en", timezone="UTC", homepage="https://outlet.example/")


def saved(folder: Path) -> tuple[Path, dict[str, Any]]:
    page = next(p for p in sorted(folder.iterdir()) if p.stem == "page")
    return page, json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def source_of(wanted: dict[str, Any]) -> Source:
    """The outlet of a saved page: one of the house's, or one of which nothing is known but its time zone."""
    if "source" in wanted:
        return next(source for source in SOURCES if source.id == wanted["source"])
    return OUTLET.model_copy(update={"timezone": wanted.get("timezone", "UTC")})


def page_of(payload: bytes, url: str | None = "https://outlet.example/a", name: str | None = None) -> Page:
    return Page(url, payload, None if name else "text/html; charset=utf-8", FETCHED_AT, path=name)


def article_of(html: str, source: Source = OUTLET, url: str = "https://outlet.example/a") -> Article:
    return parse(page_of(html.encode(), url), source, SOURCES)


STORY = (
    "<p>A farm near Ussuriysk took on 24 North Korean men for the harvest, its owner said on Tuesday.</p>"
    "<p>They sleep in two containers behind the packing shed and send their wages home.</p>"
)
HEAD = '<html lang="en"><head><meta name="date" content="2024-02-27"><title>Men on the farm</title></head>'


def in_page(body: str) -> str:
    return f"{HEAD}<body><article><h1>Men on the farm</h1>{body}</article></body></html>"


@pytest.mark.parametrize("folder", sorted(p for p in PAGES.iterdir() if p.is_dir()), ids=lambda p: p.name)
def test_a_saved_page_gives_its_article_and_nothing_else(folder: Path) -> None:
    path, wanted = saved(folder)
    source = source_of(wanted)
    page = page_of(path.read_bytes(), wanted.get("url"), path.name)
    if wanted.get("outcome"):
        with pytest.raises(ParseError) as stopped:
            parse(page, source, SOURCES)
        assert stopped.value.outcome == wanted["outcome"]
        if wanted["outcome"] != "undated":
            return
    article = read_page(page, source, SOURCES)
    assert article.title == wanted["title"]
    assert article.text.split("\n\n") == wanted["paragraphs"]
    assert article.published == (date.fromisoformat(wanted["published"]) if wanted["published"] else None)
    assert article.date_evidence == wanted.get("date_evidence")
    assert article.origin_source_id == wanted.get("origin_source_id")
    assert article.language == wanted.get("language", "en")
    if "authors" in wanted:
        assert list(article.authors) == wanted["authors"]
    if "canonical_url" in wanted:
        assert article.canonical_url == wanted["canonical_url"]


def test_the_seed_page_gives_the_seed_article(shared_gold: Path) -> None:
    path = shared_gold / "seed_inbox" / "n-korea-intensifies-screening.txt"
    article = parse(page_of(path.read_bytes(), None, path.name), INBOX, SOURCES)
    assert article.title == "N. Korea intensifies screening of candidates for overseas work"
    assert article.published == date(2024, 2, 27)
    assert article.date_evidence == "visible: February 27, 2024 at 12:30PM"
    assert article.text == (shared_gold / "dev" / "seed.txt").read_text(encoding="utf-8").rstrip("\n")
    assert (article.source_id, article.origin_source_id, article.url) == ("inbox", "dailynk-en", None)
    assert article.authors == ()


# Bytes and trees


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b"\xef\xbb\xbf<p>\xea\xb0\x80", None),
        ("<p>가".encode("utf-16"), None),
        ('<meta charset="iso-8859-1"><p>가'.encode(), "text/html; charset=ISO-8859-1"),
        ('<meta charset="euc-kr"><p>가'.encode("cp949"), None),
        ("<p>가".encode("cp949"), "text/html; charset=ks_c_5601-1987"),
        ('<meta charset="no-such"><p>가나다'.encode("cp949"), "text/html; charset=zip"),
        ("<p>가나다".encode() + b"\xff", None),
    ],
)
def test_the_charset_is_found_whatever_is_declared(payload: bytes, content_type: str | None) -> None:
    assert "가" in decode(payload, content_type)


@pytest.mark.parametrize("declared", [None, "text/html; charset=ISO-8859-1"])
def test_western_quotes_are_read(declared: str | None) -> None:
    assert decode("“Crews’ pay”".encode("cp1252"), declared) == "“Crews’ pay”"


def test_text_is_kept_in_its_normal_form() -> None:
    raw = "\ufeffa\u00a0b\u200bc \u2003d\r\ne\u0301\x00\ud800  \n\n\n\n f\u00ad\n"
    assert normalise(raw) == "a bc d\n\u00e9\n\nf"


@pytest.mark.parametrize("tag", ["div", "span", "b", "blockquote", "font"])
@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "unclosed"])
def test_ten_thousand_nested_tags_hide_no_article(tag: str, is_closed: bool) -> None:
    nested = f"<{tag}>" * 10_000 + "x " + f"</{tag}>" * (10_000 if is_closed else 0)
    article = article_of(f"{HEAD}<body><h1>Men on the farm</h1>{nested}{STORY}</body></html>")
    assert "24 North Korean men" in article.text


def test_nothing_unseen_enters_a_text() -> None:
    article = article_of(
        in_page(STORY.replace("24", "2\x004&#0;&#xD800;\u200b").replace("farm", "fa&shy;rm"))
    )
    assert "24" in article.text.replace("\ufffd", "")
    assert not set(article.text) & set("\x00\u200b\u00ad")
    assert unicodedata.is_normalized("NFC", article.text)
    article.text.encode("utf-8")


@pytest.mark.parametrize("payload", [b"", b" \n\t", b"\x00\x00", b"\xef\xbb\xbf"])
def test_an_empty_page_is_empty(payload: bytes) -> None:
    with pytest.raises(ParseError) as stopped:
        parse(page_of(payload), OUTLET)
    assert stopped.value.outcome == "empty"


def test_a_page_beyond_the_bound_is_refused() -> None:
    with pytest.raises(ParseError) as stopped:
        parse(page_of(b"<p>" + b"a" * LARGEST), OUTLET)
    assert stopped.value.outcome == "failed"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [
                    b"<html>", b"<p>", b"</p>", b"<table><tr><td>", b"<![CDATA[", b"<!--", b"\xff\xfe",
                    b"<time datetime=", b"<script type='application/ld+json'>{", b"2024-02-27T",
                    b"<meta name=date content='", STORY.encode(),
                ]
            ),
        ),
        max_size=25,
    ),
    st.sampled_from(["a.html", "a.txt", None]),
)  # fmt: skip
@example([b"<frameset>"], "a.html")
@example([b"<a id=1>" * 300], "a.html")
def test_hostile_bytes_give_an_article_or_say_why_not(parts: list[bytes], name: str | None) -> None:
    outcome = "parsed"
    try:
        article = parse(page_of(b"".join(parts), "https://outlet.example/a", name), OUTLET, SOURCES)
        assert article.text
        assert article.text == normalise(article.text)
        article.text.encode("utf-8")
    except ParseError as error:
        outcome = error.outcome
    assert outcome in ("parsed", "empty", "no_article", "undated", "failed")


# The body


def test_a_short_article_is_not_doubled() -> None:
    article = article_of(in_page(f"<div><div>{STORY}</div></div>"))
    assert len(article.text.split("\n\n")) == 2


def test_a_container_read_beside_its_parts_is_dropped() -> None:
    inner = STORY.replace("<p>", "").replace("</p>", " ")
    article = article_of(in_page(f"<p>{inner}</p>{STORY}"))
    assert len(article.text.split("\n\n")) == 2


def test_a_heading_stays_and_the_headline_is_not_repeated() -> None:
    more = "<h2>Rooms behind the shed</h2><p>Six more are to come in the autumn, the owner said.</p>"
    paragraphs = article_of(in_page(f"<h1>Men on the farm</h1>{STORY}{more}")).text.split("\n\n")
    assert paragraphs[2] == "Rooms behind the shed"
    assert "Men on the farm" not in paragraphs


def test_a_class_that_sounds_like_furniture_does_not_cost_the_article() -> None:
    article = article_of(
        f"{HEAD}<body class='has-sidebar'><div class='comment share'><h1>A</h1>{STORY}</div></body>"
    )
    assert "24 North Korean men" in article.text


def test_the_outlets_selectors_stand_before_the_general_way() -> None:
    selectors = Selectors(
        title=(".t",), body=(".none", ".b"), published=(".d",), author=(".w",), remove=(".b .x",)
    )
    source = OUTLET.model_copy(update={"selectors": selectors})
    html = (
        "<html><body><h1>Outlet</h1><i class=t>Men on the farm</i><i class=d>27 February 2024</i>"
        "<i class=w>Kim Ara</i>"
        f"<p>{'Another story of the day stands here and is longer than ours. ' * 20}</p>"
        f"<div class=b>{STORY}<p class=x>Our readers send us some 40 letters each week about work.</p></div>"
        "</body></html>"
    )
    article = article_of(html, source)
    assert article.title == "Men on the farm"
    assert article.published == date(2024, 2, 27)
    assert article.authors == ("Kim Ara",)
    assert len(article.text.split("\n\n")) == 2


@pytest.mark.parametrize(
    ("lang", "text", "language"),
    [
        ("de-DE", "", "de"),
        ("", "", "en"),
        ("en", "북한 노동자 스물네 명이 농장에 왔다고 주인이 말했다. " * 20, "ko"),
    ],
)
def test_the_language_is_the_pages_own(lang: str, text: str, language: str) -> None:
    html = in_page(STORY + f"<p>{text}</p>").replace('lang="en"', f'lang="{lang}"')
    assert article_of(html).language == language


def test_each_sample_page_gives_its_own_article() -> None:
    source = next(s for s in SOURCES if s.sample)
    site = build_site()
    for written in load_articles():
        path = next(p for p in site.resources if p.rstrip("/").endswith(f"/{written.id}"))
        resource = site.resources[path]
        page = Page(f"{ORIGIN}{path}", resource.content, resource.content_type, FETCHED_AT)
        article = parse(replace(page, fetched_at=datetime(2027, 1, 1, tzinfo=UTC)), source, SOURCES)
        assert article.text.split("\n\n") == ["\n".join(b.lines) for b in written.blocks], written.id
        assert (article.title, article.authors) == (written.title, (written.author,))
        assert (article.published, article.origin_source_id) == (written.published.date(), None)


@pytest.mark.parametrize(
    ("announced", "day", "evidence"),
    [
        (
            "feed published: Tue, 27 Feb 2024 20:00:00 +0000",
            date(2024, 2, 28),
            "feed published: Tue, 27 Feb 2024",
        ),
        ("sitemap published: 2024-02-26", date(2024, 2, 26), "sitemap published: 2024-02-26"),
        ("feed published: yesterday", date(2024, 2, 25), "visible: 25 Feb 2024"),
        (None, date(2024, 2, 25), "visible: 25 Feb 2024"),
    ],
)
def test_the_day_of_an_announcement_is_the_outlets_own_and_goes_before_what_is_seen(
    announced: str | None, day: date, evidence: str
) -> None:
    html = f"<html><body><article><h1>Men on the farm</h1><p>25 Feb 2024</p>{STORY}</article></body></html>"
    page = replace(page_of(html.encode()), announced=announced)
    read = parse(page, OUTLET.model_copy(update={"timezone": "Asia/Seoul"}))
    assert read.published == day
    assert (read.date_evidence or "").startswith(evidence)


def test_the_day_that_a_page_states_goes_before_the_announcements() -> None:
    page = replace(
        page_of(in_page(STORY).encode()), announced="feed published: Fri, 01 Mar 2024 00:00:00 GMT"
    )
    assert parse(page, OUTLET).published == date(2024, 2, 27)


@pytest.mark.parametrize("path", ["/", "/archive/page/1/"])
def test_a_page_of_teasers_is_no_article(path: str) -> None:
    payload = build_site().resources[path].content
    with pytest.raises(ParseError) as stopped:
        parse(page_of(payload, f"{ORIGIN}{path}"), OUTLET)
    assert stopped.value.outcome == "no_article"


# Identity and addresses


@pytest.mark.parametrize(
    ("href", "canonical"),
    [
        ("https://outlet.example/b?utm_source=x&id=3&fbclid=9#part", "https://outlet.example/b?id=3"),
        ("/b", "https://outlet.example/b"),
        ("https://www.outlet.example/b", "https://www.outlet.example/b"),
        ("https://elsewhere.example/b", "https://outlet.example/a"),
        ("javascript:alert(1)", "https://outlet.example/a"),
        ("http://[", "https://outlet.example/a"),
    ],
)
def test_the_canonical_address_is_plain_and_of_the_same_host(href: str, canonical: str) -> None:
    html = in_page(STORY).replace("<title>", f'<link rel="canonical" href="{href}"><title>')
    assert article_of(html).canonical_url == canonical


def test_an_article_keeps_its_id() -> None:
    numbered = in_page(STORY).replace("<body>", '<body class="single postid-77">')
    assert (
        article_of(numbered, url="https://outlet.example/a").id
        == article_of(numbered, url="https://outlet.example/?p=77").id
    )
    plain = in_page(STORY)
    assert article_of(plain).id == article_of(plain, url="https://outlet.example/a?utm_source=feed#top").id
    assert article_of(plain).id != article_of(plain, url="https://outlet.example/b").id


def test_a_saved_page_is_named_by_its_file() -> None:
    html = (
        in_page(STORY)
        .replace("<title>", '<link rel="canonical" href="https://other.example/x"><title>')
        .encode()
    )
    first, again = (parse(page_of(html, None, "a/b.html"), INBOX) for _ in range(2))
    assert first == again
    assert first.url is None
    assert first.id == parse(page_of(html, "inbox:a/b.html"), INBOX).id
    assert first.id != parse(page_of(html, None, "b.html"), INBOX).id


# Origin


@pytest.mark.parametrize(
    ("credit", "origin"),
    [
        ("Republished from Daily NK", "dailynk-en"),
        ("This article was originally published by NK News.", "nknews"),
        ("Source: Yonhap News Agency", "yonhap-en"),
        ("© 2024 Daily NK", "dailynk-en"),
        ("By Yonhap", "yonhap-en"),
        ("(Yonhap)", "yonhap-en"),
        ("Daily NK works with a network of sources in several countries.", "dailynk-en"),
        ("출처: 데일리NK", "dailynk-ko"),
        ("Photo: Yonhap", None),
        ("Daily NK reported in 2021 that eleven men had fled from a site in Moscow.", None),
        ("The crews, Yonhap said, were flown out by night in the spring of last year.", None),
        ("Source: the ministry of labour", None),
        ("By Yonhapson", None),
    ],
)
def test_a_credit_names_the_origin_and_a_citation_does_not(credit: str, origin: str | None) -> None:
    assert article_of(in_page(f"{STORY}<p>{credit}</p>")).origin_source_id == origin


def test_an_outlets_own_credit_is_no_origin() -> None:
    own = next(s for s in SOURCES if s.id == "dailynk-en")
    html = in_page(f"{STORY}<p>By Daily NK</p>")
    assert article_of(html, own, "https://www.dailynk.com/english/a/").origin_source_id is None


def test_the_parsers_version_is_a_hash_of_what_it_depends_on() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", parser_version())
    assert parser_version.__wrapped__() == parser_version()
    names = {p.name for p in FOLDER.iterdir()} - NOT_PARSING
    assert {"html.py", "chrome.csv", "sources.toml", "page.py"} <= names
    assert not {"fetch.py", "guard.py", "discover.py"} & names
