"""A time expression gives its day range, read against the day of publication; anything else gives nothing."""

import time
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.extraction.lexicon import load
from orchestration.extraction.period_calendar import add_months
from orchestration.extraction.period_words import (
    Anaphor,
    Governor,
    Holiday,
    Name,
    Ordinal,
    Part,
    Pointer,
    RelativeDay,
    Third,
    Unit,
    Weekday,
)
from orchestration.extraction.periods import Period, find_periods
from tests.case_files import load_cases

PUBLISHED = date(2024, 2, 27)
MONTHS = [next(row.wording for row in load("months", Name) if row.month == month) for month in range(1, 13)]
LAST_OF_MONTH = {month: add_months(date(2023, month, 1), 1) - timedelta(1) for month in range(1, 13)}

years = st.integers(1950, 2090)
days = st.dates(date(1950, 1, 1), date(2090, 12, 31))


def read(
    text: str, published: date = PUBLISHED, *, planned: bool = False
) -> list[tuple[date | None, date | None]]:
    return [(p.start, p.end) for p in find_periods(text, 0, len(text), published, planned)]


def title(wording: str) -> str:
    """A wording as it stands in a text: its abbreviation's full stop joined, its first letter a capital."""
    joined = wording.replace(" .", ".").replace(" - ", "-").replace(" -", "-")
    return joined[0].upper() + joined[1:]


@pytest.mark.parametrize("case", load_cases("periods"), ids=lambda case: case["text"])
def test_periods(case: dict[str, Any]) -> None:
    found = read(case["text"], case.get("published", PUBLISHED), planned=case.get("planned", False))
    assert found == [tuple(period) for period in case["periods"]]


# Every row of the tables


@pytest.mark.parametrize("row", load("months", Name), ids=lambda row: row.wording)
def test_every_month_is_read(row: Name) -> None:
    assert read(f"in {title(row.wording)} 2023") == [(date(2023, row.month, 1), LAST_OF_MONTH[row.month])]
    assert read(f"on {title(row.wording)} 8, 2023") == [(date(2023, row.month, 8), date(2023, row.month, 8))]


@pytest.mark.parametrize("row", load("seasons", Name), ids=lambda row: row.wording)
def test_every_season_is_read(row: Name) -> None:
    ((start, end),) = read(f"in {row.wording} 2023")
    assert start == date(2022 if row.month == 12 else 2023, row.month, 1)
    assert end == add_months(start, 3) - timedelta(1)


@pytest.mark.parametrize("row", load("period_weekdays", Weekday), ids=lambda row: row.wording)
def test_every_weekday_is_read(row: Weekday) -> None:
    found = read(f"on {title(row.wording)}")
    assert len(found) == row.bare
    assert all(start is not None and start.weekday() == row.weekday for start, _ in found)
    assert read(f"on {title(row.wording)}, March 5, 2014") == [(date(2014, 3, 5), date(2014, 3, 5))]


@pytest.mark.parametrize("row", load("period_parts", Part), ids=lambda row: row.wording)
def test_every_part_is_read(row: Part) -> None:
    bounds = {(r.grain, r.third): r for r in load("period_spans", Third, ("grain", "third"))}
    first, last = bounds["month", row.first].first, min(30, bounds["month", row.last].last)
    text = f"{row.wording} June 2023".replace("- June", "-June").replace(" -", "-")
    assert read(text) == [(date(2023, 6, first), date(2023, 6, last))]


COUNTED_UNITS = [row for row in load("period_units", Unit) if row.unit not in ("weekend", "half")]


@pytest.mark.parametrize("row", COUNTED_UNITS, ids=lambda row: row.wording)
def test_every_unit_is_counted_back(row: Unit) -> None:
    ((start, end),) = read(f"over the past 2 {row.wording}")
    assert start is not None
    assert start < PUBLISHED == end


