"""What the reader is taught: which count is which annotated figure, and what links it has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.extraction.attributes import sector_codes
from orchestration.extraction.reader.inference import FOLDER, TOKENIZER, encoder_tokenizer
from orchestration.extraction.reader.tensors import PERIOD, PLACE, WHOLE
from orchestration.extraction.reader.windows import Windows
from training.labels import IGNORED, MEASURES, Example, Gold, examples, is_right, load_gold

QUOTE = (
    "North Korea keeps about 900 builders in Qatar, 40 of them women, after it sent 120 to Doha in May 2023."
)
TEXT = f"{QUOTE}\nThe ministry paid 16 firms. The 900 sleep in Lusail, and hundreds are ill."
FIGURE = {
    "measure": "presence", "status": "done", "low": 900, "high": 900, "hedge": "about", "countries": ["QAT"],
    "region": None, "sectors": ["construction"], "period_start": None, "period_end": None, "part_of": None,
    "quote": QUOTE,
}  # fmt: skip
FIGURES = [
    FIGURE,
    FIGURE | {"low": 40, "high": 40, "hedge": "exact", "part_of": 0},
    FIGURE | {"measure": "dispatch", "low": 120, "high": 120, "hedge": "exact", "period_start": "2023-05-01",
              "period_end": "2023-05-31"},
]  # fmt: skip


@pytest.fixture
def gold(tmp_path: Path) -> Gold:
    told = {"id": "t1-01-doha", "title": "Doha", "published": "2024-02-27", "figures": FIGURES}
    (tmp_path / "t1-01-doha.json").write_text(json.dumps(told), encoding="utf-8")
    (tmp_path / "t1-01-doha.txt").write_text(TEXT, encoding="utf-8")
    (one,) = load_gold([tmp_path])
    return one


@pytest.fixture
def example(gold: Gold) -> Example:
    (one,) = examples(gold, Windows(encoder_tokenizer(FOLDER / TOKENIZER)))
    return one


def words(gold: Gold, example: Example) -> list[str]:
    return [gold.article.text[m.count.span.start : m.count.span.end] for m in example.window.judged]


def links(example: Example, kind: int, number: int) -> dict[Any, int]:
    return {key: label for (n, k, key), label in example.links.items() if (n, k) == (number, kind)}


def test_each_figure_finds_its_count(gold: Gold) -> None:
    assert gold.missed == []
    found = {gold.article.text[start:end]: index for (start, end), index in gold.aligned.items()}
    assert found == {"about 900": 0, "40": 1, "120": 2}


def test_a_count_is_taught_the_measure_of_its_figure_and_none_where_it_has_none(
    gold: Gold, example: Example
) -> None:
    told = dict(zip(words(gold, example), example.measures, strict=True))
    assert (told["about 900"], told["120"]) == (MEASURES.index("presence"), MEASURES.index("dispatch"))  # type: ignore[arg-type]


def test_a_number_told_again_is_taught_the_measure_and_the_host_but_no_status(
    gold: Gold, example: Example
) -> None:
    number = words(gold, example).index("900")
    assert example.measures[number] == MEASURES.index("presence")  # type: ignore[arg-type]
    assert example.statuses[number] == IGNORED
    assert links(example, PLACE, number)[("QAT",), None] == 1


def test_a_loose_telling_teaches_nothing(gold: Gold, example: Example) -> None:
    number = words(gold, example).index("hundreds")
    assert example.measures[number] == IGNORED
    assert is_right(gold, example.window.judged[number].count) == -1


def test_the_host_is_its_country_by_whatever_place(gold: Gold, example: Example) -> None:
    told = links(example, PLACE, words(gold, example).index("120"))
    assert told == {(("PRK",), None): 0, (("QAT",), None): 1}


def test_the_time_is_the_one_that_means_the_figure_s_period(gold: Gold, example: Example) -> None:
    assert set(links(example, PERIOD, words(gold, example).index("120")).values()) == {1}
    assert set(links(example, PERIOD, words(gold, example).index("about 900")).values()) == {0}


def test_the_whole_is_the_count_of_the_figure_that_it_is_part_of(gold: Gold, example: Example) -> None:
    counts = [gold.article.text[m.count.span.start : m.count.span.end] for m in example.window.counts]
    told = links(example, WHOLE, words(gold, example).index("40"))
    assert told[(counts.index("about 900"),)] == 1
    assert told[(counts.index("120"),)] == 0
    assert (counts.index("900"),) not in told


def test_sectors_are_taught_by_code(gold: Gold, example: Example) -> None:
    taught = example.sectors[words(gold, example).index("40")]
    assert taught is not None
    assert [code for code, label in zip(sector_codes(), taught, strict=True) if label] == ["construction"]
