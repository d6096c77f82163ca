"""The pre-filter of archives lets through every page in which the extractor would judge a number."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.archives import sample_pages, unrelated_page
from benchmarks.pages import FETCHED_AT, UNKNOWN
from orchestration.extraction.extract import study
from orchestration.reading.prefilter import hyperscan_search, may_name_home, rust_search
from orchestration.reading.wordings import home_names, home_words
from orchestration.records import Article
from orchestration.scraping.page import Page, ParseError
from orchestration.scraping.parse import read_page
from tests.conftest import ROOT
from tests.stand_in import silent
from tests.wrappings import WAYS, wrapped

CORPORA = ("tests/gold", "training/articles", "training/fresh")
WRAPPED = 400


def articles() -> Iterator[tuple[str, str, str]]:
    """Name, title and text of every annotated article."""
    for folder in CORPORA:
        for path in sorted((ROOT / folder).glob("*.txt")):
            told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            yield path.name, told["title"], path.read_text(encoding="utf-8")


def is_of_home(title: str, text: str) -> bool:
    return study(Article("a", title, None, text), silent).is_of_home


def test_no_annotated_article_with_a_figure_is_dropped() -> None:
    dropped = [
        name
        for name, title, text in articles()
        if not may_name_home(f"<title>{title}</title><p>{text}".encode(), "text/html")
        and is_of_home(title, text)
    ]
    assert dropped == []


def test_no_page_of_the_sample_that_names_north_korea_is_dropped() -> None:
    for url, page in sample_pages():
        read = read_page(Page(url, page, "text/html", FETCHED_AT), UNKNOWN)
        assert may_name_home(page, "text/html") or not is_of_home(read.title, read.text), url


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/pages").glob("*/page.*")), ids=lambda path: path.parent.name
)
def test_no_saved_page_is_dropped(path: Path) -> None:
    with suppress(ParseError):
        read = read_page(Page(None, path.read_bytes(), None, FETCHED_AT, path=path.name), UNKNOWN)
        assert may_name_home(path.read_bytes(), None) or not is_of_home(read.title, read.text)


@pytest.mark.parametrize("seed", range(4))
def test_no_wrapping_hides_a_name(seed: int) -> None:
    """Whatever the parser reads a name out of, the pre-filter has let through."""
    chance = random.Random(seed)
    known = list(articles())
    of_home = 0
    for _ in range(WRAPPED // 4):
        name, title, text = chance.choice(known)
        page, kind = wrapped(title, "\n\n".join(text.split("\n\n")[:4]), chance)
        with suppress(ParseError):
            read = read_page(Page("https://a.example/a", page, kind, FETCHED_AT), UNKNOWN)
            if is_of_home(read.title, read.text):
                of_home += 1
                assert may_name_home(page, kind), (name, page)
    assert of_home > WRAPPED // 10


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_name_is_found_by_itself_in_each_way(way) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(3)
    for name in home_names():
        words = " ".join((*name.lead, *name.words)).replace(" . ", ".").replace(" .", ".").replace(" ' ", "'")
        text = f"Last year 40 of them left {words} for good, said two people who know of it."
        page = f"<html><body><article><p>{way(text, chance)}</p></article></body></html>".encode()
        read = read_page(Page("https://a.example/a", page, "text/html", FETCHED_AT), UNKNOWN)
        assert may_name_home(page, "text/html") or not is_of_home("", read.text), page


def test_unrelated_pages_are_dropped() -> None:
    chance = random.Random(5)
    assert not any(may_name_home(unrelated_page(chance), "text/html") for _ in range(100))


@pytest.mark.parametrize(
    "page",
    [
        "<p>South Korea sent 300 nurses to Germany.",
        "<p>The Democratic Party met people in the North of the country, and the North Sea.",
        "<p>A Communist rose in the South.",
        "<a href='/NK-1'>LINK</a>",
        "",
    ],
)
def test_what_is_of_another_country_is_dropped(page: str) -> None:
    assert not may_name_home(page.encode(), "text/html")


@pytest.mark.parametrize(
    "page", ["<p>in the North, 40 left", "<p>an NK crew of 12", "<p>a crew from N.K. of 12"]
)
def test_short_names_pass(page: str) -> None:
    assert may_name_home(page.encode(), "text/html")


def test_both_searches_say_the_same() -> None:
    fast, plain = hyperscan_search(), rust_search()
    chance = random.Random(11)
    known = list(articles())
    pages = [wrapped(title, text[:2000], chance)[0] for _, title, text in chance.sample(known, 150)]
    pages += [unrelated_page(chance) for _ in range(50)]
    assert [fast(page) for page in pages] == [plain(page) for page in pages]


def test_words_are_those_of_the_tables() -> None:
    assert {"Korea", "DPRK", "Pyongyang"} <= {*home_words()}
    assert not {"Province", "Island", "Republic", "North", "Mount"} & {*home_words()}


def test_the_largest_page_is_no_burden() -> None:
    for piece in (b"<", b"&#", b"Ko<", b'<a title="', b"<!--", b"\\u00", b"\xe2\x80"):
        may_name_home(b"Korea" + piece * (2_000_000 // len(piece)), "text/html")
