"""The raw tables: storing twice changes nothing, the latest look decides, and one writer writes at a time."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import ROOT, Home
from orchestration.ledger import (
    SCHEMA_VERSION,
    BuildFileLocked,
    Ledger,
    LedgerError,
    MixedHomeError,
    open_ledger,
    version_id,
    writer_lock,
)
from orchestration.records import Article, Figure, Hedge, Measure, Reading, Reject, Status
from orchestration.scraping.page import Fetch, ParsedPage, Visit
from orchestration.scraping.sources import Source

URL = "http://outlet.example/nine-left/"
START = datetime(2025, 9, 1, 12, tzinfo=UTC)
TABLES = ("fetches", "parses", "articles", "figures", "rejects", "extractions", "sources")
TEXT = "Nine workers left Russia in August."
FIGURE = Figure(
    Measure.REPATRIATION, Status.DONE, 9, 9, Hedge.EXACT, ("RUS",), None, ("logging",), date(2025, 8, 1),
    date(2025, 8, 31), None, TEXT, 0, len(TEXT), "Nine", 0, 4,
)  # fmt: skip
READING = Reading("figures", (FIGURE, replace(FIGURE, low=None)), (Reject(TEXT, "August", 28, 34, "month"),))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with open_ledger(home) as ledger:
        yield ledger


def source(name: str = "outlet", sample: bool = False) -> Source:
    return Source(
        id=name, name=name.title(), language="en", timezone="Asia/Seoul", homepage="http://outlet.example/",
        feeds=("http://outlet.example/feed",), sample=sample, local=sample,
    )  # fmt: skip


def article(text: str = TEXT, name: str = "nine-left", published: date = date(2025, 9, 1)) -> Article:
    return Article(
        name, "Nine left", published, text, url=f"http://outlet.example/{name}/", source_id="outlet",
        authors=("A. Writer",), date_evidence="meta",
    )  # fmt: skip


def fetch(hour: int, payload: str | None, url: str = URL, **changes: Any) -> Fetch:
    at = START + timedelta(hours=hour)
    row = Fetch(
        f"{hour}-{url}", f"run-{hour}", "outlet", "article", url, at, 200, f'"{payload}"', None, "allowed",
        payload, f"run-{hour}.warc.gz", hour, "new",
    )  # fmt: skip
    return replace(row, **changes)


def visit(hour: int, text: str = TEXT, parser: str = "parser-1", name: str = "nine-left") -> Visit:
    """A page with a text of its own, seen and read at an hour; its payload is named by the text."""
    seen = fetch(hour, text, f"http://outlet.example/{name}/")
    parsed = ParsedPage(
        seen.url, text, parser, "outlet", seen.fetched_at, "parsed", None, article(text, name)
    )
    return Visit(seen, parsed)


def rows(ledger: Ledger, statement: str) -> list[tuple[Any, ...]]:
    return ledger._connection.execute(statement).fetchall()


def contents(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(ledger, f"select * from raw.{table} order by all") for table in TABLES}


def current_texts(ledger: Ledger) -> list[str]:
    return [text for (text,) in rows(ledger, "select text from raw.current_articles order by text")]


# Storing


def test_a_new_home_gets_its_tables(home: Home) -> None:
    with open_ledger(home) as ledger:
        assert all(not found for found in contents(ledger).values())
        assert rows(ledger, "select version from raw.schema_version") == [(SCHEMA_VERSION,)]


def test_opening_again_changes_nothing(home: Home) -> None:
    with open_ledger(home) as ledger:
        ledger.store_visits([visit(1)])
        before = contents(ledger)
    with open_ledger(home) as ledger:
        assert contents(ledger) == before
        assert rows(ledger, "select count(*) from raw.schema_version") == [(1,)]


def test_storing_twice_changes_nothing(ledger: Ledger) -> None:
    def store() -> None:
        ledger.store_sources([source()])
        ledger.store_visits([visit(1), visit(2, "Ten left.")])
        ledger.store_reading("v1", "nine-left", READING, "extractor-1", 3.5)

    store()
    before = contents(ledger)
    store()
    assert contents(ledger) == before
    assert {table: len(found) for table, found in before.items()} == {
        "fetches": 2, "parses": 2, "articles": 2, "figures": 2, "rejects": 1, "extractions": 1, "sources": 1,
    }  # fmt: skip


def test_a_moment_is_kept_in_utc(ledger: Ledger) -> None:
    ledger.store_visits([visit(1)])
    assert rows(ledger, "select fetched_at from raw.fetches") == [(datetime(2025, 9, 1, 13),)]


def test_a_reject_is_kept_with_its_probability_or_none(ledger: Ledger) -> None:
    none = Reject(TEXT, "August", 28, 34, "time")
    reading = Reading("no_figures", (), (none, replace(none, reason="no_measure", probability=0.31)))
    ledger.store_reading("v1", "nine-left", reading, "extractor-1", 3.5)
    kept = rows(ledger, "select reject_index, number, reason, probability from raw.rejects order by 1")
    assert kept == [(0, "August", "time", None), (1, "August", "no_measure", 0.31)]


def test_a_figure_is_kept_with_all_its_fields(ledger: Ledger) -> None:
    ledger.store_reading("v1", "nine-left", READING, "extractor-1", 3.5)
    kept = rows(
        ledger,
        "select measure, status, low, high, hedge, countries, sectors, quote, quote_end, count_text "
        "from raw.figures order by figure_index",
    )
    assert kept[0] == (
        "repatriation", "done", 9, 9, "exact", ["RUS"], ["logging"], TEXT, len(TEXT), "Nine",
    )  # fmt: skip
    assert kept[1][2] is None


def test_hostile_words_are_only_words(ledger: Ledger) -> None:
    text = "'); drop table raw.articles; -- \x00 \U0001f600"
    ledger.store_visits([visit(1, text)])
    assert current_texts(ledger) == [text]


def test_an_outlet_is_as_the_sources_file_says_last(ledger: Ledger) -> None:
    ledger.store_sources([source()])
    ledger.store_sources([source().model_copy(update={"name": "New Name"})])
    assert rows(ledger, "select source_id, name from raw.sources") == [("outlet", "New Name")]


def test_a_batch_is_kept_whole_or_not_at_all(ledger: Ledger) -> None:
    undated = visit(2, name="other")
    assert undated.parsed
    assert undated.parsed.article
    wrong = replace(undated.parsed, article=replace(undated.parsed.article, published=None))
    with pytest.raises(duckdb.ConstraintException):
        ledger.store_visits([visit(1), Visit(undated.fetch, wrong)])
    assert all(not found for found in contents(ledger).values())
    ledger.store_visits([visit(1)])
    assert current_texts(ledger) == [TEXT]


# What holds now


def test_an_edit_becomes_current(ledger: Ledger) -> None:
    ledger.store_visits([visit(1, "Nine left."), visit(2, "Ten left.")])
    assert current_texts(ledger) == ["Ten left."]


def test_an_edit_that_is_taken_back_makes_the_old_text_current(ledger: Ledger) -> None:
    ledger.store_visits([visit(1, "Nine left."), visit(2, "Ten left."), visit(3, "Nine left.")])
    assert current_texts(ledger) == ["Nine left."]
    assert rows(ledger, "select count(*) from raw.articles") == [(2,)]


def test_a_304_keeps_its_text_current(ledger: Ledger) -> None:
    ledger.store_visits([visit(1), Visit(fetch(2, TEXT, status=304, outcome="unchanged"))])
    assert current_texts(ledger) == [TEXT]


def test_a_page_that_is_gone_leaves_its_text_current(ledger: Ledger) -> None:
    ledger.store_visits([visit(1), Visit(fetch(2, None, status=404, outcome="http_error"))])
    assert current_texts(ledger) == [TEXT]


def test_a_newer_parser_decides(ledger: Ledger) -> None:
    ledger.store_visits([visit(1)])
    newer = ParsedPage(
        URL, TEXT, "parser-2", "outlet", START + timedelta(hours=5), "parsed", None, article("Read better.")
    )
    ledger.store_parse(newer)
    assert current_texts(ledger) == ["Read better."]


def test_a_newer_parser_that_fails_leaves_the_text_of_the_older(ledger: Ledger) -> None:
    ledger.store_visits([visit(1)])
    ledger.store_parse(ParsedPage(URL, TEXT, "parser-2", "outlet", START, "failed", "why", None))
    assert current_texts(ledger) == [TEXT]


def test_one_article_under_two_addresses_is_current_once(ledger: Ledger) -> None:
    first = visit(1)
    assert first.parsed
    other = "http://outlet.example/?p=9"
    second = Visit(fetch(2, TEXT, other), replace(first.parsed, url=other))
    ledger.store_visits([first, second])
    assert current_texts(ledger) == [TEXT]


def test_any_change_of_an_article_is_a_version_of_its_own() -> None:
    changes: list[dict[str, Any]] = [
        {"title": "Ten left"}, {"text": "x"}, {"published": date(2025, 9, 2)}, {"authors": ()},
        {"language": "ko"}, {"origin_source_id": "other"}, {"canonical_url": URL}, {"date_evidence": "url"},
    ]  # fmt: skip
    versions = {version_id(article()), *(version_id(replace(article(), **change)) for change in changes)}
    assert len(versions) == len(changes) + 1
    assert version_id(article()) == version_id(article())


# Work lists


def test_known_pages_are_what_the_latest_payload_left(ledger: Ledger) -> None:
    ledger.store_visits(
        [visit(1, "Nine left."), visit(2, "Ten left."), Visit(fetch(3, None, outcome="gone"))]
    )
    (known,) = ledger.known_pages("outlet").values()
    assert (known.etag, known.payload_sha256) == ('"Ten left."', "Ten left.")
    assert (known.warc_file, known.warc_offset) == ("run-2.warc.gz", 2)
    assert (known.first_seen_at, known.asked_at) == (START + timedelta(hours=1), START + timedelta(hours=3))
    assert ledger.known_pages("other") == {}


def test_known_pages_come_in_the_order_of_the_last_look_at_them(ledger: Ledger) -> None:
    ledger.store_visits([visit(hour, name=name) for hour, name in ((1, "a"), (2, "b"), (3, "c"))])
    ledger.store_visits([Visit(fetch(4, None, "http://outlet.example/a/", outcome="http_error"))])
    assert [url[-2] for url in ledger.known_pages("outlet")] == ["b", "c", "a"]


def test_known_parses_are_those_of_one_parser(ledger: Ledger) -> None:
    ledger.store_visits([visit(1)])
    assert ledger.known_parses("parser-1") == {(URL, TEXT)}
    assert ledger.known_parses("parser-2") == set()


def test_a_page_is_stale_until_the_present_parser_has_read_it(ledger: Ledger) -> None:
    ledger.store_visits([visit(1, "Nine left."), visit(2, "Ten left."), visit(3, name="other")])
    assert ledger.stale_pages("parser-1") == []
    stale = ledger.stale_pages("parser-2")
    assert [(page.url, page.payload_sha256, page.warc_file, page.warc_offset) for page in stale] == [
        (URL, "Ten left.", "run-2.warc.gz", 2),
        ("http://outlet.example/other/", TEXT, "run-3.warc.gz", 3),
    ]
    for page in stale:
        ledger.store_parse(
            ParsedPage(page.url, page.payload_sha256, "parser-2", page.source_id, START, "empty", "x", None)
        )
    assert ledger.stale_pages("parser-2") == []


def test_what_is_no_page_is_never_stale(ledger: Ledger) -> None:
    ledger.store_visits([Visit(fetch(1, "feed", kind="feed"))])
    assert ledger.stale_pages("parser-2") == []


def test_unread_articles_come_oldest_first_and_as_they_were_stored(ledger: Ledger) -> None:
    ledger.store_visits(
        [
            Visit(fetch(day, f"{day}", f"http://outlet.example/{day}/"), parsed_on(day, str(day)))
            for day in (3, 1, 2)
        ]
    )
    unread = ledger.unread_articles("extractor-1", 10)
    assert [one.id for _, one in unread] == ["1", "2", "3"]
    assert unread[0] == (version_id(dated(1)), dated(1))
    assert [one.id for _, one in ledger.unread_articles("extractor-1", 2)] == ["1", "2"]
    assert ledger.count_unread("extractor-1") == 3


def dated(day: int) -> Article:
    return article(name=str(day), published=date(2025, 9, day))


def parsed_on(day: int, payload: str) -> ParsedPage:
    url = f"http://outlet.example/{day}/"
    return ParsedPage(url, payload, "parser-1", "outlet", START, "parsed", None, dated(day))


def test_an_article_that_was_read_is_read_again_by_another_extractor_only(ledger: Ledger) -> None:
    ledger.store_visits([visit(1)])
    ((version, one),) = ledger.unread_articles("extractor-1", 10)
    ledger.store_reading(version, one.id, Reading("no_figures"), "extractor-1", 1.0)
    assert (ledger.unread_articles("extractor-1", 10), ledger.count_unread("extractor-1")) == ([], 0)
    assert ledger.count_unread("extractor-2") == 1


def test_a_text_that_holds_no_more_is_not_read(ledger: Ledger) -> None:
    ledger.store_visits([visit(1, "Nine left."), visit(2, "Ten left.")])
    assert [one.text for _, one in ledger.unread_articles("extractor-1", 10)] == ["Ten left."]


# Kinds of home


@pytest.mark.parametrize(
    ("held", "asked", "has_inbox"),
    [
        (True, [False], False),
        (True, [], True),
        (False, [True], False),
        (None, [True, False], False),
        (None, [True], True),
    ],
)
def test_sample_articles_and_others_do_not_meet(
    home: Home, ledger: Ledger, held: bool | None, asked: list[bool], has_inbox: bool
) -> None:
    if held is not None:
        ledger.store_sources([source(sample=held)])
        ledger.store_visits([visit(1)])
    with pytest.raises(MixedHomeError, match=r"--home|one after the other"):
        ledger.check_kind([source("new", sample) for sample in asked], has_inbox, home)


@pytest.mark.parametrize("sample", [True, False])
def test_articles_of_one_kind_share_a_home(home: Home, ledger: Ledger, sample: bool) -> None:
    ledger.check_kind([source(sample=sample)], False, home)
    ledger.store_sources([source(sample=sample)])
    ledger.store_visits([visit(1)])
    ledger.check_kind([source("new", sample)], not sample, home)


# The file


def test_an_older_file_is_refused_with_the_cure(home: Home) -> None:
    home.build_file.parent.mkdir(parents=True)
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute("create schema raw")
        connection.execute("create table raw.schema_version as select 0 as version")
        connection.execute("create table raw.parses as select 'another shape' as anything")
    with pytest.raises(LedgerError, match=r"raw tables of version 0.*give another --home"), open_ledger(home):
        pass
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        assert connection.execute("select anything from raw.parses").fetchall() == [("another shape",)]
        assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(2,)]


def test_a_ledger_of_version_1_is_brought_up_to_date_and_keeps_its_rows(home: Home) -> None:
    with open_ledger(home) as ledger:
        ledger.store_reading("v1", "nine-left", READING, "extractor-1", 3.5)
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute("alter table raw.rejects drop column probability")
        connection.execute("update raw.schema_version set version = 1")
    with open_ledger(home) as ledger:
        assert rows(ledger, "select version from raw.schema_version") == [(SCHEMA_VERSION,)]
        assert rows(ledger, "select number, probability from raw.rejects") == [("August", None)]
        ledger.store_reading("v2", "nine-left", READING, "extractor-1", 3.5)


def test_a_ledger_of_version_2_is_brought_up_to_date_and_keeps_its_rows(home: Home) -> None:
    with open_ledger(home) as ledger:
        ledger.store_visits([visit(1)])
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute("alter table raw.parses drop column date_candidates")
        connection.execute("drop view raw.current_articles")
        for table in ("posts", "signatures", "copies"):
            connection.execute(f"drop table raw.{table}")
        connection.execute("update raw.schema_version set version = 2")
    with open_ledger(home) as ledger:
        assert rows(ledger, "select outcome, date_candidates from raw.parses") == [("parsed", None)]
        assert rows(ledger, "select count(*) from raw.current_articles") == [(1,)]
        ledger.store_visits([visit(2, "Ten left.")])
        assert rows(ledger, "select date_candidates from raw.parses where payload_sha256 = 'Ten left.'") == [
            ([],)
        ]


def test_a_ledger_of_version_3_is_brought_up_to_date_and_keeps_its_rows(home: Home) -> None:
    with open_ledger(home) as ledger:
        ledger.store_sources([source("harbour")])
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute("alter table raw.sources drop column credits")
        connection.execute("drop table raw.reviews")
        connection.execute("update raw.schema_version set version = 3")
    with open_ledger(home) as ledger:
        assert rows(ledger, "select source_id, credits from raw.sources") == [("harbour", None)]
        assert rows(ledger, "select count(*) from raw.reviews") == [(0,)]
        ledger.store_sources([source("harbour").model_copy(update={"credits": ("Harbour",)})])
        assert rows(ledger, "select credits from raw.sources") == [(["Harbour"],)]


def test_a_ledger_of_version_4_is_brought_up_to_date_and_keeps_its_rows(home: Home) -> None:
    with open_ledger(home) as ledger:
        ledger.store_reading("v1", "nine-left", READING, "extractor-1", 3.5)
    with duckdb.connect(str(home.build_file)) as connection:
        for table in ("archive_records", "archive_files", "archive_months", "archive_gaps"):
            connection.execute(f"drop table raw.{table}")
        connection.execute("alter table raw.extractions alter column milliseconds set not null")
        connection.execute("update raw.schema_version set version = 4")
    with open_ledger(home) as ledger:
        assert rows(ledger, "select version_id, milliseconds from raw.extractions") == [("v1", 3.5)]
        assert rows(ledger, "select count(*) from raw.archive_files") == [(0,)]
        with ledger.bulk() as connection:
            connection.execute("update raw.extractions set milliseconds = null")


@pytest.mark.parametrize("content", [b"not a database " * 1_000, b"\x00" * 20_000, b"DUCK" * 5_000])
def test_a_damaged_file_is_refused_with_the_cure(home: Home, content: bytes) -> None:
    home.build_file.parent.mkdir(parents=True)
    home.build_file.write_bytes(content)
    with pytest.raises(LedgerError, match=r"cannot be opened as a DuckDB file.*delete it"), open_ledger(home):
        pass


def test_a_wrong_statement_is_a_ledger_error_that_names_the_file(home: Home) -> None:
    with pytest.raises(LedgerError, match=r"labor_ledger\.duckdb"), open_ledger(home) as ledger:
        rows(ledger, "select * from raw.nowhere")


def test_an_older_duckdb_can_read_the_file(home: Home) -> None:
    with open_ledger(home) as ledger:
        (tags,) = rows(ledger, "select tags from duckdb_databases() where database_name = 'labor_ledger'")[0]
    assert tags["storage_version"] == "v1.0.0+"


# Two at once


@contextmanager
def another_process(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A second Python that runs `program` until the block ends; it has said `ready`."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as other:
        assert other.stdout is not None
        try:
            assert other.stdout.readline() == "ready\n"
            yield other
        finally:
            other.kill()


HOLDS_FILE = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("ready", flush=True)
time.sleep(60)
"""
HOLDS_LOCK = """
import sys, time, pathlib
from orchestration.home import Home
from orchestration.ledger import writer_lock
with writer_lock(Home(pathlib.Path(sys.argv[1]))):
    print("ready", flush=True)
    time.sleep(60)
"""
WRITES = """
import sys, time, pathlib
from orchestration.home import Home
from orchestration.ledger import open_ledger
def outlets(*numbers):
    return [(str(number), "Name", "en", "UTC", "", False, False, None) for number in numbers]
with open_ledger(Home(pathlib.Path(sys.argv[1]))) as ledger:
    with ledger._transaction():
        ledger._insert("sources", outlets(1, 2, 3))
    with ledger._transaction():
        ledger._insert("sources", outlets(*range(4, 30)))
        print("ready", flush=True)
        time.sleep(60)
"""


