"""What homes push into a lake: each row once, whoever brings it; all of a push or nothing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home
from orchestration.lake import Lake, LakeError
from orchestration.ledger import SCHEMA_VERSION, Ledger, MixedHomeError, open_ledger
from orchestration.pushing import APPENDED, GIVEN, push
from orchestration.records import Measure, Reading
from tests.lake.conftest import MakeLake, file_lake
from tests.raw_rows import EXTRACTOR, Story, Told, build_ledger, outlet, store

SENT = Told("About 300 workers were sent.", "300", 300, 300, Measure.DISPATCH)
SHIP = Story("ship", "2024-06-01", [SENT])
CAMP = Story("camp", "2024-06-02", [Told("Forty returned.", "Forty", 40, 40, Measure.REPATRIATION)])
FARM = Story("farm", "2024-06-03", source="valley")
OUTLETS = (outlet("harbour"), outlet("valley"))


OUTCOME = f"select outcome from raw.extractions where extractor_version = '{EXTRACTOR}'"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return file_lake(tmp_path)


def home_with(folder: Path, *stories: Story) -> Home:
    return build_ledger(folder, stories, OUTLETS)


def rows(lake: Lake, statement: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        lake.attach(connection)
        connection.execute("use labor_ledger")
        return connection.execute(statement).fetchall()


def titles(lake: Lake) -> list[object]:
    return [name for (name,) in rows(lake, "select article_id from raw.current_articles order by 1")]


def test_what_a_home_has_is_in_the_lake(tmp_path: Path, lake: Lake) -> None:
    new = push(home_with(tmp_path / "a", SHIP, CAMP), lake)
    assert (new["articles"], new["figures"], new["fetches"]) == (2, 2, 2)
    assert titles(lake) == ["camp", "ship"]
    assert rows(lake, "select low, quote from raw.figures order by 1") == [
        (40, "Forty returned."),
        (300, "About 300 workers were sent."),
    ]


def test_every_raw_table_has_the_home_s_columns_and_rows(tmp_path: Path, lake: Lake) -> None:
    home = home_with(tmp_path / "a", SHIP, CAMP)
    push(home, lake)
    with open_ledger(home) as ledger:
        for table in (*APPENDED, *GIVEN, "current_articles"):
            assert rows(lake, f"from raw.{table} order by all") == ledger._rows(
                f"from raw.{table} order by all"
            )


def test_to_push_twice_changes_nothing(tmp_path: Path, lake: Lake) -> None:
    home = home_with(tmp_path / "a", SHIP)
    push(home, lake)
    assert sum(push(home, lake).values()) == 0


def test_a_second_home_adds_what_the_first_had_not(tmp_path: Path, lake: Lake) -> None:
    push(home_with(tmp_path / "a", SHIP, CAMP), lake)
    new = push(home_with(tmp_path / "b", CAMP, FARM), lake)
    assert (new["articles"], new["figures"]) == (1, 0)
    assert titles(lake) == ["camp", "farm", "ship"]


def test_a_row_that_two_bring_at_once_is_shown_once(tmp_path: Path, lake: Lake) -> None:
    """Neither saw the other's: the table has it twice."""
    push(home_with(tmp_path / "a", SHIP), lake)
    rows(lake, "insert into pushed.articles from pushed.articles")
    rows(lake, "insert into pushed.fetches from pushed.fetches")
    rows(lake, "insert into pushed.figures from pushed.figures")
    assert titles(lake) == ["ship"]
    assert rows(lake, "select count(*) from raw.figures") == [(1,)]
    assert rows(lake, "select count(*) from raw.fetches") == [(1,)]


def test_a_newer_text_of_another_home_is_the_current_one(tmp_path: Path, lake: Lake) -> None:
    push(home_with(tmp_path / "a", SHIP), lake)
    edited = replace(SHIP, text="About 300 workers were sent.\n\nMore came.", seen=["2024-07-01 12:00:00"])
    push(home_with(tmp_path / "b", edited), lake)
    assert rows(lake, "select text from raw.current_articles") == [(edited.text,)]
    assert rows(lake, "select count(*) from raw.articles") == [(2,)]


def test_a_reading_that_failed_in_one_home_gives_way_to_one_that_did_not(tmp_path: Path, lake: Lake) -> None:
    failed = build_ledger(tmp_path / "a", [], OUTLETS)
    with open_ledger(failed) as ledger:
        _store_unread(ledger, SHIP)
    push(failed, lake)
    assert rows(lake, OUTCOME) == [("failed",)]
    push(home_with(tmp_path / "b", SHIP), lake)
    assert rows(lake, OUTCOME) == [("figures",)]
    push(failed, lake)
    assert rows(lake, OUTCOME) == [("figures",)]
    assert rows(lake, "select low from raw.figures") == [(300,)]


