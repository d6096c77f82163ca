"""People's decisions: a file that is read strictly, a row added at a time, and what a run makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import REVIEWS_FILE, Home
from orchestration.ledger import open_ledger
from orchestration.records import Review
from orchestration.reviews import COLUMNS, LARGEST, ReviewsError, add_review, read_reviews
from orchestration.selection import Selection
from tests.conftest import ROOT

A, B = "a" * 16, "b" * 16
HEADING = ",".join(COLUMNS)
LABORLEDGER = str(Path(sys.executable).with_name("laborledger"))


def review(decision: str = "reject", field: str | None = None, value: str | None = None) -> Review:
    return Review(A, decision, field, value, "Ana", "counts buses", date(2026, 1, 5))


DAY = review("fix", "period_end", "2024-02-29")


def file_of(folder: Path, *rows: str, heading: str = HEADING) -> Path:
    path = folder / "reviews.csv"
    path.write_text("\n".join((heading, *rows)) + "\n", encoding="utf-8")
    return path


# What is read


@pytest.mark.parametrize(
    ("row", "read"),
    [
        (f"{A},reject,,,Ana,counts buses,2026-01-05", review()),
        (f"{A}, confirm ,,,Ana,counts buses,2026-01-05", review("confirm")),
        (f"{A},fix,workers_high,500,Ana,counts buses,2026-01-05", review("fix", "workers_high", "500")),
        (f"{A},fix,workers_low,,Ana,counts buses,2026-01-05", review("fix", "workers_low")),
        (f"{A},fix,countries,CHN|RUS,Ana,counts buses,2026-01-05", review("fix", "countries", "CHN|RUS")),
        (f"{A},fix,countries,,Ana,counts buses,2026-01-05", review("fix", "countries")),
        (f"{A},fix,region,gulf,Ana,counts buses,2026-01-05", review("fix", "region", "gulf")),
        (f"{A},fix,sectors,logging|it,Ana,counts buses,2026-01-05", review("fix", "sectors", "logging|it")),
        (f"{A},fix,measure,presence,Ana,counts buses,2026-01-05", review("fix", "measure", "presence")),
        (f"{A},fix,status,failed,Ana,counts buses,2026-01-05", review("fix", "status", "failed")),
        (f"{A},fix,hedge,at_most,Ana,counts buses,2026-01-05", review("fix", "hedge", "at_most")),
        (
            f"{A},fix,period_end,2024-02-29,Ana,counts buses,2026-01-05",
            review("fix", "period_end", "2024-02-29"),
        ),
        (f"{A},merge,,{B},Ana,counts buses,2026-01-05", review("merge", None, B)),
        (f"{A},split,,{B},Ana,counts buses,2026-01-05", review("split", None, B)),
    ],
)
def test_each_decision_is_read(tmp_path: Path, row: str, read: Review) -> None:
    assert read_reviews(file_of(tmp_path, row)) == (read,)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("abc,reject,,,Ana,why,2026-01-05", "claim_id is 'abc'; a claim_id is 16 hex digits"),
        (f"{A.upper()},reject,,,Ana,why,2026-01-05", "a claim_id is 16 hex digits"),
        (f"{A},delete,,,Ana,why,2026-01-05", "decision is 'delete'; it must be one of confirm, reject, fix"),
        (f"{A},reject,,,,why,2026-01-05", "reviewer is empty"),
        (f"{A},reject,,,Ana,,2026-01-05", "reason is empty"),
        (f"{A},reject,,,Ana,why,5 Jan 2026", "date is '5 Jan 2026'; write it as 2024-02-27"),
        (f"{A},reject,status,,Ana,why,2026-01-05", "only a fix has a field"),
        (f"{A},reject,,yes,Ana,why,2026-01-05", "value is 'yes'; to reject a claim needs none"),
        (f"{A},fix,,5,Ana,why,2026-01-05", "field is ''; what can be fixed is measure, status"),
        (f"{A},fix,quote,x,Ana,why,2026-01-05", "field is 'quote'"),
        (
            f"{A},fix,workers_low,0,Ana,why,2026-01-05",
            "value of workers_low is '0'; it must be a number of people",
        ),
        (f"{A},fix,workers_low,1e3,Ana,why,2026-01-05", "it must be a number of people"),
        (f"{A},fix,workers_low,٣,Ana,why,2026-01-05", "it must be a number of people"),
        (f"{A},fix,workers_high,-5,Ana,why,2026-01-05", "it must be a number of people"),
        (f"{A},fix,countries,CHN|Russia,Ana,why,2026-01-05", "'Russia' is no country (ISO 3166-1 alpha-3)"),
        (f"{A},fix,sectors,logging|,Ana,why,2026-01-05", "'' is no sector"),
        (f"{A},fix,measure,,Ana,why,2026-01-05", "it must be one of dispatch"),
        (f"{A},fix,region,asia,Ana,why,2026-01-05", "it must be one of africa"),
        (f"{A},fix,period_start,2024-02-30,Ana,why,2026-01-05", "write a day as 2024-02-27"),
        (f"{A},merge,,{A},Ana,why,2026-01-05", "value is the claim itself; a merge needs another"),
        (f"{A},split,,,Ana,why,2026-01-05", "value is ''; a claim_id is 16 hex digits"),
        (f"{A},reject,,,Ana,why", "6 cells; 7 are wanted"),
        (f"{A},reject,,,Ana,why, and more,2026-01-05", "8 cells; 7 are wanted"),
        (f"{A},reject,,,Ana,w\0hy,2026-01-05", "reason holds a NUL byte"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named_with_the_cure(tmp_path: Path, row: str, says: str) -> None:
    path = file_of(tmp_path, f"{B},confirm,,,Ana,fine,2026-01-05", row)
    with pytest.raises(ReviewsError) as told:
        read_reviews(path)
    assert f"{path}, line 3: " in str(told.value)
    assert says in str(told.value)


def test_no_decision_is_of_tomorrow(tmp_path: Path) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    with pytest.raises(ReviewsError, match="which is to come"):
        read_reviews(file_of(tmp_path, f"{A},reject,,,Ana,why,{tomorrow}"))


def test_the_same_row_twice_is_named_by_both_lines(tmp_path: Path) -> None:
    row = f"{A},reject,,,Ana,why,2026-01-05"
    with pytest.raises(ReviewsError, match="line 4: the same as line 2"):
        read_reviews(file_of(tmp_path, row, f"{B},reject,,,Ana,why,2026-01-05", row))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: the heading is ''"),
        (HEADING.replace(",", ";").encode(), "parted by semicolons; save it with commas"),
        (b"claim,decision\n", "the heading is 'claim,decision'; it must be claim_id,decision"),
        (b"\xff\xfe", "no UTF-8 at byte 0; save it as UTF-8"),
        (HEADING.encode() + b'\n"' + A.encode(), "no CSV"),
        (b"x" * (LARGEST + 1), "no reviews file is so large"),
    ],
)
def test_a_file_that_is_no_reviews_file_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "reviews.csv"
    path.write_bytes(content)
    with pytest.raises(ReviewsError) as told:
        read_reviews(path)
    assert str(path) in str(told.value)
    assert says in str(told.value)


def test_a_spreadsheets_habits_do_no_harm(tmp_path: Path) -> None:
    """A byte-order mark, Windows line ends, empty lines, quotes around commas and line breaks."""
    path = tmp_path / "reviews.csv"
    rows = f'{HEADING}\r\n\r\n"{A}",reject,,,Ana,"counts buses, ""not""\r\npeople",2026-01-05\r\n,,,,,,\r\n'
    path.write_bytes(b"\xef\xbb\xbf" + rows.encode())
    (read,) = read_reviews(path)
    assert read.reason == 'counts buses, "not"\npeople' or read.reason == 'counts buses, "not"\r\npeople'


def test_the_projects_own_file_can_be_read() -> None:
    assert read_reviews(REVIEWS_FILE) == ()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReviewsError, match=r"none\.csv cannot be read: No such file"):
        read_reviews(tmp_path / "none.csv")


# What is written


@pytest.mark.parametrize("reason", ['says "buses", not people', "=1+1", "two\nlines", "아홉"])
def test_a_review_that_was_added_is_read_again(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "new" / "reviews.csv"
    first = Review(A, "reject", None, None, "Ana", reason, date(2026, 1, 5))
    second = Review(B, "fix", "workers_high", None, "Ben", "open", date(2026, 1, 6))
    add_review(path, first)
    add_review(path, second)
    assert read_reviews(path) == (first, second)
    assert [p.name for p in path.parent.iterdir()] == ["reviews.csv"]


def test_a_review_is_added_once(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    add_review(path, review())
    with pytest.raises(ReviewsError, match="holds this review already"):
        add_review(path, review())


def test_a_last_line_without_an_end_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(f"{HEADING}\n{B},confirm,,,Ana,fine,2026-01-05", encoding="utf-8")
    add_review(path, review())
    assert [one.claim_id for one in read_reviews(path)] == [B, A]


def test_a_file_that_is_wrong_is_not_added_to(tmp_path: Path) -> None:
    path = file_of(tmp_path, "abc,reject,,,Ana,why,2026-01-05")
    before = path.read_bytes()
    with pytest.raises(ReviewsError, match="line 2"):
        add_review(path, review())
    assert path.read_bytes() == before


def test_the_ledger_keeps_what_the_file_says_last(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    for reviews in ((review(), review("fix", "hedge", "about")), (review("confirm"),), ()):
        with open_ledger(home) as ledger:
            ledger.store_reviews(reviews)
            ledger.store_reviews(reviews)
        with duckdb.connect(str(home.build_file), read_only=True) as connection:
            rows = connection.execute("select decision from raw.reviews order by review_index").fetchall()
        assert [decision for (decision,) in rows] == [one.decision for one in reviews]


def test_the_sample_has_no_reviews_unless_a_file_is_named(tmp_path: Path) -> None:
    assert Selection.of("sample", None, tmp_path).reviews is None
    assert Selection.of("live", None, tmp_path).reviews == REVIEWS_FILE
    assert Selection.of("sample", None, tmp_path, tmp_path / "mine.csv").reviews == tmp_path / "mine.csv"


# A run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one saved article, run once."""
    folder = tmp_path_factory.mktemp("reviewed")
    inbox = folder / "inbox"
    inbox.mkdir()
    (inbox / "welders.txt").write_text(
        "Welders leave\n\nNorth Korea sent 40 welders to Oman in May 2024, a harbour official said.\n\n"
        "Another 25 North Korean cooks work at a restaurant in Kuwait.\n",
        encoding="utf-8",
    )
    (inbox / "welders.json").write_text(json.dumps({"published": "2024-06-01"}), encoding="utf-8")
    told = command(Home(folder / "home"), "run", "--inbox", str(inbox))
    assert told.returncode == 0, told.stdout + told.stderr
    return Home(folder / "home")


