"""An article whose figures are marked in its text becomes a gold file, or a message that says why not."""

from __future__ import annotations

import pytest

from training.markup import BadMark, annotated, articles_of, unmark

HEADING = "x-01 | 2024-02-27 | A title"
TEXT = (
    "China sent home [[some 200 | Rd | CHN | textiles | 2024-02-01..2024-02-29]] women, "
    "[[eleven | Rd | CHN | - | 2024-02-01..2024-02-29 | of 1]] of them cooks.\n\n"
    "In the Gulf [[between 300 and 500 builders | Pd | gulf | construction | ..2024-03-31]] remain.\n"
)


def test_marks_become_figures_and_leave_the_text() -> None:
    record, text = annotated(HEADING, TEXT)
    assert text.startswith("China sent home some 200 women, eleven of them cooks.\n\nIn the Gulf between 300")
    first, second, third = record["figures"]
    assert (first["low"], first["hedge"], first["measure"], first["status"]) == (
        200,
        "about",
        "repatriation",
        "done",
    )
    assert (first["countries"], first["sectors"], first["period_end"]) == (
        ["CHN"],
        ["textiles"],
        "2024-02-29",
    )
    assert (second["part_of"], second["sectors"]) == (0, [])
    assert (third["low"], third["high"], third["region"], third["countries"]) == (300, 500, "gulf", [])
    assert (third["period_start"], third["period_end"]) == (None, "2024-03-31")
    assert first["quote"] == "China sent home some 200 women, eleven of them cooks."


def test_bounds_may_be_told() -> None:
    text = "Russia took [[a busload | Dd | RUS | - | - | = 36..60 range]] of workers."
    (figure,) = annotated(HEADING, text)[0]["figures"]
    assert (figure["low"], figure["high"], figure["hedge"]) == (36, 60, "range")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[Nine | Xd | CHN | - | -]] left.", "no measure and status: 'Xd'"),
        ("[[Nine | Rd | CHI | - | -]] left.", "no country or region: 'CHI'"),
        ("[[Nine | Rd | CHN | cooking | -]] left.", "no sector: 'cooking'"),
        ("[[Nine | Rd | CHN | - | 2024]] left.", "no period: '2024'"),
        ("[[Nine | Rd | CHN | - | 2024-02-30..]] left.", "no period: '2024-02-30..'"),
        ("[[Nine | Rd | CHN | - | 2024-03-01..2024-02-01]] left.", "ends before it starts"),
        ("[[They | Rd | CHN | - | -]] left.", "0 counts read in 'They'"),
        ("[[Nine | Rd | CHN | -]] left.", "needs act, hosts, sectors and period"),
        ("[[Nine | Rd | CHN | - | - | part 1]] left.", "cannot read ['part 1']"),
        ("[[Nine | Rd | CHN | - | - | of 4]] left.", "part of none"),
        ("[[Nine | Rd | CHN | - | - | of 1]] left.", "part of itself"),
        (
            "[[Nine | Rd | CHN | - | -]] left. [[Two | Dd | CHN | - | - | of 1]] came.",
            "part of another measure",
        ),
        ("[[Nine | Rd | CHN | - | -]] left. [[Nine | Rd | CHN | - | -]] went.", "mark it once"),
        ("[[Nine | Rd | CHN | - | - left.", "a mark that is not closed"),
    ],
)
def test_a_wrong_mark_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadMark) as refused:
        annotated(HEADING, text)
    assert says in str(refused.value)


def test_a_heading_names_id_day_and_title() -> None:
    with pytest.raises(BadMark, match="heading is not"):
        annotated("x-01 | 2024-02-27", "Nine left.")


def test_a_file_holds_many_articles() -> None:
    told = f"=== {HEADING}\nNine left.\n\n=== x-02 | 2024-02-28 | Another\nTen left.\n"
    assert [heading for heading, _ in articles_of(told)] == [HEADING, "x-02 | 2024-02-28 | Another"]


def test_places_of_marks_are_those_of_the_plain_text() -> None:
    text, marks = unmark(TEXT)
    assert [text[mark.start : mark.end] for mark in marks] == [
        "some 200",
        "eleven",
        "between 300 and 500 builders",
    ]