@pytest.mark.parametrize("row", load("period_pointers", Pointer), ids=lambda row: row.wording)
def test_every_pointer_is_read(row: Pointer) -> None:
    wanted = {"last": 2023, "this": 2024, "next": 2024}[row.turn]
    assert read(f"{row.wording} June") == [(date(wanted, 6, 1), date(wanted, 6, 30))]


@pytest.mark.parametrize("row", load("period_ordinals", Ordinal), ids=lambda row: row.wording)
def test_every_ordinal_is_read(row: Ordinal) -> None:
    wording = row.wording.replace(" - ", "-")
    if row.rank > 0 and row.wording != "opening":
        assert read(f"the {wording} of May 2023") == [(date(2023, 5, row.rank), date(2023, 5, row.rank))]
    else:
        wanted = date(2023, 5, 31 if row.rank < 0 else 1)
        assert read(f"the {wording} day of May 2023") == [(wanted, wanted)]


@pytest.mark.parametrize("row", load("period_days", RelativeDay), ids=lambda row: row.wording)
def test_every_relative_day_is_read(row: RelativeDay) -> None:
    day = PUBLISHED + timedelta(row.shift)
    assert read(f"They came {row.wording}.") == [(day, day)]


@pytest.mark.parametrize("row", load("period_holidays", Holiday), ids=lambda row: row.wording)
def test_every_holiday_is_read(row: Holiday) -> None:
    ((start, end),) = read(f"since {row.wording}")
    assert (start is not None and (start.month, start.day)) == (row.month, row.day)
    assert end == PUBLISHED


@pytest.mark.parametrize("row", load("period_governors", Governor), ids=lambda row: row.wording)
def test_every_governor_bounds_a_month(row: Governor) -> None:
    text = f"{row.wording} May 2023 and July 2023" if row.rule == "between" else f"{row.wording} May 2023"
    wanted = {
        "since": (date(2023, 5, 1), PUBLISHED),
        "starting": (date(2023, 5, 1), PUBLISHED),
        "by": (None, date(2023, 5, 31)),
        "until": (None, date(2023, 5, 31)),
        "before": (None, date(2023, 4, 30)),
        "after": (date(2023, 6, 1), PUBLISHED),
        "between": (date(2023, 5, 1), date(2023, 7, 31)),
    }
    assert read(text) == [wanted.get(row.rule, (date(2023, 5, 1), date(2023, 5, 31)))]


@pytest.mark.parametrize("row", load("period_anaphors", Anaphor), ids=lambda row: row.wording)
def test_every_anaphor_points_back(row: Anaphor) -> None:
    (_, (start, _)) = read(f"One came on June 14, 2017, others {row.wording}.")
    assert start is not None
    wanted = {
        "day": date(2017, 6, 14 + row.turn),
        "week": date(2017, 6, 12 + 7 * row.turn),
        "month": date(2017, 6 + row.turn, 1),
        "year": date(2017 + row.turn, 1, 1),
    }
    assert start == wanted[row.unit]


# Properties


FORMS = [
    "on {month} {day.day}, {day.year}",
    "on {day.day} {month} {day.year}",
    "on the {day.day}th of {month}, {day.year}",
    "on {day:%Y-%m-%d}",
    "on {day:%Y/%m/%d}",
    "on {day:%Y.%m.%d}",
    "as of {month} {day.day} {day.year}",
    "on Thursday, {month} {day.day}, {day.year}",
]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(day=days, published=days, planned=st.booleans())
def test_a_full_date_comes_back_whenever_it_is_read(
    form: str, day: date, published: date, planned: bool
) -> None:
    text = form.format(month=title(MONTHS[day.month - 1]), day=day)
    assert read(text, published, planned=planned) == [(day, day)]


@given(day=days, ahead=st.integers(0, 364))
def test_a_bare_day_is_the_nearest_one_in_its_direction(day: date, ahead: int) -> None:
    if (day.month, day.day) == (2, 29):
        return
    text = f"on {title(MONTHS[day.month - 1])} {day.day}"
    assert read(text, day + timedelta(ahead)) == [(day, day)]
    assert read(text, day - timedelta(ahead), planned=True) == [(day, day)]


