"""What is made of the reader's opinions: thresholds, the contract's consistency rules, hosts and parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from orchestration.extraction.hosts import Host, find_city, find_host
from orchestration.extraction.judge import Claim, Refusal, judge
from orchestration.extraction.passage import Passage, read_passages
from orchestration.extraction.periods import find_periods
from orchestration.extraction.places import find_places
from orchestration.extraction.reader.opinions import Opinion, PeriodLink, PlaceLink, WholeLink
from orchestration.extraction.resolve import resolve
from orchestration.records import Article, Measure, Status

TEXT = "In all 300 workers went to Qatar in May, 40 of them women. A logger left. About 300 workers left."
ARTICLE = Article("a", "", date(2024, 3, 1), TEXT)


@pytest.fixture
def passages() -> list[Passage]:
    return read_passages(TEXT)


def opinion(
    passages: list[Passage], number: int = 0, measure: Measure = Measure.DISPATCH, p: float = 0.9,
    status: Status = Status.DONE,
) -> Opinion:  # fmt: skip
    """An opinion of the text's nth count, sure of one measure and status, with no links."""
    counts = [(i, count) for i, passage in enumerate(passages) for count in passage.open_counts]
    passage, count = counts[number]
    statuses = {s: 0.91 if s is status else 0.03 for s in Status}
    measures = {m: p if m is measure else 0.01 for m in Measure}
    return Opinion(passage, count, measures, statuses, {"construction": 0.95, "it": 0.1})


def claim(passages: list[Passage], told: Opinion) -> Claim:
    found = judge(told, ARTICLE, passages)
    assert isinstance(found, Claim)
    return found


class TestJudging:
    def test_a_likely_measure_makes_a_claim_with_its_probability(self, passages: list[Passage]) -> None:
        found = claim(passages, opinion(passages))
        assert (found.measure, found.status, found.sectors) == (
            Measure.DISPATCH,
            Status.DONE,
            ("construction",),
        )
        assert found.confidence == pytest.approx(0.9)

    def test_an_unlikely_one_makes_none_and_keeps_the_probability(self, passages: list[Passage]) -> None:
        found = judge(opinion(passages, p=0.2), ARTICLE, passages)
        assert isinstance(found, Refusal)
        assert found.confidence == pytest.approx(0.23)

    def test_one_person_counts_only_for_a_defection(self, passages: list[Passage]) -> None:
        assert isinstance(judge(opinion(passages, 2), ARTICLE, passages), Refusal)
        assert claim(passages, opinion(passages, 2, Measure.DEFECTION)).count.singular

    def test_a_presence_is_never_underway(self, passages: list[Passage]) -> None:
        found = claim(passages, opinion(passages, measure=Measure.PRESENCE, status=Status.UNDERWAY))
        assert found.status is Status.DONE

    def test_a_linked_time_is_read_as_a_plan_where_the_claim_is_one(self, passages: list[Passage]) -> None:
        (may,) = find_periods(TEXT, 0, len(TEXT), date(2024, 3, 1), False)
        done = replace(opinion(passages), periods=(PeriodLink(0, may, 0.9),))
        assert claim(passages, done).period == may
        ahead = replace(opinion(passages, status=Status.PLANNED), periods=(PeriodLink(0, may, 0.9),))
        planned = claim(passages, ahead).period
        assert planned is not None
        assert planned.start == date(2024, 5, 1)

    @pytest.mark.parametrize(
        ("published", "year"),
        [
            (date(2024, 4, 20), 2024),
            (date(2024, 6, 20), 2024),
            (date(2024, 3, 1), 2024),
            (date(2024, 1, 5), 2024),
            (date(2023, 10, 1), 2023),
        ],
    )
    def test_what_failed_is_dated_to_the_nearer_reading(
        self, passages: list[Passage], published: date, year: int
    ) -> None:
        (may,) = find_periods(TEXT, 0, len(TEXT), published, False)
        told = replace(opinion(passages, status=Status.FAILED), periods=(PeriodLink(0, may, 0.9),))
        found = judge(told, replace(ARTICLE, published=published), passages)
        assert isinstance(found, Claim)
        assert found.period is not None
        assert found.period.start == date(year, 5, 1)

    def test_a_line_of_work_needs_the_group_s_own_words_or_certainty(self) -> None:
        text = "In all 300 builders went to Qatar. About 40 workers left."
        found = read_passages(text)
        for number, sectors in ((0, ("construction",)), (1, ())):
            told = replace(opinion(found, number), sectors={"construction": 0.8})
            assert claim(found, told).sectors == sectors

    def test_an_unlikely_link_gives_no_time(self, passages: list[Passage]) -> None:
        (may,) = find_periods(TEXT, 0, len(TEXT), date(2024, 3, 1), False)
        assert claim(passages, replace(opinion(passages), periods=(PeriodLink(0, may, 0.3),))).period is None


def links(text: str, told: dict[str, float]) -> list[PlaceLink]:
    """The places of a text, each linked as surely as `told` says."""
    return [
        PlaceLink(p, told.get(p.name, 0.0), told.get(p.name, 0.0)) for p in find_places(text, 0, len(text))
    ]