def command(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LABORLEDGER, *words, "--home", str(home.path)], cwd=ROOT, capture_output=True, text=True
    )


def ask(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        connection.execute("use marts")
        return connection.execute(query).fetchall()


def claim_of(home: Home, low: int) -> str:
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        (row,) = connection.execute(
            "select claim_id from marts.claim_history where workers_low = ? limit 1", [low]
        ).fetchall()
    return str(row[0])


def test_a_claim_is_shown_decided_on_and_the_next_run_applies_it(home: Home, tmp_path: Path) -> None:
    forty, cooks = claim_of(home, 40), claim_of(home, 25)
    file = str(tmp_path / "reviews.csv")
    shown = command(home, "review", forty, "--reviews", file)
    assert "North Korea sent 40 welders to Oman" in shown.stdout
    assert "to decide: laborledger review" in shown.stdout
    by = ("--reviewer", "Ana", "--reviews", file)
    fixed = command(
        home, "review", forty, "--decision", "fix", "--field", "workers_high", "--value", "60",
        "--reason", "40 to 60 in the original", *by,
    )  # fmt: skip
    assert (fixed.returncode, "the next laborledger run applies it" in fixed.stdout) == (0, True), (
        fixed.stderr
    )
    assert command(home, "review", cooks, "--decision", "reject", "--reason", "a rumour", *by).returncode == 0
    assert "reviewed" in command(home, "review", forty, "--reviews", file).stdout

    add_review(Path(file), review("confirm"))  # of a claim that is nowhere
    ran = command(home, "run", "--sources", "none", "--reviews", file)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"review 3 speaks of claim {A}, which no article states" in ran.stdout
    assert ask(home, "select claim_id, workers_low, workers_high, is_reviewed from fct_claims") == [
        (forty, 40, 60, True)
    ]
    history = ask(home, "select claim_id, left_because from claim_history where left_because is not null")
    assert sorted(history) == sorted([(forty, "changed"), (cooks, "rejected")])
    changes = ask(
        home, "select change, field, old_value, new_value from meta_changes where change <> 'added'"
    )
    assert sorted(changes, key=str) == sorted(
        [("reviewed", "workers_high", "40", "60"), ("withdrawn", None, None, "rejected")], key=str
    )
    gone = command(home, "review", cooks, "--reviews", file)
    assert "is no published claim any more" in gone.stdout
    assert "reject (a rumour)" in gone.stdout


def test_a_wrong_reviews_file_stops_a_run_before_it_begins(home: Home, tmp_path: Path) -> None:
    path = file_of(tmp_path, "abc,reject,,,Ana,why,2026-01-05")
    ran = command(home, "run", "--sources", "none", "--reviews", str(path))
    assert (ran.returncode, f"{path}, line 2: claim_id is 'abc'" in ran.stderr) == (2, True)
    assert "Dagster" not in ran.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((A,), f"no claim '{A}' in"),
        ((A, "--decision", "reject", "--reason", "x"), f"no claim '{A}' in"),
        (("CLAIM", "--decision", "burn", "--reason", "x"), "decision is 'burn'"),
        (("CLAIM", "--decision", "reject"), "reason is empty"),
        (("CLAIM", "--decision", "merge", "--value", B, "--reason", "x"), f"no claim '{B}' to merge it with"),
    ],
)
def test_what_cannot_be_decided_is_said_and_nothing_is_written(
    home: Home, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "reviews.csv"
    chosen = [claim_of(home, 40) if word == "CLAIM" else word for word in words]
    told = command(home, "review", *chosen, "--reviewer", "Ana", "--reviews", str(file))
    assert (told.returncode, says in told.stderr) == (1, True), told.stderr
    assert not file.exists()