def test_a_file_that_somebody_has_open_names_them(home: Home) -> None:
    with open_ledger(home):
        pass
    with (
        another_process(HOLDS_FILE, str(home.build_file)) as other,
        pytest.raises(BuildFileLocked) as refused,
        open_ledger(home),
    ):
        pass
    assert f"is open in process {other.pid} (" in str(refused.value)
    assert "import sys, time, duckdb" in str(refused.value)
    assert f"open {home.published_file}, which nothing locks" in str(refused.value)


def test_a_second_writer_is_told_who_the_first_is(home: Home) -> None:
    with (
        another_process(HOLDS_LOCK, str(home.path)) as other,
        pytest.raises(BuildFileLocked, match=rf"(?s)is being written by process {other.pid} \(.*since 20"),
        open_ledger(home, wait=0.1),
    ):
        pass


def test_a_writer_waits_for_the_one_before_it(home: Home) -> None:
    with another_process(HOLDS_LOCK, str(home.path)) as other:
        other.send_signal(signal.SIGKILL)
        with open_ledger(home, wait=5) as ledger:
            ledger.store_visits([visit(1)])


def test_a_lock_file_without_a_readable_note_still_locks(home: Home) -> None:
    with another_process(HOLDS_LOCK, str(home.path)):
        home.lock_file.with_suffix(".json").write_text("not JSON")
        with pytest.raises(BuildFileLocked, match="by another process"), writer_lock(home, wait=0.1):
            pass


def test_a_kill_in_a_transaction_loses_nothing_that_was_committed(home: Home) -> None:
    with another_process(WRITES, str(home.path)) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    with open_ledger(home, wait=5) as ledger:
        assert rows(ledger, "select source_id from raw.sources order by all") == [("1",), ("2",), ("3",)]
        ledger.store_visits([visit(9)])
