"""The line of work that an article tells of most workers in a country."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.extraction.lexicon import load
from orchestration.extraction.passage import read_passages
from orchestration.extraction.sectors import Majority, main_sector, told_sectors
from orchestration.records import Article


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Most of the workers in Kuwait are builders.", {"KWT": ("construction",)}),
        (
            "The labourers in China are mainly employed in sewing and seafood processing.",
            {"CHN": ("seafood", "textiles")},
        ),
        ("The workers in Kuwait build houses.", {}),
        ("Most of the money in Kuwait goes into construction.", {}),
        ("Most of the workers are builders.", {}),
        ("Most of the workers from North Korea are builders.", {}),
        ("Most workers in Qatar build. Later most workers in Qatar sew.", {"QAT": ("construction",)}),
    ],
)
def test_a_sentence_about_most_workers_tells_their_work(text: str, told: dict[str, tuple[str, ...]]) -> None:
    assert told_sectors(read_passages(text)) == told


@pytest.mark.parametrize("row", load("majorities", Majority), ids=lambda row: row.wording)
def test_each_wording_speaks_of_most(row: Majority) -> None:
    text = f"In Kuwait {row.wording} the workers are builders."
    assert told_sectors(read_passages(text)) == {"KWT": ("construction",)}


@pytest.mark.parametrize(
    ("title", "text", "sector"),
    [
        ("Loggers in the taiga", "The timber camps are old. Logs are counted.", "logging"),
        ("Workers abroad", "Some build, some sew.", None),
        ("Workers abroad", "They are paid late.", None),
    ],
)
def test_an_article_may_speak_of_one_line_of_work(title: str, text: str, sector: str | None) -> None:
    assert main_sector(Article("a", title, date(2024, 1, 1), text), read_passages(text)) == sector
