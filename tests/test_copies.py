"""A story that another outlet prints again is a copy, and its origin is the outlet that had it first."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from orchestration.scraping.copies import Copy, Signed, find_copies, sign

STORY = (
    "Some forty North Korean builders left the dormitory on the river before dawn, a guard at the gate said. "
    "They carried two bags each and were counted twice, once at the door and once beside the bus. "
    "The firm that hired them did not answer questions about where they were taken, nor who would follow. "
    "Neighbours said that another group had come in spring and gone home in the autumn of the same year."
)
OTHER = (
    "The ministry of labour published its yearly table of permits, in which the North stands at zero. "
    "Officials pointed to the resolution of the council, which asked all members to send them home in time. "
    "Visas for study have grown in the same time, and so has the number of those who ask for a second year."
)
NOON = datetime(2024, 3, 1, 12)


def signed(
    name: str, text: str = STORY, day: int = 1, source: str = "", credits: str | None = None
) -> Signed:
    signature = sign(text)
    assert signature
    return Signed(name, f"article-{name}", name, date(2024, 3, day), NOON, credits, signature)


def pairs(found: list[Copy]) -> list[tuple[str, str]]:
    return [(copy.version_id, copy.origin_version_id) for copy in found]


def test_the_same_text_in_another_outlet_is_a_copy_of_the_earlier_one() -> None:
    assert pairs(find_copies([signed("late", day=2), signed("early", day=1)], {})) == [("late", "early")]


@pytest.mark.parametrize(
    "text",
    [
        STORY.upper(),
        STORY.replace(". ", ".\n\n"),
        STORY.replace("Some forty", "Forty") + " (Editing by the desk)",
        STORY.replace("beside the bus", "by the bus"),
    ],
    ids=["in capitals", "other paragraphs", "a credit line and a word less", "one word edited"],
)
def test_small_edits_leave_a_copy_a_copy(text: str) -> None:
    assert pairs(find_copies([signed("a", day=1), signed("b", text, day=2)], {})) == [("b", "a")]


def test_another_story_is_none() -> None:
    assert find_copies([signed("a"), signed("b", OTHER)], {}) == []


def test_a_story_that_quotes_half_of_another_is_none() -> None:
    half = STORY[: len(STORY) // 2] + " " + OTHER
    assert find_copies([signed("a"), signed("b", half)], {}) == []


def test_what_credits_another_outlet_is_not_the_origin_though_it_came_first() -> None:
    texts = [signed("a", day=1, credits="b"), signed("b", day=2)]
    assert pairs(find_copies(texts, {})) == [("a", "b")]


def test_of_one_day_the_outlet_that_prints_others_comes_second() -> None:
    texts = [signed("a"), signed("b")]
    assert pairs(find_copies(texts, {"a": ("b",)})) == [("a", "b")]


def test_all_copies_of_a_story_have_one_origin() -> None:
    texts = [signed(name, day=day) for day, name in enumerate(("one", "two", "three", "four"), start=1)]
    assert {origin for _, origin in pairs(find_copies(texts[::-1], {}))} == {"one"}


def test_two_texts_of_one_article_are_no_copies() -> None:
    one, two = signed("v1"), signed("v2", day=2)
    again = Signed("v2", one.article_id, one.source_id, two.published, NOON, None, two.signature)
    assert find_copies([one, again], {}) == []


@pytest.mark.parametrize("text", ["", "Nine workers left.", "word " * 29, "\x00\udcff"])
def test_a_short_text_is_like_none(text: str) -> None:
    assert sign(text) is None


def test_a_text_of_any_letters_is_signed() -> None:
    assert sign("노동자 아홉 명이 떠났다 " * 10 + "\U0001f600") is not None
