"""`laborledger status`: what it shows of a home, what it takes for trouble, and what to do about it."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from orchestration import status as module
from orchestration.home import Home
from orchestration.ledger import writer_lock
from orchestration.publishing.builds import Builds
from orchestration.publishing.manifest import Forced
from orchestration.publishing.publish import publish
from orchestration.publishing.rollback import go_back
from orchestration.status import Status, bytes_worded, read_status, trouble
from tests.builds import NOW, build_home, later, rebuild, withdrawn
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

    def test_a_forced_build_says_by_whom_and_why(self, home: Home) -> None:
        rebuild(home, "drop index marts.one_claim; delete from marts.fct_claims where claim_id = 'c2'")
        publish(home, "run-2", later(hours=1), Forced("Ada", "made anew"))
        told = at(home, hours=2)
        assert "forced" in codes(told)
        assert any("Ada had this build published" in one.what for one in told.troubles)
        assert not told.needs_person

    def test_a_build_gone_back_to_says_how_to_go_forward(self, home: Home) -> None:
        first = Builds(home.published).current() or ""
        rebuild(home, "update marts.fct_claims set workers_low = 7")
        second = publish(home, "run-2", later(hours=1)).build
        go_back(Builds(home.published), first, "Ada", "2026-11-24 08:00 UTC")
        (told,) = (one for one in at(home, hours=3).troubles if one.code == "rolled_back")
        assert told.cure.endswith(f"--to {second}")

    @pytest.mark.parametrize(
        ("answered", "expected"), [("2026-11-24 05:00:00", []), ("2026-11-20 05:00:00", ["outlet_silent"])]
    )
    def test_an_outlet_that_fell_silent(self, home: Home, answered: str, expected: list[str]) -> None:
        rebuild(home, f"{withdrawn('c9')} update marts.fct_claims set workers_low = 9")
        publish(home, "run-2", later(minutes=1))
        file = home.published_file.resolve()
        file.chmod(0o644)
        rows = [
            {"outlet": "Sample", "last_answered_at": datetime.fromisoformat(answered)},
            {"outlet": "Inbox", "last_answered_at": None},
        ]
        told = module.dataclasses.replace(at(home, hours=1), tables={"outlets": rows})
        found = [one.code for one in module._of_time(told, later(hours=1))]
        assert found == [*expected, "outlet_never"]

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

    def test_every_row_of_the_table_has_its_words_and_a_cure(self) -> None:
        values = dict.fromkeys(
            (
                "age",
                "at",
                "build",
                "cause",
                "check",
                "free",
                "left",
                "message",
                "outlet",
                "path",
                "since",
                "who",
                "why",
            ),
            "x",
        )
        with Path(module.__file__).with_name("troubles.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) >= 10
        for row in rows:
            told = trouble(row["code"], **values)
            assert told.what
            assert told.cure
            assert "{" not in told.what + told.cure


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
        assert "the last run failed" in told.stdout

    @pytest.mark.parametrize(
        ("size", "words"),
        [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (25_000_000, "25 MB"), (7_500_000_000_000, "7.5 TB")],
    )
    def test_sizes_are_worded_for_people(self, size: int, words: str) -> None:
        assert bytes_worded(size) == words


def test_a_clock_that_went_back_is_no_trouble(home: Home) -> None:
    assert codes(at(home, days=-30)) == []
