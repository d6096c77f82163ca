"""`laborledger load`: what `read --texts` left becomes the ledger's, once, and as if a run had read it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.archives import write_archive, write_archives
from orchestration.home import Home
from orchestration.ledger import Ledger, open_ledger
from orchestration.loading import load
from orchestration.publishing.trace import ARCHIVED
from orchestration.reading.archives import Options
from orchestration.reading.cc_news import Month, known_gaps
from orchestration.reading.outputs import note_failure, read_into
from orchestration.scraping.copies import METHOD, find_copies, sign
from orchestration.selection import Selection
from orchestration.steps import collect, mark_copies, read_figures
from tests.dbt_home import Warehouse
from tests.raw_rows import outlet
from tests.test_read_archives import HTML, PAGE, TEXT, one_page

COMMAND = str(Path(sys.executable).with_name("laborledger"))
KEPT = {
    "articles": "* exclude (first_seen_at)",
    "parses": "* exclude (parsed_at)",
    "extractions": "* exclude (extracted_at, milliseconds)",
    "figures": "*",
    "rejects": "*",
    "fetches": "source_id, url, fetched_at, status, robots_verdict, payload_sha256, outcome",
}
"""What of a row does not say when and how it came."""


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small files."""
    folder = tmp_path_factory.mktemp("archives")
    write_archives(folder, 3, 0, 8)
    return folder


