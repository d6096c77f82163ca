"""Any text at all gives figures or none: nothing crashes, and four times the text is four times the work.

Work is compared with work, never with a clock's limit: a slow machine fails no test.
"""

from __future__ import annotations

import gc
import importlib
import json
import pkgutil
import re
import time
from collections import deque
from collections.abc import Callable
from datetime import date
from inspect import getsource

import pytest

from orchestration import extraction
from orchestration.extraction.extract import read_article
from orchestration.extraction.jsonl import extract_lines
from orchestration.records import Article
from tests.stand_in import assert_true_to_text, believing, silent

NAMED = "North Korea sent workers. "
"""So that a text is read at all."""
TIMES, MOST = 4, 8
"""So many times the text may take less than so many times as long."""
STEADY_SECONDS = 0.02
LONGEST = 400_000

PIECES = {
    "numbers": "12 ", "counts": "1,200 workers ", "single people": "a worker ", "digits": "7",
    "groups of digits": "1,", "decimals": "1.", "spaced digits": "100 000 ", "ranges": "5-", "tildes": "5~",
    "open ranges": "5 to ", "between": "between 1 and ", "halves": "half a ", "scales": "hundred ",
    "parts": "one of the ", "teams": "three teams of ", "sized teams": "teams of 5 ", "plus": "5-plus ",
    "respectively": "1 and 2 respectively ", "times": "12:", "strokes": "1/", "sums": "$5 ",
    "percentages": "5 percent ", "resolutions": "resolution 5, ", "thousands": "5k ", "articles": "a ",
    "places": "Qatar ", "home": "North Korea ", "capitals": "NORTH ", "initials": "N. ",
    "dates": "in March 2019 ", "months": "March ", "governors": "since ", "years": "2019 ", "spans": "2019-",
    "that year": "that year ", "headings": "2016 — ", "brackets": "( [ { ", "closing": ") ] } ",
    "quotes": "“ ", "straight quotes": '" ', "guillemets": "« ", "all quotes": "“«„\"", "quoted": "“a” b. C ",
    "quotes left open": "“a\n", "apostrophes": "'", "possessives": "'s ", "hyphens": "-", "commas": ",",
    "full stops": ".", "short sentences": "A. ", "abbreviations": "U.S. ", "stars": "* ", "spaces": " ",
    "lines": "\n", "spaced lines": "\n ", "line separators": "\u2028", "returns": "\r\n", "said": "said, ",
    "according": "according to ", "Hangul": "노동자 ", "emoji": "😀", "joined emoji": "👩\u200d🌾",
    "combining marks": "e\u0301", "only marks": "\u0301", "NUL": "\0", "half characters": "\ud800",
    "right to left": "\u202e", "Roman digits": "Ⅷ", "raised digits": "²", "Arabic digits": "٣ ",
    "Kelvin signs": "K", "fractions": "½ ", "underscores": "_",
}  # fmt: skip


def article(text: str, title: str = "", published: date | None = date(2024, 3, 1)) -> Article:
    return Article("a", title, published, text)


def seconds(work: Callable[[str], object], text: str) -> float:
    """The processor's time: other processes do not lengthen it, nor what other tests left to collect."""
    gc.disable()
    try:
        begun = time.process_time()
        work(text)
        return time.process_time() - begun
    finally:
        gc.enable()


