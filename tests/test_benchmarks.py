"""What `make bench` measures is what it says, and it says it in one line each."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.archives import RELATED, mixed_pages
from benchmarks.articles import LONGEST, SHORTEST, annotated_news, home_news, world_news
from benchmarks.checks import CHECKS, Result
from benchmarks.pages import FETCHED_AT, MENUS, UNKNOWN, press_pages, saved_pages, speed_ratio
from orchestration.extraction.extract import study
from orchestration.extraction.jsonl import parse_article
from orchestration.scraping.page import Page
from orchestration.scraping.parse import read_page
from tests.conftest import ROOT
from tests.stand_in import silent


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_news_of_the_world_never_names_north_korea() -> None:
    assert not any(study(parse_article(line), silent).is_of_home for line in world_news(30))


def test_news_of_north_korea_names_it_and_counts_no_people() -> None:
    for line in home_news(30):
        told = study(parse_article(line), silent)
        assert told.is_of_home
        assert not any(passage.open_counts for passage in told.passages)
        assert any(passage.numbers for passage in told.passages)


def test_articles_are_as_long_as_those_of_the_press() -> None:
    for line in (*world_news(30), *home_news(30)):
        assert SHORTEST <= len(parse_article(line).text.split()) <= LONGEST + 40


def test_the_annotated_articles_come_as_often_as_asked() -> None:
    lines = list(annotated_news(3))
    assert [parse_article(line).id for line in lines] == sorted(parse_article(line).id for line in lines)


def test_a_made_page_is_of_the_press_and_is_read() -> None:
    texts = [parse_article(line).text for line in home_news(len(MENUS))]
    for text, page in zip(texts, press_pages(texts), strict=True):
        assert 30_000 < len(page) < 120_000
        read = read_page(Page("https://unknown.example/a", page, "text/html", FETCHED_AT), UNKNOWN)
        assert read.published is not None
        assert read.text.split()[:50] == text.split()[:50]


def test_both_readers_of_pages_are_measured() -> None:
    assert 0.05 < speed_ratio(saved_pages()[:2], 0.05) < 50


def test_a_check_prints_a_line_for_programs() -> None:
    told = bench("--only", "world", "--seconds", "0.05", "--json")
    (line,) = told.stdout.splitlines()
    record = json.loads(line)
    assert record["measured"] > 0
    assert told.returncode == (0 if record["ok"] else 1)


def test_help_names_every_check() -> None:
    told = bench("--help").stdout
    assert all(name in told for name in CHECKS)


@pytest.mark.parametrize(
    ("measured", "is_least", "verdict"), [(2, True, "ok"), (0.5, True, "NOT OK"), (0.5, False, "ok")]
)
def test_a_line_says_whether_it_is_as_wanted(measured: float, is_least: bool, verdict: str) -> None:
    assert Result("speed", "m/s", 1, is_least, measured).told().startswith(verdict)


def test_what_could_not_be_measured_is_not_ok() -> None:
    result = Result("speed", "m/s", 1, True, problem="no model")
    assert not result.is_ok
    assert "not measured: no model" in result.told()


def test_an_archive_of_one_seed_is_the_same_each_time() -> None:
    first, again, other = (list(mixed_pages(5, 2, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert sum(url.startswith(RELATED) for url, _ in first) == 2
