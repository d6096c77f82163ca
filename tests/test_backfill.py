"""An outlet's archive, month by month."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.home import ROOT, Home
from orchestration.ledger import open_ledger
from orchestration.scraping.discover import Announced
from orchestration.scraping.scrape import _is_within
from orchestration.scraping.sources import SourceError
from orchestration.scraping.wordpress import span_address
from orchestration.selection import Selection
from orchestration.steps import IncompleteError, chosen_sources, fill_month, month_of
from tests.raw_rows import outlet
from tests.runs import environment

MAY = (datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC))
MONTH = date(2026, 2, 1)


def held(home: Home) -> list[str]:
    with open_ledger(home) as ledger:
        return [str(day) for (day,) in ledger._rows("select published from raw.articles order by 1")]


@pytest.fixture
def selection(tmp_path: Path) -> Selection:
    selection = Selection.of("sample", None, tmp_path / "home")
    selection.home.prepare()
    return selection


class TestAMonth:
    def test_is_the_outlets_own(self) -> None:
        start, end = month_of(outlet("harbour", timezone="Asia/Seoul"), date(2024, 12, 1))
        assert (start.isoformat(), end.isoformat()) == (
            "2024-12-01T00:00:00+09:00",
            "2025-01-01T00:00:00+09:00",
        )

    @pytest.mark.parametrize(
        ("url", "edited", "is_within"),
        [
            ("https://a.example/2024/05/workers/", None, True),
            ("https://a.example/2024/05/31/workers/", None, True),
            ("https://a.example/20240531-workers", None, True),
            ("https://a.example/2024-05/workers/", None, True),
            ("https://a.example/2024/06/workers/", datetime(2024, 5, 3, tzinfo=UTC), False),
            ("https://a.example/2024/04/workers/", datetime(2024, 5, 3, tzinfo=UTC), False),
            ("https://a.example/workers-202405/", datetime(2024, 5, 3, tzinfo=UTC), True),
            ("https://a.example/workers/", datetime(2024, 6, 1, tzinfo=UTC), False),
            ("https://a.example/workers/", None, False),
        ],
    )
    def test_an_announcement_is_within_it_by_its_address_or_its_last_edit(
        self, url: str, edited: datetime | None, is_within: bool
    ) -> None:
        assert _is_within(Announced(url, edited_at=edited), MAY) is is_within

    def test_a_wordpress_outlet_is_asked_for_its_posts_of_it(self) -> None:
        address = span_address("https://a.example/wp-json/wp/v2/posts", *MAY, 2)
        assert "after=2024-04-30T23%3A59%3A59Z&before=2024-06-01T00%3A00%3A00Z" in address
        assert "order=asc&per_page=100&page=2" in address

    def test_it_is_asked_for_in_utc(self) -> None:
        span = month_of(outlet("harbour", timezone="Asia/Seoul"), date(2024, 1, 1))
        address = span_address("https://a.example/wp-json/wp/v2/posts", *span, 1)
        assert "after=2023-12-31T14%3A59%3A59Z&before=2024-01-31T15%3A00%3A00Z" in address


class TestFilling:
    def test_a_month_brings_its_articles_and_no_others(self, selection: Selection) -> None:
        collected = fill_month(selection, "run-1", "sample", MONTH)
        days = held(selection.home)
        assert days
        assert {day[:7] for day in days} == {"2026-02"}
        assert collected.pages["parsed"] == len(days)

    def test_what_is_known_is_not_asked_for_again(self, selection: Selection) -> None:
        fill_month(selection, "run-1", "sample", MONTH)
        again = fill_month(selection, "run-2", "sample", MONTH)
        assert not again.is_worth_building
        assert sum(again.requests("sample").values()) <= 2

    def test_a_month_without_articles_is_filled_with_none(self, selection: Selection) -> None:
        fill_month(selection, "run-1", "sample", date(1999, 1, 1))
        assert held(selection.home) == []

    def test_a_used_up_budget_is_no_finished_month_and_the_next_launch_goes_on(
        self, selection: Selection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (whole,) = chosen_sources(selection)
        small = whole.model_copy(update={"budget": 3})
        monkeypatch.setattr("orchestration.steps.chosen_sources", lambda _: (small,))
        with pytest.raises(IncompleteError, match="sample, 2026-02: its budget of 3 requests is used up"):
            fill_month(selection, "run-1", "sample", MONTH)
        first = held(selection.home)
        monkeypatch.setattr("orchestration.steps.chosen_sources", lambda _: (whole,))
        fill_month(selection, "run-2", "sample", MONTH)
        assert first
        assert len(held(selection.home)) > len(first)

    def test_an_outlet_that_is_not_there_is_named(self, selection: Selection) -> None:
        with pytest.raises(SourceError, match="no outlet 'nobody' among sample"):
            fill_month(selection, "run-1", "nobody", MONTH)


SCRIPT = """
import json, warnings
import dagster as dg
from orchestration.definitions import defs
from orchestration.selection import Selection
warnings.simplefilter("ignore")
home = Selection.from_environment().home
home.prepare()
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
job = defs().resolve_job_def("backfill")
key = dg.MultiPartitionKey({"month": "2026-02-01", "outlet": "sample"})
with dg.DagsterInstance.get() as instance:
    done = job.execute_in_process(instance=instance, run_config=quiet, partition_key=key)
    told = [e.asset_key.to_user_string() for e in done.all_events if e.asset_key]
print(json.dumps([done.success, sorted(job.partitions_def.partition_dimension_names), told]))
"""


def test_the_job_fills_one_outlet_and_month_a_partition(tmp_path: Path) -> None:
    home = tmp_path / "home"
    variables = {
        "LABORLEDGER_HOME": str(home), "LABORLEDGER_SOURCES": "sample", "DAGSTER_HOME": str(home / "dagster"),
        "LABORLEDGER_BUILD": str(home / "build" / "labor_ledger.duckdb"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment(**variables), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == [True, ["month", "outlet"], ["raw/articles", "raw/figures"]]
    assert {day[:7] for day in held(Home(home))} == {"2026-02"}
