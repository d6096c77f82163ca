"""The publication day: what wordings and timestamps say, and which evidence wins."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestration.scraping.chrome import furniture
from orchestration.scraping.dates import (
    Candidate,
    Rank,
    choose,
    find_dates,
    is_date_line,
    label_before,
    read_stamp,
    url_candidates,
    visible_candidates,
)
from orchestration.scraping.tables import load_table
from tests.case_files import load_cases

SEOUL = ZoneInfo("Asia/Seoul")
FETCHED_AT = datetime(2024, 4, 19, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("case", load_cases("dates"), ids=lambda c: str(c["line"]))
def test_a_line_names_its_days_with_their_label(case: dict[str, Any]) -> None:
    found = list(find_dates(case["line"], SEOUL))
    assert [f.day.isoformat() for f in found] == case["days"]
    assert (label_before(case["line"], found[0].start) if found else None) == case["label"]
    assert is_date_line(case["line"], SEOUL) == case["only_date"]


@pytest.mark.parametrize("case", load_cases("chrome"), ids=lambda c: str(c["line"]))
def test_a_line_of_a_page_is_told_from_the_article(case: dict[str, Any]) -> None:
    assert furniture(case["line"]) == case["kind"]


@pytest.mark.parametrize(("name", "month"), load_table("months", ("name", "month")))
def test_every_month_of_the_table_is_read(name: str, month: str) -> None:
    assert read_stamp(f"5 {name} 2021", SEOUL) == date(2021, int(month), 5)


@pytest.mark.parametrize(("wording", "kind"), load_table("date_labels", ("wording", "kind")))
def test_every_label_of_the_table_is_read(wording: str, kind: str) -> None:
    line = f"{wording.capitalize()}: 2021-03-05"
    assert label_before(line, line.index("2021")) == kind


@pytest.mark.parametrize(
    ("wording", "match", "kind"), load_table("chrome", ("wording", "match", "kind")), ids=lambda v: str(v)
)
def test_every_wording_of_the_table_is_told(wording: str, match: str, kind: str) -> None:
    line = wording.replace("#", "12").upper()
    assert furniture(line if match == "line" else f"{line} " + "xyz" * (match == "start")) is not None


@pytest.mark.parametrize(
    ("stamp", "day"),
    [
        ("2024-02-26T22:10:00+00:00", date(2024, 2, 27)),
        ("2024-02-26T22:10:00Z", date(2024, 2, 27)),
        ("2024-02-26T22:10:00.123+0000", date(2024, 2, 27)),
        ("2024-02-26T22:10:00", date(2024, 2, 26)),
        ("2024-02-26 22:10:00 +0000", date(2024, 2, 27)),
        ("2024-02-27T00:10:00+09:00", date(2024, 2, 27)),
        ("2024-02-27", date(2024, 2, 27)),
        ("20240227", date(2024, 2, 27)),
        ("1708985400", date(2024, 2, 27)),
        ("1708985400000", date(2024, 2, 27)),
        ("Mon, 26 Feb 2024 22:10:00 GMT", date(2024, 2, 27)),
        ("Tuesday, February 27, 2024 - 09:00", date(2024, 2, 27)),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_timestamp_is_the_day_in_the_outlets_zone(stamp: str, day: date | None) -> None:
    assert read_stamp(stamp, SEOUL) == day


@pytest.mark.parametrize(
    ("url", "days"),
    [
        ("https://x.example/2024/02/27/crews", [date(2024, 2, 27)]),
        ("https://x.example/news/2024-02-27-crews", [date(2024, 2, 27)]),
        ("https://x.example/view/ABC20240227000100325", [date(2024, 2, 27)]),
        ("https://x.example/2024/02/crews-of-2023", []),
        ("https://x.example/a?d=2024/02/27", []),
        (None, []),
    ],
)
def test_an_address_may_spell_the_day(url: str | None, days: list[date]) -> None:
    assert [c.day for c in url_candidates(url)] == days


def test_the_best_evidence_wins_and_the_rest_is_passed_over() -> None:
    day = date(2024, 2, 27)
    candidates = [Candidate(rank, day.replace(day=1 + rank), rank.name) for rank in Rank]
    while candidates:
        winner = choose(reversed(candidates), FETCHED_AT)
        assert winner == candidates[0]
        candidates = candidates[1:]
    assert choose([], FETCHED_AT) is None


@pytest.mark.parametrize("day", [date(1989, 12, 31), date(2024, 4, 22), date(2099, 1, 1)])
def test_an_implausible_day_is_passed_over(day: date) -> None:
    better, worse = Candidate(Rank.JSON_LD, day, "ld"), Candidate(Rank.URL, date(2024, 4, 18), "url")
    assert choose([better, worse], FETCHED_AT) == worse
    assert choose([better], FETCHED_AT) is None


def test_a_day_ahead_by_a_zone_is_plausible() -> None:
    ahead = Candidate(Rank.META, date(2024, 4, 20), "meta")
    assert choose([ahead], FETCHED_AT) == ahead


def test_a_weekday_at_the_head_of_the_page_yields_to_any_other_date() -> None:
    lines = [("Friday, April 19, 2024", True), ("February 27, 2024 at 12:30PM", False)]
    winner = choose(visible_candidates(lines, SEOUL), FETCHED_AT)
    assert winner is not None
    assert (winner.day, winner.evidence) == (date(2024, 2, 27), "visible: February 27, 2024 at 12:30PM")


def test_a_day_of_change_yields_to_a_day_of_publication() -> None:
    lines = [("Updated 5 March 2024 | Published 27 February 2024", False)]
    winner = choose(visible_candidates(lines, SEOUL), FETCHED_AT)
    assert winner is not None
    assert winner.day == date(2024, 2, 27)