def _store_unread(ledger: Ledger, story: Story) -> None:
    store(ledger, replace(story, told=(), text=story.article().text), extractor="another")
    ((version, article),) = ledger.unread_articles(EXTRACTOR, 2)
    ledger.store_reading(version, article.id, Reading("failed"), EXTRACTOR, 1.0, "MemoryError")


def test_an_outlet_is_described_as_the_last_home_does(tmp_path: Path, lake: Lake) -> None:
    push(build_ledger(tmp_path / "a", [SHIP], [outlet("harbour")]), lake)
    push(build_ledger(tmp_path / "b", [CAMP], [outlet("harbour", timezone="Asia/Seoul")]), lake)
    assert rows(lake, "select source_id, timezone from raw.sources") == [("harbour", "Asia/Seoul")]


def test_what_is_known_of_an_archive_is_what_the_last_home_says(tmp_path: Path, lake: Lake) -> None:
    """Of a month that both asked for; months of others stay."""
    for name, months in (("a", {"2021-03-01": "old", "2021-04-01": "april"}), ("b", {"2021-03-01": "new"})):
        home = home_with(tmp_path / name, SHIP)
        with open_ledger(home) as ledger, ledger.bulk() as connection:
            for month, listed in months.items():
                connection.execute(
                    "insert into raw.archive_months values ('cc-news', ?::date, ?, ['one.warc.gz'])",
                    [month, listed],
                )
        push(home, lake)
    assert rows(lake, "select month::varchar, list from raw.archive_months order by 1") == [
        ("2021-03-01", "new"),
        ("2021-04-01", "april"),
    ]


def test_sample_articles_and_others_do_not_meet(tmp_path: Path, lake: Lake) -> None:
    push(home_with(tmp_path / "a", SHIP), lake)
    sample = build_ledger(tmp_path / "b", [CAMP], [outlet("harbour", sample=True, local=True)])
    with pytest.raises(MixedHomeError, match="sample articles cannot enter"):
        push(sample, lake)
    assert titles(lake) == ["ship"]


def test_a_lake_of_a_newer_version_is_left_alone(tmp_path: Path, lake: Lake) -> None:
    home = home_with(tmp_path / "a", SHIP)
    push(home, lake)
    rows(lake, f"update raw.schema_version set version = {SCHEMA_VERSION + 1}")
    with pytest.raises(LakeError, match=f"version {SCHEMA_VERSION + 1}, and this laborledger writes"):
        push(home, lake)


def test_a_lake_of_an_older_version_gets_the_columns_that_it_lacks(tmp_path: Path, lake: Lake) -> None:
    push(home_with(tmp_path / "a", SHIP), lake)
    rows(lake, "drop view raw.figures")
    rows(lake, "alter table pushed.figures drop column agency")
    push(home_with(tmp_path / "b", CAMP), lake)
    assert rows(lake, "select low, agency from raw.figures order by 1") == [(40, None), (300, None)]


def test_a_push_that_breaks_off_leaves_nothing(
    tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(home_with(tmp_path / "a", SHIP), lake)
    monkeypatch.setattr("orchestration.pushing.APPENDED", (*APPENDED, "no_such_table"))
    monkeypatch.setattr("orchestration.pushing._is_ready", lambda connection: True)
    with pytest.raises((LakeError, KeyError)):
        push(home_with(tmp_path / "b", CAMP), lake)
    assert titles(lake) == ["ship"]


def test_a_home_without_a_ledger_is_told_so(tmp_path: Path, lake: Lake) -> None:
    home = Home(tmp_path / "nothing")
    home.prepare()
    with pytest.raises(Exception, match=r"is missing: there is nothing to push; run `laborledger run`"):
        push(home, lake)


# In PostgreSQL and an object store


def _push(folder: str, catalog: str, data: str) -> int:
    return sum(push(Home(Path(folder)), Lake(catalog, data)).values())


def at_once(homes: Sequence[Home], lake: Lake) -> list[int]:
    """New rows of each home; all push in processes of their own, at the same time."""
    told = [(str(home.path), lake.catalog, lake.data) for home in homes]
    with multiprocessing.get_context("spawn").Pool(len(homes)) as pool:
        return pool.starmap(_push, told, chunksize=1)


def test_four_homes_push_at_once(tmp_path: Path, new_lake: MakeLake) -> None:
    """Into an empty lake, which one of them shapes; each two share half of their articles."""
    lake = new_lake()
    stories = [replace(SHIP, name=f"ship-{n}", published=f"2024-06-{n + 1:02}") for n in range(20)]
    homes = [home_with(tmp_path / str(n), *(stories[(4 * n + k) % 20] for k in range(8))) for n in range(4)]
    added = at_once(homes, lake)
    assert all(added)
    assert rows(lake, "select source_id from raw.sources order by 1") == [("harbour",), ("valley",)]
    assert titles(lake) == sorted(story.name for story in stories)
    assert rows(lake, "select count(*), count(distinct version_id) from raw.figures") == [(20, 20)]
    assert at_once(homes, lake) == [0, 0, 0, 0]
