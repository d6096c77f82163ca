"""What is made of the reader's opinions: thresholds, the contract's consistency rules, hosts and parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from orchestration.extraction.hosts import Host, find_host
from orchestration.extraction.judge import Claim, Refusal, judge
from orchestration.extraction.passage import Passage, read_passages
from orchestration.extraction.periods import find_periods
from orchestration.extraction.places import find_places
from orchestration.extraction.reader.opinions import Opinion
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
    return Opinion(passage, count, measures, statuses, {"construction": 0.8, "it": 0.1}, (), (), ())


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
        done = replace(opinion(passages), periods=((0, may, 0.9),))
        assert claim(passages, done).period == may
        ahead = replace(opinion(passages, status=Status.PLANNED), periods=((0, may, 0.9),))
        planned = claim(passages, ahead).period
        assert planned is not None
        assert planned.start == date(2024, 5, 1)

    def test_an_unlikely_link_gives_no_time(self, passages: list[Passage]) -> None:
        (may,) = find_periods(TEXT, 0, len(TEXT), date(2024, 3, 1), False)
        assert claim(passages, replace(opinion(passages), periods=((0, may, 0.4),))).period is None


@pytest.mark.parametrize(
    ("text", "links", "host"),
    [
        ("They sent 300 workers to Qatar.", {"Qatar": 0.9}, Host(("QAT",))),
        ("They sent 300 workers to Qatar and Kuwait.", {"Qatar": 0.9, "Kuwait": 0.8}, Host(("KWT", "QAT"))),
        ("They sent 300 workers to Qatar and Kuwait.", {"Qatar": 0.9, "Kuwait": 0.1}, Host(("QAT",))),
        ("In Qatar, where Russia has none, 300 work.", {"Qatar": 0.9, "Russia": 0.8}, Host(("QAT",))),
        ("From Pyongyang 300 flew to Qatar.", {"Pyongyang": 0.9, "Qatar": 0.9}, Host(("QAT",))),
        ("They flew 300 workers to Qatar via Russia.", {"Qatar": 0.6, "Russia": 0.9}, Host(("QAT",))),
        ("Across the Gulf 300 work.", {"Gulf": 0.9}, Host((), "gulf")),
        ("Qatar: 300", {"Qatar": 0.2}, Host(("QAT",))),
        ("They sent 300 workers abroad.", {}, Host()),
    ],
)
def test_the_host_is_what_is_linked_and_stands_near(text: str, links: dict[str, float], host: Host) -> None:
    (passage,) = read_passages(text)
    (count,) = [count for count in passage.open_counts if not count.singular]
    told = [(p, links.get(p.name.removeprefix("the "), 0.0), False) for p in passage.places]
    assert find_host(passage, count, told) == host


def test_in_the_country_points_back_to_the_one_named_last() -> None:
    text = "They sent 200 workers to Kuwait while 100 workers in the country went home from Russia."
    (passage,) = read_passages(text)
    counts = [count for count in passage.open_counts if not count.singular]
    told = [(place, 0.3, False) for place in passage.places]
    assert find_host(passage, counts[1], told) == Host(("KWT",))


def test_a_sentence_without_a_place_takes_the_likeliest_around_it() -> None:
    (passage,) = read_passages("Another 300 followed.")
    (count,) = passage.open_counts
    qatar, kuwait = find_places("Qatar Kuwait", 0, 12)
    assert find_host(passage, count, [(qatar, 0.6, True), (kuwait, 0.8, True)]) == Host(("KWT",))
    assert find_host(passage, count, [(qatar, 0.2, True)]) == Host()


class TestResolution:
    def test_a_part_is_tied_to_its_whole_and_takes_what_it_leaves_unsaid(
        self, passages: list[Passage]
    ) -> None:
        qatar = passages[0].places[0]
        whole = replace(opinion(passages, 0), places=((qatar, 0.9, False),))
        part = replace(opinion(passages, 1), sectors={"construction": 0.1}, wholes=((whole.count, 0.9),))
        found = resolve(ARTICLE, passages, [whole, part]).claims
        assert found[1].parent is found[0]
        assert (found[1].host, found[1].sectors) == (Host(("QAT",)), ("construction",))

    def test_a_part_of_another_measure_is_none(self, passages: list[Passage]) -> None:
        whole = opinion(passages, 0)
        part = replace(opinion(passages, 1, Measure.PRESENCE), wholes=((whole.count, 0.9),))
        assert resolve(ARTICLE, passages, [whole, part]).claims[1].parent is None

    def test_two_counts_are_never_parts_of_each_other(self, passages: list[Passage]) -> None:
        first, last = opinion(passages, 0), opinion(passages, 3)
        crossed = [replace(first, wholes=((last.count, 0.9),)), replace(last, wholes=((first.count, 0.9),))]
        found = resolve(ARTICLE, passages, crossed).claims
        assert sum(one.parent is not None for one in found) <= 1

    def test_a_claim_told_twice_is_one_and_the_other_is_kept_as_repeated(
        self, passages: list[Passage]
    ) -> None:
        found = resolve(ARTICLE, passages, [opinion(passages, 0), opinion(passages, 3)])
        assert len(found.claims) == 1
        assert "repeated" in {refusal.reason for refusal in found.refused}
