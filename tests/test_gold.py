"""The pinned quality is true of this extractor, and the seed article is read to the field."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from orchestration.extraction.extract import extract_figures
from orchestration.extraction.jsonl import figure_record
from orchestration.extraction.version import extractor_version
from orchestration.records import Article
from tests.gold import pin
from tests.gold.breakdown import by_hedge, by_measure, by_newsroom, newsroom

FIELDS = (
    *("measure", "status", "low", "high", "hedge", "countries", "region", "sectors"),
    *("period_start", "period_end", "part_of", "quote"),
)


@pytest.fixture(scope="module")
def scored() -> dict[str, pin.Scored]:
    if not list(pin.GOLD.glob("*.json")):
        pytest.fail("tests/gold holds no gold articles")
    return {"sample": pin.measure(pin.GOLD), "fresh": pin.measure(pin.FRESH)}


def test_the_pinned_quality_is_that_of_this_extractor() -> None:
    pinned = json.loads(pin.PINNED.read_text(encoding="utf-8"))
    renew = "the extractor or the gold set changed since the score was pinned: run `make score PIN=1`"
    assert pinned["extractor_version"] == extractor_version(), renew
    assert pinned["gold_sha256"] == pin.gold_sha256(), renew


BY_PROCESSOR = 0.015
"""How far scores may lie from the pin. The reader's int8 sums saturate on processors without VNNI and not on
others: on the two kinds that were measured, scores of the same extractor differ by up to 0.011.
"""


def test_the_pinned_numbers_are_what_the_scorer_measures(scored: dict[str, pin.Scored]) -> None:
    pinned, measured = json.loads(pin.PINNED.read_text(encoding="utf-8")), pin.quality(**scored)
    for name in scored:
        told, found = pinned.pop(name), measured.pop(name)
        assert found == pytest.approx(told, abs=BY_PROCESSOR), f"{name} is not as pinned: `make score PIN=1`"
    assert pinned == measured


def test_every_quote_stands_in_its_text(scored: dict[str, pin.Scored]) -> None:
    assert all(one.verdict["quotes_not_in_text"] == 0 for one in scored.values())


def test_the_groups_of_a_set_add_up_to_it(scored: dict[str, pin.Scored]) -> None:
    one = scored["fresh"]
    for rows in (
        by_measure(one.gold, one.found),
        by_hedge(one.gold, one.found),
        by_newsroom(one.gold, one.found),
    ):
        assert sum(row.gold for row in rows) == one.verdict["gold"]
        assert sum(row.extracted for row in rows) == one.verdict["extracted"]
    assert sum(row.matched for row in by_measure(one.gold, one.found)) == one.verdict["matched"]


@pytest.mark.parametrize(
    ("name", "room"),
    [("t7-01-gulf", "t7"), ("t24-3", "t24"), ("alabuga-drones", "dev"), ("train-1", "dev"), ("o1-2", "o1")],
)
def test_an_article_s_newsroom_stands_before_its_first_dash(name: str, room: str) -> None:
    assert newsroom(name) == room


def test_a_pin_never_lowers_f1_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pin, "PINNED", tmp_path / "quality.json")
    pin.pin({"fresh": {"f1": 0.8}}, force=False)
    with pytest.raises(ValueError, match="PIN=force"):
        pin.pin({"fresh": {"f1": 0.7}}, force=False)
    pin.pin({"fresh": {"f1": 0.7}}, force=True)
    assert json.loads(pin.PINNED.read_text(encoding="utf-8")) == {"fresh": {"f1": 0.7}}


def test_the_seed_article_gives_its_nine_figures(shared_gold: Path) -> None:
    seed = json.loads((shared_gold / "dev" / "seed.json").read_text(encoding="utf-8"))
    text = (shared_gold / "dev" / "seed.txt").read_text(encoding="utf-8")
    article = Article("seed", seed["title"], date.fromisoformat(seed["published"]), text)
    found = [figure_record("seed", i, f) for i, f in enumerate(extract_figures(article))]
    kept = [{field: json.loads(json.dumps(record))[field] for field in FIELDS} for record in found]
    assert kept == seed["figures"]
