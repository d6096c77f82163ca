"""What resolution makes of what the reader says: repeats, loose and precise tellings, parts, hosts unsaid."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from orchestration.extraction.extract import read_article
from orchestration.records import Article, Figure, Measure
from tests.case_files import load_cases
from tests.stand_in import Says, stand_in

CASES = load_cases("resolution")


def said(told: dict[str, Any]) -> Says:
    return Says(**told | {"measure": Measure(told["measure"])})


def line(figure: Figure, figures: tuple[Figure, ...]) -> str:
    """A figure as the cases write it."""
    hosts = ",".join(figure.countries) or figure.region or "-"
    whole = f" < {figures[figure.part_of].low}" if figure.part_of is not None else ""
    return f"{figure.low} {figure.measure} {hosts}{whole}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:60])
def test_the_figures_of_what_is_said(case: dict[str, Any]) -> None:
    read = stand_in({words: said(told) for words, told in case["says"].items()})
    figures = read_article(Article("a", "", date(2024, 2, 27), case["text"]), read).figures
    assert [line(figure, figures) for figure in figures] == case["figures"]