def assert_linear(
    work: Callable[[str], object],
    piece: str,
    before: str = "",
    after: str = "",
    steady: float = STEADY_SECONDS,
    longest: int = LONGEST,
) -> None:
    """Doubles the text until the work can be measured; compares with TIMES as much, and that with its like.

    One step up is a text that no longer fits the processor's cache; what is not linear climbs at both.
    """
    size = 2000
    while seconds(work, before + piece * (size // len(piece)) + after) < steady and size < longest:
        size *= 2
    ratios: list[float] = []
    for least in (size, TIMES * size):
        short, long = (before + piece * (many * least // len(piece)) + after for many in (1, TIMES))
        for _ in range(5):
            ratios.append(seconds(work, long) / max(seconds(work, short), steady / 2))
            if ratios[-1] < MOST:
                return
    raise AssertionError(f"{piece!r} at {size} characters: {ratios}")


class TestAnyText:
    @pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
    def test_one_piece_over_and_over_is_read_in_linear_time(self, piece: str) -> None:
        assert_linear(lambda text: read_article(article(text), silent), piece, NAMED)

    @pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
    def test_figures_are_true_to_the_text_and_to_dates(self, piece: str) -> None:
        text = (NAMED + piece * 40 + " In May 300 builders left Qatar. ") * 2
        for published in (None, date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)):
            for figure in read_article(article(text, piece * 9, published), believing).figures:
                assert_true_to_text(figure, text)

    def test_a_sentence_of_fifty_thousand_words_is_read_to_its_end(self) -> None:
        text = NAMED[:-2] + " and some of them" * 12_500 + " and 300 builders went to Qatar"
        (figure,) = read_article(article(text), believing).figures
        assert (figure.low, figure.countries) == (300, ("QAT",))
        assert_true_to_text(figure, text)

    def test_a_hundred_thousand_places_are_read(self) -> None:
        text = NAMED + "Qatar, " * 100_000 + "and 300 builders work in Qatar."
        (figure,) = read_article(article(text), believing).figures
        assert figure.countries == ("QAT",)

    @pytest.mark.parametrize("piece", ["a", "7", " ", "\n", "노동자", "😀" * 50 + " ", "Moscow. "])
    def test_five_megabytes_are_taken(self, piece: str) -> None:
        text = piece * (5_000_000 // len(piece.encode()))
        assert read_article(article(text, text), silent).outcome == "no_figures"

    def test_a_text_that_is_empty_has_no_figures(self) -> None:
        assert read_article(article(""), silent).outcome == "no_figures"
        assert read_article(article("", "North Korea"), believing).outcome == "no_figures"


class TestAnyLine:
    @pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
    def test_a_line_that_is_written_is_read(self, piece: str) -> None:
        text = NAMED + piece * 40 + " In May 300 builders left Qatar."
        for ascii_only in (True, False):
            line = json.dumps({"id": piece, "text": text}, ensure_ascii=ascii_only)
            for told in extract_lines([line], read=believing):
                assert "error" not in json.loads(told)

    @pytest.mark.parametrize(
        "line",
        ["[" * 100_000, '{"a":' * 100_000, '"' * 100_000, "1" * 100_000, "\ud800", "\0", '{"id": "\ud800"}'],
    )
    def test_a_line_that_is_no_article_is_told(self, line: str) -> None:
        errors: list[int] = []
        (told,) = extract_lines([line], errors)
        assert "error" in json.loads(told)
        assert errors == [1]


def patterns() -> dict[str, tuple[re.Pattern[str], bool]]:
    """Every compiled expression of the extractor's modules, and whether it searches or only matches."""
    found = {}
    for module in pkgutil.walk_packages(extraction.__path__, f"{extraction.__name__}."):
        loaded = importlib.import_module(module.name)
        for name, value in vars(loaded).items():
            if isinstance(value, re.Pattern):
                searches = re.search(rf"\b{name}\.(?:finditer|findall|search|sub|split)\(", getsource(loaded))
                found[f"{module.name.rpartition('.')[2]}.{name}"] = (value, searches is not None)
    return found


def characters(pattern: re.Pattern[str]) -> list[str]:
    """What an expression is written with, and one of each class it may name."""
    return sorted({*pattern.pattern} - {"\\"} | {*"a7 \n.,-\"'“”_A"})


class TestExpressions:
    def test_there_are_some(self) -> None:
        assert len(patterns()) > 5

    @pytest.mark.parametrize(("pattern", "searches"), patterns().values(), ids=patterns())
    def test_none_backtracks_on_its_own_characters(self, pattern: re.Pattern[str], searches: bool) -> None:
        def run(text: str) -> None:
            deque(pattern.finditer(text) if searches else (pattern.match(text),), maxlen=0)

        known = characters(pattern)
        pairs = [first + second for first, second in zip(known, known[1:] + known[:1], strict=True)]
        for piece in known + pairs:
            for after in ("", "x", "\0"):
                assert_linear(run, piece, after=after, steady=0.001, longest=20_000)
