"""A count wording gives its bounds and hedge, and a number that measures something else gives nothing."""

from typing import Any

import pytest

from orchestration.extraction.counts import Count, find_counts, find_numbers
from orchestration.extraction.text import tokenize
from tests.case_files import load_cases


def counts(text: str) -> list[Count]:
    return [count for count in find_counts(text, 0, len(text)) if not count.singular]


def open_counts(text: str) -> list[tuple[int | None, int | None, str]]:
    """Bounds and hedge of the numbers that their form does not prove to count no people."""
    found = [c for c in find_numbers(tokenize(text, 0, len(text))) if c.is_open and not c.singular]
    return [(c.low, c.high, str(c.hedge)) for c in found]


def reasons(text: str) -> set[str | None]:
    return {number.reason for number in find_numbers(tokenize(text, 0, len(text))) if not number.singular}


@pytest.mark.parametrize("case", load_cases("counts"), ids=lambda case: case["text"])
def test_counts(case: dict[str, Any]) -> None:
    if "reason" in case:
        assert reasons(case["text"]) == {case["reason"]}
    elif "hedge" in case or "counts" in case:
        one = [case.get("low"), case.get("high"), case.get("hedge")]
        assert open_counts(case["text"]) == [tuple(count) for count in case.get("counts", [one])]
    else:
        assert reasons(case["text"]) == set()


def test_the_span_covers_hedge_and_number_and_the_extent_the_noun_phrase() -> None:
    text = "They sent some 60 to 70 young workers home."
    (count,) = counts(text)
    assert text[count.span.start : count.span.end] == "some 60 to 70"
    assert text[count.extent.start : count.extent.end] == "some 60 to 70 young workers"


def test_a_hedge_belongs_to_the_number_it_stands_before() -> None:
    found = counts("some 50,000 in China and 30,000 in Russia")
    assert [str(c.hedge) for c in found] == ["about", "exact"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("40 workers left", "worker"),
        ("40 of them left", "elided"),
        ("another 40 left", "elided"),
        ("40 North Koreans left", "person"),
        ("40 managers left", "official"),
        ("a second team of 40 left", "group"),
        ("40 work permits were issued", "permit"),
        ("40 tightrope walkers left", "person"),
    ],
)
def test_a_head_is_what_is_counted(text: str, kind: str) -> None:
    assert counts(text)[-1].head.kind == kind


def test_a_trade_names_its_sector() -> None:
    assert counts("40 loggers left")[0].head.sector == "logging"


def test_of_the_62_refers_to_a_count_told_before() -> None:
    assert [c.reference for c in counts("Three of the 62 are minders")] == [False, True]


def test_three_of_them_is_partitive() -> None:
    assert counts("Three of them are minders")[0].partitive


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("paid $200", "money"),
        ("30 percent", "share"),
        ("12 hours", "time"),
        ("12 buses", "thing"),
        ("Resolution 2397 says", "label"),
        ("aged 22 and up", "age"),
        ("200 a day", "rate"),
        ("40 tourists", "not_workers"),
        ("40 deaths", "harm"),
    ],
)
def test_a_number_that_counts_no_people_says_why(text: str, reason: str) -> None:
    assert [n.reason for n in find_numbers(tokenize(text, 0, len(text)))] == [reason]