@given(published=days, count=st.integers(2, 60))
def test_a_length_of_months_ends_with_publication_and_is_held_to_the_month(
    published: date, count: int
) -> None:
    ((start, end),) = read(f"over the past {count} months", published)
    assert end == published
    assert start is not None
    assert (end.year - start.year) * 12 + end.month - start.month == count
    assert start.day == published.day or add_months(start.replace(day=1), 1) - timedelta(1) == start


@given(published=days, weekday=st.integers(0, 6))
def test_a_bare_weekday_is_less_than_a_week_away(published: date, weekday: int) -> None:
    rows = load("period_weekdays", Weekday)
    name = title(next(row.wording for row in rows if row.weekday == weekday))
    ((past, _),) = read(f"on {name}", published)
    ((future, _),) = read(f"on {name}", published, planned=True)
    assert past is not None
    assert future is not None
    assert past.weekday() == future.weekday() == weekday
    assert 0 <= (published - past).days < 7
    assert 0 <= (future - published).days < 7


TEXT = (
    "early late mid - the of end first last past two years months week year month in 2019 2397 31 30 29 "
    "May March Feb . , 5th June winter since by from to and between before as of that same ago earlier "
    "this next Monday night 1 half Q3 until through weekend ( ) 's"
)
WORDS = st.sampled_from(TEXT.split())


@given(parts=st.lists(WORDS, max_size=40), published=st.dates(), planned=st.booleans())
def test_whatever_is_read_lies_in_the_text_in_order(parts: list[str], published: date, planned: bool) -> None:
    text = " ".join(parts)
    found = find_periods(text, 0, len(text), published, planned)
    ends = [0] + [p.span.end for p in found]
    assert all(
        0 <= before <= p.span.start < p.span.end <= len(text) for before, p in zip(ends, found, strict=False)
    )
    assert all(p.start is None or p.end is None or p.start <= p.end for p in found)
    assert all(p.start is not None or p.end is not None for p in found)


# Spans, windows, cost


def spoken(text: str, period: Period) -> str:
    return text[period.span.start : period.span.end]


def test_the_span_covers_the_governor_but_no_plain_preposition() -> None:
    text = "Ten left in March 2023, and by the end of 2024 all will have."
    first, second = find_periods(text, 0, len(text), PUBLISHED, False)
    assert spoken(text, first) == "March 2023"
    assert spoken(text, second) == "by the end of 2024"


def test_only_the_window_is_read_and_the_text_before_it_is_what_that_year_means() -> None:
    text = "It had 80 men in 2016. Ten left in October of that year. In 2018 none was left."
    start, end = text.index("Ten"), text.index(" In 2018")
    (period,) = find_periods(text, start, end, PUBLISHED, False)
    assert (period.start, period.end) == (date(2016, 10, 1), date(2016, 10, 31))
    assert spoken(text, period) == "October of that year"


def test_kinds_tell_the_days_on_which_somebody_speaks() -> None:
    text = "He said on Thursday and on Feb. 3 and yesterday that they came in 2021."
    assert [p.kind for p in find_periods(text, 0, len(text), PUBLISHED, False)] == [
        "weekday",
        "day",
        "relative_day",
        "year",
    ]


@pytest.mark.parametrize(
    "text", ["over the past 300 years", "300 years ago", "last year", "since the end of April"]
)
@pytest.mark.parametrize("published", [date.min, date.max])
def test_what_the_calendar_cannot_hold_says_nothing_or_something_but_never_fails(
    text: str, published: date
) -> None:
    assert len(read(text, published)) <= 1


@pytest.mark.parametrize(
    "piece", ["the end of ", "early in ", "March 3 to ", "that year ", "3 and ", "1 ", "since the "]
)
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    text = piece * (12_000 // len(piece))
    started = time.perf_counter()
    read(text)
    assert time.perf_counter() - started < 5
