"""A run says what is unlike an outlet's own habits, and nothing where nothing is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from orchestration.habits import Look, longest_silence, remarks

USUAL = Look(new=10, parsed=10, undated=0, without_article=0, length=2400)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (USUAL, []),
        (Look(0, 0, 0, 0, None), ["nothing new, where a look usually brings 10 articles"]),
        (Look(9, 9, 0, 0, 1100), ["texts are of 1,100 characters, where they usually have 2,400"]),
        (Look(9, 9, 0, 0, 1300), []),
        (Look(2, 2, 0, 0, 900), []),  # two short texts are chance
        (Look(9, 3, 6, 0, 2400), ["6 of 9 pages show no day of publication, where usually 0% do"]),
        (Look(9, 5, 0, 4, 2400), ["4 of 9 pages hold no article, where usually 0% do"]),
        (Look(9, 8, 1, 0, 2400), []),
    ],
)
def test_what_is_unlike_the_looks_before_is_said(now: Look, told: list[str]) -> None:
    assert remarks(now, [USUAL] * 5) == told


def test_a_few_looks_are_no_habit() -> None:
    assert remarks(Look(0, 0, 0, 0, None), [USUAL] * 3) == []


def test_an_outlet_that_is_often_silent_may_be_silent() -> None:
    looks = [Look(0, 0, 0, 0, None), Look(1, 1, 0, 0, 900)] * 4
    assert remarks(Look(0, 0, 0, 0, None), looks) == []


def test_an_outlet_whose_pages_often_have_no_day_may_have_none() -> None:
    assert remarks(Look(9, 4, 5, 0, 2400), [Look(9, 5, 4, 0, 2400)] * 5) == []


def days_of(*apart: int) -> list[date]:
    """Days of news so many days apart."""
    found = [date(2026, 1, 1)]
    for gap in apart:
        found.append(found[-1] + timedelta(gap))
    return found


@pytest.mark.parametrize(
    ("apart", "silent", "expected"),
    [
        ((1, 2, 1, 3), 7, None),
        ((1, 2, 1, 3), 8, 3),
        ((10, 20, 15, 12), 40, None),
        ((10, 20, 15, 12), 41, 20),
        ((1, 1, 1), 300, None),
        ((), 300, None),
    ],
    ids=["a week", "over a week", "twice", "over twice", "few days", "one day"],
)
def test_silence_is_measured_by_the_longest_before(
    apart: tuple[int, ...], silent: int, expected: int | None
) -> None:
    days = days_of(*apart)
    assert longest_silence(days, days[-1] + timedelta(silent)) == expected
