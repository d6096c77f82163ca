"""Sentences with numbers near North Korea that are no figures: how many the extractor takes for one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from orchestration.extraction.extract import extract_figures
from orchestration.records import Article, Figure
from tests.case_files import load_cases

PUBLISHED = date(2024, 2, 27)
ALLOWED = 0.04
"""The share of the sentences that may give a figure."""


def figures(case: dict[str, Any]) -> list[Figure]:
    """The figures of a sentence that is read as an article of its own."""
    return extract_figures(Article("negative", "North Korea", PUBLISHED, case["text"]))


@pytest.fixture(scope="module")
def wrong() -> list[str]:
    """The sentences that give a figure, with the count that was taken for one and why it is none."""
    read = ((case, figures(case)) for case in load_cases("negatives"))
    return [f"{case['text']} [{found[0].count_text}; {case['why']}]" for case, found in read if found]


def test_few_sentences_without_a_figure_give_one(wrong: list[str]) -> None:
    total = len(load_cases("negatives"))
    report = f"{len(wrong)} of {total} sentences give a figure:\n" + "\n".join(wrong)
    print(report)
    assert len(wrong) <= ALLOWED * total, report


def test_no_sentence_is_told_twice() -> None:
    texts = [case["text"] for case in load_cases("negatives")]
    assert sorted(texts) == sorted(set(texts))
