"""`laborledger export-texts`: the articles' texts, where their terms allow it, beside what is published."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home
from orchestration.ledger import open_ledger, writer_lock
from orchestration.publishing import PublishError
from orchestration.publishing.texts import COLUMNS, write_texts
from orchestration.scraping.page import Visit
from tests.raw_rows import Story, build_ledger, look, outlet, store, visit_of
from tests.runs import laborledger

OLD = Story("ship", "2024-06-01", text="A ship lay ready.\n\nFifty men left.", seen=["2024-06-01 12:00:00"])
NEW = replace(OLD, text="A ship lay ready.\n\nSixty men left.", seen=["2024-06-02 12:00:00"])
GIVEN = Story("given", "2024-06-03", source="wall", text="Cooks return, as the feed says.")
SAVED = Story("saved", "2024-06-04", source="wall", text="Cooks return. All that the paying read.")
TERMS = """
[[source]]
id = "wall"
name = "Wall"
language = "en"
homepage = "https://wall.example/"
timezone = "UTC"
feeds = ["https://wall.example/feed/"]
article_url = "^https://wall"
stores = "abstract"
terms = "Abstracts alone."
verified = false
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An edited article, an abstract that a feed gave, and a page behind the wall that somebody saved."""
    folder = tmp_path_factory.mktemp("texts") / "home"
    home = build_ledger(folder, [OLD, SAVED], [outlet("harbour"), outlet("wall", stores="abstract")])
    visit = visit_of(GIVEN, GIVEN.article(), datetime(2024, 6, 3, 12))
    with open_ledger(home) as ledger:
        store(ledger, NEW)
        ledger.store_visits([Visit(look(visit.fetch, kind="entry"), visit.parsed)])
    return home


def texts_in(file: Path) -> list[str]:
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute("select text from article_texts order by article_id").fetchall()
    return sorted(text for (text,) in rows)


def test_each_article_has_the_text_that_holds_now(home: Home, tmp_path: Path) -> None:
    assert write_texts(home, tmp_path / "texts.duckdb") == 3
    assert texts_in(tmp_path / "texts.duckdb") == sorted(str(s.text) for s in (NEW, GIVEN, SAVED))


def test_of_an_outlet_of_abstracts_only_what_its_feed_gave_is_written(home: Home, tmp_path: Path) -> None:
    write_texts(home, tmp_path / "texts.duckdb", ["wall"])
    assert texts_in(tmp_path / "texts.duckdb") == sorted(str(s.text) for s in (NEW, GIVEN))


def test_the_terms_are_those_of_the_sources_file(home: Home, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(TERMS)
    file = tmp_path / "texts.duckdb"
    told = laborledger("export-texts", file, "--sources", tmp_path / "my.toml", "--home", home.path)
    assert told.returncode == 0, told.stderr
    assert "2 texts; they are the outlets', not for passing on" in told.stdout
    assert len(texts_in(file)) == 2


def test_the_file_says_what_it_holds_and_that_it_is_not_for_passing_on(home: Home, tmp_path: Path) -> None:
    write_texts(home, tmp_path / "texts.duckdb")
    with duckdb.connect(str(tmp_path / "texts.duckdb"), read_only=True) as connection:
        (table,) = connection.execute("select comment from duckdb_tables()").fetchall()
        columns = connection.execute(
            "select column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    assert "not for passing on" in table[0]
    assert dict(columns) == COLUMNS


def test_a_text_is_told_by_its_hash(home: Home, tmp_path: Path) -> None:
    write_texts(home, tmp_path / "texts.duckdb")
    with duckdb.connect(str(tmp_path / "texts.duckdb"), read_only=True) as connection:
        rows = connection.execute("select text, text_sha256 from article_texts").fetchall()
    assert all(hashlib.sha256(text.encode()).hexdigest() == told for text, told in rows)


def test_no_file_is_written_over(home: Home, tmp_path: Path) -> None:
    (tmp_path / "texts.duckdb").write_text("mine")
    with pytest.raises(PublishError, match="is there already: name a new file, or remove it"):
        write_texts(home, tmp_path / "texts.duckdb")
    assert (tmp_path / "texts.duckdb").read_text() == "mine"


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.build_file.write_text("no database")
    with pytest.raises(PublishError, match="could not be read"):
        write_texts(home, tmp_path / "texts.duckdb")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_while_a_run_writes_it_says_who_does(home: Home, tmp_path: Path) -> None:
    with writer_lock(home):
        told = laborledger("export-texts", tmp_path / "texts.duckdb", "--home", home.path)
    assert told.returncode == 1
    assert "is being written by" in told.stderr
    assert "wait for it to end" in told.stderr


def test_without_a_run_it_says_what_to_do_and_makes_no_home(tmp_path: Path) -> None:
    told = laborledger("export-texts", tmp_path / "texts.duckdb", "--home", tmp_path / "none")
    assert told.returncode == 1
    assert "make run" in told.stderr
    assert list(tmp_path.iterdir()) == []
