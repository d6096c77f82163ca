"""`laborledger status`: what it shows of a home, what it takes for trouble, and what to do about it."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import string
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.health import history
from orchestration.health import status as module
from orchestration.health.status import Status, read_status
from orchestration.health.troubles import TABLE, bytes_worded, trouble
from orchestration.home import Home
from orchestration.ledger import writer_lock
from orchestration.publishing.builds import Builds
from orchestration.publishing.manifest import Forced
from orchestration.publishing.publish import publish
from orchestration.publishing.rollback import go_back
from tests.builds import NOW, build_home, later, rebuild
from tests.runs import laborledger


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A live home, published at NOW."""
    home = build_home(tmp_path_factory.mktemp("status") / "home")
    rebuild(home, "update raw.sources set is_sample = false")
    publish(home, "run-1", NOW)
    return home


@pytest.fixture
def home(once: Home, tmp_path: Path) -> Home:
    shutil.copytree(once.path, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def codes(told: Status) -> list[str]:
    return [one.code for one in told.troubles if one.code != "check_failed"]


def at(home: Home, **apart: float) -> Status:
    return read_status(home, later(**apart))


def at_looks(home: Home, *outlets: tuple[str, str, str | None]) -> Status:
    """The home an hour later, its outlets having been looked at, and having answered, when it is said."""
    rows = [
        {
            "outlet": name,
            "last_looked_at": datetime.fromisoformat(looked),
            "last_answered_at": datetime.fromisoformat(answered) if answered else None,
        }
        for name, looked, answered in outlets
    ]
    return dataclasses.replace(at(home, hours=1), tables={"outlets": rows})


class TestTroubles:
    def test_a_home_published_today_has_none(self, home: Home) -> None:
        assert codes(at(home, hours=5)) == []
        assert not at(home, hours=5).needs_person

    @pytest.mark.parametrize("is_made", [False, True])
    def test_a_home_in_which_nothing_ran_needs_a_run(self, tmp_path: Path, is_made: bool) -> None:
        home = Home(tmp_path / "home")
        if is_made:
            home.prepare()
        told = read_status(home, NOW)
        assert codes(told) == ["nothing_published"]
        assert told.needs_person

    def test_what_was_last_published_days_ago_needs_a_look(self, home: Home) -> None:
        assert codes(at(home, days=1.9)) == []
        told = at(home, days=3)
        assert codes(told) == ["published_old"]
        assert told.troubles[-1].what == "the last look that ended well was 3 days ago"

    def test_a_sample_does_not_age(self, tmp_path: Path) -> None:
        home = build_home(tmp_path / "home")
        publish(home, "run-1", NOW)
        assert codes(at(home, days=400)) == []

    @pytest.mark.parametrize("name", ["labor_ledger.duckdb", "manifest.json"])
    def test_a_published_build_that_is_not_whole(self, home: Home, name: str) -> None:
        (home.published / "current" / name).unlink()
        told = at(home, hours=1)
        assert codes(told) == ["published_broken"]
        assert told.needs_person

    def test_a_forced_build_says_by_whom_and_why_and_what_it_holds(self, home: Home) -> None:
        rebuild(home, "drop index marts.one_claim; delete from marts.fct_claims where claim_id = 'c2'")
        publish(home, "run-2", later(hours=1), Forced("Ada", "made anew"))
        told = at(home, hours=2)
        assert {"forced", "check_forced"} <= set(codes(told))
        assert any("Ada had this build published" in one.what for one in told.troubles)
        assert told.needs_person

    def test_a_build_gone_back_to_says_how_to_go_forward(self, home: Home) -> None:
        first = Builds(home.published).current() or ""
        rebuild(home, "update marts.fct_claims set workers_low = 7")
        second = publish(home, "run-2", later(hours=1)).build
        go_back(Builds(home.published), first, "Ada", "2026-11-24 08:00 UTC")
        (told,) = (one for one in at(home, hours=3).troubles if one.code == "rolled_back")
        assert told.cure.endswith(f"--to {second}")

    @pytest.mark.parametrize(
        ("clocks", "expected"),
        [
            (("2026-11-24 05:00", "2026-11-24 05:00"), []),
            (("2026-11-24 05:00", "2026-11-20 05:00"), ["outlet_silent"]),
            (("2026-11-24 05:00", None), ["outlet_never"]),
            (("2026-10-24 05:00", "2026-10-20 05:00"), []),
        ],
        ids=["answered", "fell silent", "never answered", "asked no longer"],
    )
    def test_an_outlet_is_judged_by_its_last_look(
        self, home: Home, clocks: tuple[str, str | None], expected: list[str]
    ) -> None:
        told = at_looks(home, ("Harbour", *clocks), ("Inbox", "2026-11-24 05:00", "2026-11-24 05:00"))
        assert [one.code for one in module._of_time(told, later(hours=1))] == expected

    def test_clocks_go_on_in_the_build_file_while_the_published_file_stands(self, home: Home) -> None:
        looks = "create table marts.meta_sources as select 'sample' as source_id, true as is_verified, "
        moments = (
            "timestamp '2026-11-24 05:00' as last_looked_at, timestamp '2026-11-20 05:00' as last_answered_at"
        )
        rebuild(home, looks + moments)
        with writer_lock(home):
            assert codes(at(home, hours=1)) == ["writing"]
        told = at(home, hours=1)
        assert codes(told) == ["outlet_silent"]
        assert told.needs_person
        assert "Sample Outlet has not answered since 2026-11-20 05:00 UTC" in told.troubles[-1].what

    def test_an_outlet_that_answers_and_brings_nothing_beyond_its_habit(self, home: Home) -> None:
        told = at_looks(home, ("Harbour", "2026-11-24 05:00", "2026-11-24 05:00"))
        days = [date(2026, 10, day) for day in (1, 3, 6, 8, 13, 15)]
        rows = {**told.tables, "days": [{"outlet": "Harbour", "published_on": day} for day in days]}
        quiet = dataclasses.replace(told, tables=rows)
        (found,) = module._of_time(quiet, later(hours=1))
        assert found.code == "outlet_quiet"
        assert "since 2026-10-15, where it was never silent for more than 5 days" in found.what

    def test_a_run_that_writes_is_named_and_no_trouble(self, home: Home) -> None:
        with writer_lock(home):
            told = at(home, hours=1)
        assert codes(told) == ["writing"]
        assert "process" in told.troubles[-1].what
        assert not told.needs_person

    def test_a_disk_on_which_the_next_build_has_no_room(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "LEAST_FREE", 2**60)
        (told,) = (one for one in at(home, hours=1).troubles if one.code == "disk_low")
        assert told.needs_person
        assert str(home.path) in told.what

    @pytest.mark.parametrize(
        "row", list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())), ids=lambda r: r["code"]
    )
    def test_each_row_of_the_table_has_its_words_and_a_cure(self, row: dict[str, str]) -> None:
        wanted = {
            name
            for words in (row["what"], row["cure"])
            for _, name, _, _ in string.Formatter().parse(words)
            if name
        }
        told = trouble(row["code"], **dict.fromkeys(wanted, "x"))
        assert row["needs_person"] in ("yes", "no")
        assert told.what
        assert told.cure