@pytest.mark.parametrize(
    ("text", "told", "host"),
    [
        ("They sent 300 workers to Qatar.", {"Qatar": 0.9}, Host(("QAT",))),
        ("They sent 300 workers to Qatar.", {"Qatar": 0.2}, Host(("QAT",))),
        ("From Russia 300 went on to Qatar.", {"Russia": 0.9, "Qatar": 0.8}, Host(("RUS",))),
        ("From Russia 300 went on to Qatar.", {"Russia": 1.0, "Qatar": 0.995}, Host(("QAT", "RUS"))),
        ("Besides Russia 300 builders in Qatar wait.", {"Russia": 0.9, "Qatar": 0.1}, Host(("QAT",))),
        ("Besides Russia 300 builders in the Emirates wait.", {"Russia": 0.9}, Host(("ARE",))),
        ("Besides Russia (200) and Qatar (300), none.", {"Russia": 0.1}, Host(("RUS",))),
        ("In Russia they are few; Qatar: 300 builders.", {"Russia": 0.9}, Host(("QAT",))),
        ("Russia aside, Qatar had 300 of them.", {"Russia": 0.9}, Host(("QAT",))),
        ("They sent 300 to Qatar and Kuwait.", {"Qatar": 0.9, "Kuwait": 0.8}, Host(("KWT", "QAT"))),
        ("They sent 300 to Qatar and Kuwait.", {"Qatar": 0.9, "Kuwait": 0.1}, Host(("QAT",))),
        ("From Pyongyang and Seoul 300 flew.", {"Pyongyang": 0.9, "Seoul": 0.9}, Host()),
        (
            "Across the Middle East 300 work.",
            {"the Middle East": 0.9, "Middle East": 0.9},
            Host((), "middle_east"),
        ),
        (
            "In the Middle East, in Qatar, 300.",
            {"the Middle East": 0.9, "Middle East": 0.9, "Qatar": 0.95},
            Host(("QAT",)),
        ),
        ("From Qatar they hear that 300 work.", {"Qatar": 0.1}, Host()),
        ("They sent 300 workers abroad.", {}, Host()),
    ],
)
def test_the_host_is_every_country_that_is_linked_else_the_region(
    text: str, told: dict[str, float], host: Host
) -> None:
    (passage,) = read_passages(text)
    count = next((one for one in passage.open_counts if not one.singular), passage.open_counts[-1])
    assert find_host(passage, count, links(text, told)) == host


def test_respectively_gives_each_count_its_place_in_order() -> None:
    (passage,) = read_passages(
        "Nepal, Oman and Kuwait sent home 33, 21 and 40 North Korean workers respectively."
    )
    told = links(passage.text, {"Nepal": 0.9})
    assert [find_host(passage, count, told).countries for count in passage.open_counts] == [
        ("NPL",),
        ("OMN",),
        ("KWT",),
    ]


def test_respectively_is_left_to_the_reader_where_counts_and_places_differ_in_number() -> None:
    (passage,) = read_passages("Nepal and Oman sent home 33, 21 and 40 workers respectively.")
    told = links(passage.text, {"Nepal": 0.9})
    assert [find_host(passage, count, told).countries for count in passage.open_counts] == [("NPL",)] * 3


def test_the_city_is_the_surest_one_inside_the_host() -> None:
    told = links(
        "From Moscow, Doha and Lusail to Qatar.", {"Moscow": 0.9, "Doha": 0.6, "Lusail": 0.8, "Qatar": 1.0}
    )
    assert find_city(told, Host(("QAT",))) == "Lusail"
    assert find_city(told, Host(("KWT",))) is None


class TestResolution:
    def test_a_part_is_tied_to_its_whole_and_takes_what_it_leaves_unsaid(
        self, passages: list[Passage]
    ) -> None:
        qatar = passages[0].places[0]
        whole = replace(opinion(passages, 0), places=(PlaceLink(qatar, 0.9, 0.9),))
        part = replace(
            opinion(passages, 1), sectors={"construction": 0.1}, wholes=(WholeLink(whole.count, 0.9),)
        )
        found = resolve(ARTICLE, passages, [whole, part]).claims
        assert found[1].parent is found[0]
        assert (found[1].host, found[1].sectors) == (Host(("QAT",)), ("construction",))

    def test_a_part_of_another_measure_is_none(self, passages: list[Passage]) -> None:
        whole = opinion(passages, 0)
        part = replace(opinion(passages, 1, Measure.PRESENCE), wholes=(WholeLink(whole.count, 0.9),))
        assert resolve(ARTICLE, passages, [whole, part]).claims[1].parent is None

    def test_two_counts_are_never_parts_of_each_other(self, passages: list[Passage]) -> None:
        first, last = opinion(passages, 0), opinion(passages, 3)
        crossed = [
            replace(first, wholes=(WholeLink(last.count, 0.9),)),
            replace(last, wholes=(WholeLink(first.count, 0.9),)),
        ]
        found = resolve(ARTICLE, passages, crossed).claims
        assert sum(one.parent is not None for one in found) <= 1

    def test_a_claim_told_twice_is_one_and_the_other_is_kept_as_repeated(
        self, passages: list[Passage]
    ) -> None:
        found = resolve(ARTICLE, passages, [opinion(passages, 0), opinion(passages, 3)])
        assert len(found.claims) == 1
        assert "repeated" in {refusal.reason for refusal in found.refused}
