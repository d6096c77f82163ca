"""Pages are stopped by their bytes where they cannot hold a figure, and never where one is found."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import date

import pytest

from orchestration.extraction.extract import extract_figures
from orchestration.home import ROOT
from orchestration.reading.prefilter import covering, passes
from orchestration.records import Article
from orchestration.sample_outlet.articles import load_articles
from tests.archives import page

SENTENCE = "North Korea has sent 120 workers to Oman, an official said."


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        SENTENCE.upper(),
        "<b>North</b>&nbsp;Korean labourers, 40 of them, came home.",
        "North\nKorea’s 300 waitresses",
        "The D.P.R.K. sent 50 loggers.",
        "The <i>D. P. R. K.</i> sent 50 loggers.",
        "Pyongyang has 20 nurses there.",
        "P&#39;yongyang has 20 nurses there.",
        "The North has 20 nurses there.",
        "North Korea sent 450 to Qatar in March.",
        "Pyongyang plans to send 15,000 to Russia this year.",
        "North Korea brought home 300 from Kuwait last year.",
        "&#78;orth &#75;orea has 20 nurses",
        "No&shy;rth Ko&shy;rea has 20 nur&shy;ses",
        r"\u004eorth \u004borea has 20 nurses",
        "Crane&nbsp;operators from Sinuiju, ten of them",
    ],
)
def test_a_page_that_may_hold_a_figure_is_let_through(text: str) -> None:
    assert passes(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "The council approved 20 benches and 30 workers will build them.",
        "Snow fell in the hills.",
        "",
        "Northern workers were paid.",
    ],
)
def test_a_page_that_cannot_is_stopped(text: str) -> None:
    assert not passes(text.encode())


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16-be", "utf-32", "euc-kr", "windows-1252"])
def test_in_whatever_it_is_written(charset: str) -> None:
    assert passes(page("Oman", [SENTENCE]).encode(charset))


@pytest.mark.parametrize(
    "text", ["North Korea sent 450 to Qatar in March.", "North Korea brought home 300 from Kuwait last year."]
)
def test_a_count_without_a_noun_is_a_figure_and_its_page_passes(text: str) -> None:
    assert extract_figures(Article("a", "Qatar", date(2024, 3, 1), text))
    assert passes(text.encode())


WRAPPINGS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "escaped": lambda text: html.escape(text).encode(),
    "hard spaces": lambda text: text.replace(" ", "&nbsp;").encode(),
    "one word a tag": lambda text: " ".join(f"<span>{word}</span>" for word in text.split(" ")).encode(),
    "lines": lambda text: text.replace(" ", "\r\n  ").encode(),
    "capitals": lambda text: text.upper().encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "json": lambda text: repr(text).encode(),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_article_of_the_sample_with_a_figure_passes(wrapping: str) -> None:
    stopped = [
        article.id
        for article in load_articles()
        if not passes(WRAPPINGS[wrapping](f"{article.title}\n{article.text}")) and has_figures(article.id)
    ]
    assert stopped == []


def has_figures(name: str) -> bool:
    (article,) = (a for a in load_articles() if a.id == name)
    return bool(extract_figures(Article(name, article.title, date(2026, 1, 1), article.text)))


def test_every_article_of_the_training_sets_with_a_figure_passes() -> None:
    """Only those that are stopped are read, to see that the extractor finds nothing in them."""
    stopped = []
    for path in sorted((ROOT / "training").glob("*/*.txt")):
        text = path.read_text(encoding="utf-8")
        if not passes(html.escape(text).encode()):
            article = Article(path.stem, "", date(2026, 1, 1), text)
            stopped += [path.stem] if extract_figures(article) else []
    assert stopped == []


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([("korea",), ("north", "korea")], [("korea",)]),
        ([("korea",), ("korean",)], [("korea",)]),
        ([("d", "p", "r", "k"), ("nk",)], [("d", "p", "r", "k"), ("nk",)]),
        ([("the", "north")], [("the", "north")]),
    ],
)
def test_the_fewest_words_cover_all_names(names: list[tuple[str, ...]], found: list[tuple[str, ...]]) -> None:
    assert covering(names) == found