class TestTheScreen:
    def test_shows_what_there_is(self, home: Home) -> None:
        told = laborledger("status", "--home", home.path)
        assert "2 claims, 2 articles" in told.stdout
        assert "free" in told.stdout
        assert "Quality" in told.stdout

    def test_ends_with_1_where_a_person_is_needed(self, tmp_path: Path) -> None:
        told = laborledger("status", "--home", tmp_path / "none")
        assert told.returncode == 1
        assert "run it: laborledger run" in told.stdout
        assert not (tmp_path / "none").exists()

    def test_is_json_for_programs(self, home: Home) -> None:
        told = json.loads(laborledger("status", "--format", "json", "--home", home.path).stdout)
        assert told["build"]["tables"]["fct_claims"]["rows"] == 2
        assert {one["code"] for one in told["troubles"]} >= set()
        assert told["free"] > 0

    def test_says_why_the_last_run_failed(self, tmp_path: Path) -> None:
        sources = tmp_path / "sources.toml"
        sources.write_text(
            '[[source]]\nid = "dead"\nname = "Dead"\nlanguage = "en"\ntimezone = "UTC"\n'
            'homepage = "http://127.0.0.1:9/"\nfeeds = ["http://127.0.0.1:9/feed"]\ndelay = 0\nlocal = true\n'
        )
        assert laborledger("run", "--sources", sources, "--home", tmp_path / "home").returncode == 1
        told = laborledger("status", "--home", tmp_path / "home")
        assert told.returncode == 1
        assert "the last run failed: raw__articles: " in told.stdout
        assert "outlets_answered" in told.stdout

    def test_needs_no_dagster_and_leaves_all_as_it_was(self, tmp_path: Path) -> None:
        home = build_home(tmp_path / "home")
        publish(home, "run-1", NOW)  # The sample's: it does not age, whenever this is run.
        before = picture(home)
        assert laborledger("status", "--home", home.path, PYTHONPROFILEIMPORTTIME="1").returncode == 0
        told = laborledger("status", "--home", home.path, PYTHONPROFILEIMPORTTIME="1").stderr
        assert " duckdb" in told
        assert "dagster" not in told
        assert picture(home) == before

    def test_what_an_outlet_wrote_is_shown_and_does_nothing(self, home: Home) -> None:
        rebuild(
            home,
            "alter table marts.dim_articles add column title varchar;"
            "update marts.dim_articles set title = '[red]' || chr(27) || '[2Jgone'",
        )
        publish(home, "run-2", later(hours=1))
        told = laborledger("status", "--home", home.path).stdout
        assert "[red]" in told
        assert "\x1b" not in told

    @pytest.mark.parametrize(
        ("size", "words"),
        [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (25_000_000, "25 MB"), (7_500_000_000_000, "7.5 TB")],
    )
    def test_sizes_are_worded_for_people(self, size: int, words: str) -> None:
        assert bytes_worded(size) == words


def test_a_clock_that_went_back_is_no_trouble(home: Home) -> None:
    assert codes(at(home, days=-30)) == []


def picture(home: Home) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file of a home."""
    found = (path for path in home.path.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


class TestHistory:
    def test_of_a_folder_without_runs_nothing_is_known(self, tmp_path: Path) -> None:
        assert history.read_history(tmp_path) == history.History()

    @pytest.mark.parametrize("content", [b"", b"no database at all, and long enough to be looked at" * 40])
    def test_of_a_database_that_is_none_nothing_is_known(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "history").mkdir()
        (tmp_path / "history" / "runs.db").write_bytes(content)
        assert history.read_history(tmp_path) == history.History()

    def test_of_a_real_run_job_outcome_and_moment_are_known(self, sample: Any) -> None:
        home, _ = sample
        told = history.read_history(Home(home).dagster)
        assert told.last_run
        assert (told.last_run.job, told.last_run.status) == ("ledger", "SUCCESS")
        assert told.last_good
        assert 0 < time.time() - told.last_good.timestamp() < 86400