@pytest.fixture(scope="module")
def read(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `read --texts` made of them."""
    out = tmp_path_factory.mktemp("read")
    for path in sorted(archives.iterdir()):
        read_into(out, str(path), Options(texts=True))
    return out


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def rows(home: Home, statement: str) -> list[tuple[Any, ...]]:
    with open_ledger(home) as ledger:
        return ledger._rows(statement)


def contents(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    return {name: rows(home, f"select {told} from raw.{name} order by all") for name, told in KEPT.items()}


def pages_of(*hosts: str, text: str = TEXT) -> list[tuple[str, bytes]]:
    return [(f"https://{host}/story", PAGE.format(title="Workers", text=text).encode()) for host in hosts]


# The same rows


def test_rows_are_those_of_a_run(archives: Path, read: Path, home: Home, tmp_path: Path) -> None:
    assert load(read, home) == 0
    ran = Home(tmp_path / "ran")
    ran.prepare()
    collect(Selection("none", archives, ran), "run-1")
    read_figures(ran)
    found, wanted = contents(home), contents(ran)
    assert len(found["figures"]) > 40
    for name in KEPT:
        assert found[name] == wanted[name], name


def test_loading_again_changes_nothing(read: Path, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert load(read, home) == 0
    before = contents(home)
    assert load(read, home) == 0
    assert contents(home) == before
    assert "0 files loaded, 3 were loaded before" in capsys.readouterr().out


def test_a_page_that_is_in_two_files_is_one_text(home: Home, tmp_path: Path) -> None:
    for name in ("a", "b"):
        path = write_archive(tmp_path / f"{name}.warc.gz", pages_of("one.example") * 2)
        read_into(tmp_path / "read", str(path), Options(texts=True))
    assert load(tmp_path / "read", home) == 0
    counted = {name: rows(home, f"select count(*) from raw.{name}")[0][0] for name in KEPT}
    assert counted == {
        "fetches": 4, "parses": 1, "articles": 1, "extractions": 1, "figures": 1, "rejects": 1,
    }  # fmt: skip
    assert rows(home, "select count(*) from raw.current_articles") == [(1,)]


def test_a_run_and_a_load_of_the_same_pages_meet(archives: Path, read: Path, home: Home) -> None:
    home.prepare()
    collect(Selection("none", archives, home), "run-1")
    read_figures(home)
    before = contents(home)
    assert load(read, home) == 0
    after = contents(home)
    assert {name: after[name] for name in after if name != "fetches"} == {
        name: before[name] for name in before if name != "fetches"
    }


def test_a_file_whose_folder_is_made_anew_is_loaded_anew(home: Home, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.warc.gz", pages_of("one.example"))
    read_into(tmp_path / "read", str(path), Options(texts=True))
    assert load(tmp_path / "read", home) == 0
    write_archive(path, pages_of("one.example", "two.example"))
    read_into(tmp_path / "read", str(path), Options(texts=True))
    assert load(tmp_path / "read", home) == 0
    assert rows(home, "select count(*) from raw.articles") == [(2,)]
    assert rows(home, "select count(*) from raw.archive_files where outcome = 'loaded'") == [(2,)]


def test_an_undated_page_is_a_parse_without_an_article(home: Home, tmp_path: Path) -> None:
    undated = HTML.replace("<meta property='article:published_time' content='2024-02-27'>", "")
    read_into(tmp_path / "read", str(one_page(tmp_path, undated.encode())), Options(texts=True))
    assert load(tmp_path / "read", home) == 0
    assert rows(home, "select outcome, version_id from raw.parses") == [("undated", None)]
    assert rows(home, "select * from raw.articles") == []


# What a run makes of them


def test_a_later_extractor_reads_loaded_texts(
    read: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(read, home) == 0
    assert read_figures(home).articles == {}
    texts = rows(home, "select count(*) from raw.current_articles")[0][0]
    monkeypatch.setattr("orchestration.steps.extractor_version", lambda: "later")
    assert read_figures(home).articles.total() == texts > 10


def test_an_agency_s_text_at_three_hosts_has_one_origin(home: Home, tmp_path: Path) -> None:
    text = f"{TEXT} " + " ".join(f"The camp has a number {n} hall and a kitchen for it." for n in range(9))
    path = write_archive(tmp_path / "a.warc.gz", pages_of("a.example", "b.example", "c.example", text=text))
    read_into(tmp_path / "read", str(path), Options(texts=True))
    assert load(tmp_path / "read", home) == 0
    assert mark_copies(home, {}) == 2
    assert len(rows(home, "select distinct origin_article_id from raw.copies")) == 1


def test_marts_are_made_of_it_as_of_any_other(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agency's text at three hosts is one event of one origin, and each claim leads back to its record."""
    text = f"{TEXT} " + " ".join(f"The camp has a number {n} hall and a kitchen for it." for n in range(9))
    hosts = [f"{name}.example" for name in "abc"]
    path = write_archive(tmp_path / "CC-NEWS-1.warc.gz", pages_of(*hosts, text=text))
    read_into(tmp_path / "read", str(path), Options(texts=True))
    Month(date(2021, 6, 1), "list", (str(path),), known_gaps()[:1]).note(tmp_path / "read")
    assert load(tmp_path / "read", home) == 0
    mark_copies(home, {})
    monkeypatch.setenv("LABORLEDGER_BUILD", str(home.build_file))
    warehouse = Warehouse(home)
    warehouse.build()
    events = "select workers_low, n_claims, n_independent_origins from marts.fct_deployments"
    assert warehouse.ask(events) == [(450, 3, 1)]
    assert warehouse.ask("select count(copy_of_article_id) from marts.dim_articles") == [(2,)]
    assert warehouse.ask("select name, state from marts.archive_coverage") == [
        ("CC-NEWS 2021-06", "known_gap")
    ]
    assert warehouse.ask("select * from marts.source_coverage") == []
    ((claim,), *_) = warehouse.ask("select claim_id from marts.fct_claims order by 1")
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        (place, *_) = connection.execute(ARCHIVED, {"claim": claim}).fetchone() or ()
    assert place == str(path)


def test_the_home_s_own_archive_is_not_misled(read: Path, home: Home) -> None:
    assert load(read, home) == 0
    with open_ledger(home) as ledger:
        assert ledger.payload_places() == {}
        assert ledger.known_records() == set()
        assert ledger.archive_files() == set()
        assert ledger.stale_pages("another") == []
        assert ledger.known_pages("inbox") == {}


def test_a_page_that_others_kept_is_no_look_at_its_outlet(read: Path, home: Home) -> None:
    assert load(read, home) == 0
    with open_ledger(home) as ledger:
        ledger.store_sources([outlet("inbox")])
        assert ledger.last_looks() == {}
        assert ledger.last_answers() == {}
        assert ledger.looks("inbox") == []
        assert ledger.undated_pages() == []


def test_a_text_leads_back_to_its_record(archives: Path, read: Path, home: Home) -> None:
    assert load(read, home) == 0
    places = rows(home, "select distinct warc_path, kind from raw.archive_records order by 1")
    assert places == [(str(path), "article") for path in sorted(archives.iterdir())]
    assert rows(home, "from raw.fetches anti join raw.archive_records using (fetch_id)") == []
    assert rows(home, "select distinct kind, warc_file from raw.fetches") == [("archive", None)]


# What is refused


def test_a_folder_without_texts_says_how_to_get_them(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read_into(tmp_path / "read", str(one_page(tmp_path, HTML.encode())), Options())
    assert load(tmp_path / "read", home) == 2
    assert "read the file again with --texts" in capsys.readouterr().err


def test_sample_articles_and_others_never_meet(
    read: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_ledger(home) as ledger:
        store_sample(ledger)
    assert load(read, home) == 2
    assert "holds sample articles" in capsys.readouterr().err
    assert rows(home, "select * from raw.articles") == []


def store_sample(ledger: Ledger) -> None:
    ledger.store_sources([outlet("sample", sample=True, local=True)])
    ledger._connection.execute(
        "insert into raw.fetches by name select 'f' as fetch_id, 'r' as run_id, 'sample' as source_id, "
        "'u' as url, 'feed' as kind, now()::timestamp as fetched_at, 'allowed' as robots_verdict, "
        "'new' as outcome"
    )


def test_nothing_to_load_is_said(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert load(tmp_path / "empty", home) == 2
    assert "holds nothing that `laborledger read` has finished" in capsys.readouterr().err


def broken_parquet(place: Path) -> None:
    (place / "articles.parquet").write_bytes(b"torn")


def older_parquet(place: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(place / "articles.parquet")
    pq.write_table(table.drop_columns(["version_id"]), place / "articles.parquet")


def torn_inside(place: Path) -> None:
    """A file whose end is whole and whose middle is not."""
    content = bytearray((place / "figures.parquet").read_bytes())
    content[8:400] = bytes(392)
    (place / "figures.parquet").write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [(broken_parquet, "cannot be read"), (older_parquet, "lacks version_id"), (torn_inside, "not loaded")],
)
def test_a_spoilt_folder_is_named_and_the_others_are_loaded(
    read: Path, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Any, told: str
) -> None:
    spoilt = tmp_path / "read"
    shutil.copytree(read, spoilt)
    spoil(spoilt / "news-1.warc.gz")
    assert load(spoilt, home) == 1
    said = capsys.readouterr()
    assert told in said.err
    assert "news-1.warc.gz" in said.err
    assert "2 files loaded" in said.out
    loaded = rows(home, "select warc from raw.archive_files order by 1")
    assert loaded == [("news-0.warc.gz",), ("news-2.warc.gz",)]
    assert rows(home, "select count(*) from raw.archive_records where warc_path like '%news-1%'") == [(0,)]


@pytest.mark.parametrize("content", ["{", "[]", '{"made_of": {}}'])
def test_a_torn_manifest_is_named(
    read: Path, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    shutil.copytree(read, tmp_path / "read")
    (tmp_path / "read" / "news-1.warc.gz" / "manifest.json").write_text(content)
    assert load(tmp_path / "read", home) == 2
    assert "news-1.warc.gz/manifest.json is torn" in capsys.readouterr().err


def test_a_name_that_is_a_pattern_is_a_name(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "it's [1] * ?"
    path = write_archive(tmp_path / "a [0-9]*.warc.gz", pages_of("one.example"))
    read_into(folder, str(path), Options(texts=True))
    assert load(folder, home) == 0
    assert rows(home, "select warc from raw.archive_files") == [("a [0-9]*.warc.gz",)]


def test_a_file_that_could_not_be_read_is_known_as_such(read: Path, home: Home, tmp_path: Path) -> None:
    shutil.copytree(read, tmp_path / "read")
    note_failure(tmp_path / "read", "https://far.example/gone.warc.gz", "FileNotFoundError: gone")
    assert load(tmp_path / "read", home) == 0
    assert rows(home, "select warc, detail from raw.archive_files where outcome = 'failed'") == [
        ("gone.warc.gz", "FileNotFoundError: gone")
    ]


def test_months_and_their_gaps_are_known_and_said_once(read: Path, home: Home, tmp_path: Path) -> None:
    shutil.copytree(read, tmp_path / "read")
    (gap, *_) = known_gaps()
    for files in (("x/news-0.warc.gz",), ("x/news-0.warc.gz", "x/news-9.warc.gz")):
        Month(date(2021, 6, 1), "list", files, (gap,)).note(tmp_path / "read")
        assert load(tmp_path / "read", home) == 0
    assert rows(home, "select archive, month, files from raw.archive_months") == [
        ("cc-news", date(2021, 6, 1), ["news-0.warc.gz", "news-9.warc.gz"])
    ]
    assert rows(home, "select gap_from, source from raw.archive_gaps") == [(gap.first, gap.source)]


def test_a_month_that_has_no_files_is_loaded_as_such(home: Home, tmp_path: Path) -> None:
    Month(date(2021, 6, 1), "list", (), known_gaps()[:1]).note(tmp_path)
    assert load(tmp_path, home) == 0
    assert rows(home, "select files from raw.archive_months") == [([],)]


# Stopped


@pytest.fixture
def many(read: Path, tmp_path: Path) -> Path:
    """Many folders: loading them takes a while."""
    for number in range(60):
        place = tmp_path / "many" / f"copy-{number}.warc.gz"
        shutil.copytree(read / "news-0.warc.gz", place)
        told = json.loads((place / "manifest.json").read_text())
        told["made_of"]["file"]["path"] += f"-{number}"
        (place / "manifest.json").write_text(json.dumps(told))
    return tmp_path / "many"


def loaded(home: Home) -> set[str]:
    return {warc for (warc,) in rows(home, "select warc from raw.archive_files")}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_load_goes_on(many: Path, home: Home, how: signal.Signals) -> None:
    """At several instants: a folder is loaded whole or not at all, and what is loaded stays."""
    known = set[str]()
    for pause in (0.1, 0.4, 0.7):
        home.lock_file.with_suffix(".json").unlink(missing_ok=True)
        run = subprocess.Popen(
            [COMMAND, "load", str(many), "--home", str(home.path)],
            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        while not home.lock_file.with_suffix(".json").exists():
            time.sleep(0.02)
        time.sleep(pause)
        os.killpg(run.pid, how)
        _, said = run.communicate()
        assert b"Traceback" not in said
        now = loaded(home)
        assert known <= now
        known = now
        assert len(rows(home, "select distinct warc_path from raw.archive_records")) == len(now)
    assert load(many, home) == 0
    assert len(loaded(home)) == 60


@pytest.fixture
def texts(home: Home, read: Path) -> list[str]:
    assert load(read, home) == 0
    return [text for (text,) in rows(home, "select text from raw.articles")]


def test_loaded_texts_are_signed_as_others(texts: list[str], home: Home) -> None:
    mark_copies(home, {})
    with open_ledger(home) as ledger:
        assert len(ledger.signed_texts(METHOD)) == len([text for text in texts if sign(text)])
        assert find_copies(ledger.signed_texts(METHOD), {})
