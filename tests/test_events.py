"""Claims of the event gold set, linked by the real models: how many pairs are right, and which are not.

The set was written from the figure contract and the rules' specification alone, before the rules; half of
it (`sealed`) is only ever scored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.records import Hedge, Measure, Status
from tests.dbt_home import Warehouse
from tests.raw_rows import Story, Told, build_ledger, outlet

GOLD = Path(__file__).parent / "gold" / "events.yaml"
EVENTS: list[dict[str, Any]] = yaml.safe_load(GOLD.read_text(encoding="utf-8"))["events"]
WANTED = 0.95
Pair = frozenset[str]


def claims_of(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [claim for event in events for claim in event["claims"]]


def stories() -> Iterator[Story]:
    """The claims by article, as an extractor would have found them."""
    articles: dict[str, list[dict[str, Any]]] = {}
    for claim in claims_of(EVENTS):
        articles.setdefault(claim["article"], []).append(claim)
    for name, claims in articles.items():
        order = {claim["id"]: index for index, claim in enumerate(claims)}
        told = [told_of(claim, order) for claim in claims]
        first = claims[0]
        yield Story(name, str(first["published"]), told, first["outlet"], first["origin"])


def told_of(claim: dict[str, Any], order: dict[str, int]) -> Told:
    days = (claim["period_start"], claim["period_end"])
    return Told(
        claim["quote"], claim["quote"].split()[0], claim["low"], claim["high"], Measure(claim["measure"]),
        Status(claim["status"]), Hedge(claim["hedge"]), tuple(claim["countries"]), claim["region"],
        tuple(claim["sectors"]), tuple(str(day) if day else None for day in days),  # type: ignore[arg-type]
        order.get(claim["part_of"]),
    )  # fmt: skip


@dataclass(frozen=True)
class Linked:
    """Pairs of claims that are one event: in the gold set, and as the models have it."""

    gold: set[Pair]
    found: set[Pair]

    @property
    def f1(self) -> float:
        return 2 * len(self.gold & self.found) / (len(self.gold) + len(self.found))

    def wrong(self) -> str:
        missed, invented = self.gold - self.found, self.found - self.gold
        told = [f"missed {sorted(pair)}" for pair in missed] + [
            f"invented {sorted(pair)}" for pair in invented
        ]
        return f"F1 {self.f1:.3f}\n" + "\n".join(sorted(told))

    def within(self, events: Sequence[dict[str, Any]]) -> Linked:
        """The pairs of which at least one claim is of these events."""
        names = {claim["id"] for claim in claims_of(events)}
        return Linked({p for p in self.gold if p & names}, {p for p in self.found if p & names})


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Linked:
    outlets = [outlet(name) for name in sorted({claim["outlet"] for claim in claims_of(EVENTS)})]
    home = build_ledger(tmp_path_factory.mktemp("events"), stories(), outlets)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LABORLEDGER_BUILD", str(home.build_file))
        built = Warehouse(home)
        wanted = ("--select", "+int_claim_events", "--exclude-resource-type", "unit_test", "test")
        built.dbt("build", *wanted, target=home.dbt_target)
    names = {(c["article"], c["quote"]): c["id"] for c in claims_of(EVENTS)}
    rows = built.ask(
        "select article_id, quote, event_id from intermediate.int_claims "
        "inner join intermediate.int_claim_events using (claim_id)"
    )
    assert len(rows) == len(names)
    found: dict[str, list[str]] = {}
    for article, quote, event in rows:
        found.setdefault(event, []).append(names[article, quote])
    gold = {frozenset(p) for e in EVENTS for p in combinations([c["id"] for c in e["claims"]], 2)}
    return Linked(gold, {frozenset(p) for group in found.values() for p in combinations(group, 2)})


def test_the_set_is_as_large_and_as_mixed_as_it_must_be() -> None:
    claims = claims_of(EVENTS)
    assert (len(claims) >= 120, len(EVENTS) >= 60) == (True, True)
    assert len({claim["outlet"] for claim in claims}) == 10
    assert {claim["measure"] for claim in claims} == {str(measure) for measure in Measure}
    assert {claim["hedge"] for claim in claims} == {str(hedge) for hedge in Hedge}
    assert len({claim["id"] for claim in claims}) == len(claims)


@pytest.mark.parametrize("split", ["open", "sealed"])
def test_claims_are_linked_as_a_careful_reader_links_them(linked: Linked, split: str) -> None:
    half = linked.within([event for event in EVENTS if event["split"] == split])
    assert half.f1 >= WANTED, half.wrong()
