"""What a home need not keep goes by rule: old runs, old announcements, remains; what is evidence stays."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import ROOT, Home
from orchestration.ledger import open_ledger
from orchestration.pruning.archive import NOTE, only_repeats, prune_archive
from orchestration.pruning.remains import prune_remains
from orchestration.pruning.rules import Pruned, kept_for
from orchestration.scraping.archive import Archive
from tests.runs import Ran, environment, laborledger, manifest, rows

LATER = datetime.now(UTC) + timedelta(days=200)


@pytest.fixture
def home(sample: Ran, tmp_path: Path) -> Home:
    """A copy of the sample's home."""
    shutil.copytree(sample[0], tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def files(home: Home) -> set[str]:
    return {file.name for file in home.archive.glob("*.warc.gz")}


def asked(home: Home, kind: str, url: str, days_ago: int, payload: bytes, run: str) -> str:
    """A request so long ago that brought a payload, in a file of its own run; gives the file's name."""
    at = LATER - timedelta(days=days_ago)
    with open_ledger(home) as ledger:
        archive = Archive(home.archive, run, ledger.payload_places())
    file, offset = archive.write(url, payload, {"content-type": "text/html"}, at)
    archive.close()
    sha, plain = hashlib.sha256(payload).hexdigest(), at.replace(tzinfo=None)
    name = hashlib.sha256(f"{run}{url}".encode()).hexdigest()[:16]
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute(
            "insert into raw.fetches values "
            "(?, ?, 'sample', ?, ?, ?, 200, null, null, 'allowed', ?, ?, ?, 'new', null)",
            [name, run, kind, url, plain, sha, file, offset],
        )
    return f"{run}.warc.gz"


FEED = "http://sample-outlet.example/feed/"


class TestTheArchive:
    def test_an_old_feed_that_came_again_since_goes_and_its_row_stays(self, home: Home) -> None:
        old = asked(home, "feed", FEED, 120, b"<rss>old</rss>", "old")
        new = asked(home, "feed", FEED, 100, b"<rss>new</rss>", "new")
        gone = prune_archive(home, LATER, is_dry=False)
        assert (gone.count, gone.size > 0) == (1, True)
        assert old not in files(home)
        assert new in files(home), "the next request is compared with it"
        with duckdb.connect(str(home.build_file)) as connection:
            row = connection.execute(
                "select warc_file, warc_offset, length(payload_sha256) from raw.fetches where run_id = 'old'"
            ).fetchone()
        assert row == (None, None, 64)

    @pytest.mark.parametrize("kind", ["article", "part", "inbox"])
    def test_a_page_of_an_article_never_goes(self, home: Home, kind: str) -> None:
        url = "http://sample-outlet.example/2026/01/old/"
        asked(home, kind, url, 190, b"<p>old</p>", "old")
        asked(home, kind, url, 100, b"<p>new</p>", "new")
        assert prune_archive(home, LATER, is_dry=False).count == 0

    def test_a_feed_that_an_entry_s_abstract_stands_in_never_goes(self, home: Home) -> None:
        asked(home, "feed", FEED, 120, b"<rss>old</rss>", "old")
        asked(home, "feed", FEED, 100, b"<rss>new</rss>", "new")
        with duckdb.connect(str(home.build_file)) as connection:
            connection.execute(
                "insert into raw.fetches select 'entry', run_id, source_id, 'entry', 'http://x.example/1', "
                "* exclude (fetch_id, run_id, source_id, kind, url) from raw.fetches where run_id = 'old'"
            )
        assert prune_archive(home, LATER, is_dry=False).count == 0

    def test_what_a_later_page_repeats_never_goes(self, home: Home) -> None:
        asked(home, "feed", FEED, 120, b"<p>the same</p>", "old")
        asked(home, "feed", FEED, 110, b"<rss>new</rss>", "new")
        asked(home, "article", "http://sample-outlet.example/2026/01/x/", 100, b"<p>the same</p>", "page")
        assert (
            prune_archive(home, LATER, is_dry=False).count == 1
        )  # page: only a repetition; its row names old.
        assert {"old.warc.gz", "new.warc.gz"} <= files(home)

    def test_what_is_not_old_stays(self, home: Home) -> None:
        asked(home, "feed", FEED, 89, b"<rss>old</rss>", "old")
        asked(home, "feed", FEED, 1, b"<rss>new</rss>", "new")
        assert prune_archive(home, LATER, is_dry=False).count == 0

    def test_a_file_that_no_row_names_stays_where_it_holds_a_page(self, home: Home) -> None:
        archive = Archive(home.archive, "lost")
        archive.write("http://sample-outlet.example/lost/", b"<p>lost</p>", {}, LATER - timedelta(days=150))
        archive.close()
        long_ago = (LATER - timedelta(days=150)).timestamp()
        os.utime(home.archive / "lost.warc.gz", (long_ago, long_ago))
        assert not only_repeats(home.archive / "lost.warc.gz")
        assert prune_archive(home, LATER, is_dry=False).count == 0

    def test_a_dry_run_changes_nothing(self, home: Home) -> None:
        asked(home, "feed", FEED, 120, b"<rss>old</rss>", "old")
        asked(home, "feed", FEED, 100, b"<rss>new</rss>", "new")
        before = files(home)
        assert prune_archive(home, LATER, is_dry=True).count == 1
        assert files(home) == before
        assert prune_archive(home, LATER, is_dry=True).count == 1

    def test_a_kill_between_the_rows_and_the_files_is_made_good(self, home: Home) -> None:
        old = asked(home, "feed", FEED, 120, b"<rss>old</rss>", "old")
        asked(home, "feed", FEED, 100, b"<rss>new</rss>", "new")
        (home.archive / NOTE).write_text(json.dumps([old]), encoding="utf-8")
        with open_ledger(home) as ledger:
            ledger.forget_files([old])
        prune_archive(home, LATER, is_dry=False)
        assert old not in files(home)
        assert not (home.archive / NOTE).exists()

    def test_a_kill_before_the_rows_loses_nothing_that_is_spoken_of(self, home: Home) -> None:
        new = asked(home, "feed", FEED, 1, b"<rss>new</rss>", "new")
        (home.archive / NOTE).write_text(json.dumps([new, "../../etc/passwd"]), encoding="utf-8")
        prune_archive(home, LATER, is_dry=False)
        assert new in files(home)

    def test_after_it_every_claim_still_leads_to_its_page_and_a_rebuild_says_the_same(
        self, sample: Ran, home: Home
    ) -> None:
        asked(home, "feed", FEED, 120, b"<rss>old</rss>", "old")
        prune_archive(home, LATER, is_dry=False)
        (first,) = rows(home.path, "select min(claim_id) as id from fct_claims")
        why = laborledger("why", first["id"], "--home", home.path)
        assert "warc.gz at byte" in why.stdout
        told = laborledger("run", "--sources", "sample", "--home", home.path)
        assert told.returncode == 0, told.stderr
        tables = ("fct_claims", "fct_deployments", "fct_defections", "dim_articles")
        now, before = manifest(home.path)["tables"], manifest(sample[0])["tables"]
        assert {t: now[t]["content_hash"] for t in tables} == {t: before[t]["content_hash"] for t in tables}


class TestRemains:
    @pytest.mark.parametrize(
        "where", [lambda h: h.published / "builds", lambda h: h.archive, lambda h: h.build_file.parent]
    )
    def test_what_a_killed_process_left_goes_after_a_day(
        self, tmp_path: Path, where: Callable[[Home], Path]
    ) -> None:
        home = Home(tmp_path / "home")
        home.prepare()
        where(home).mkdir(exist_ok=True)
        (where(home) / ".tmp-left").mkdir()
        (where(home) / ".tmp-left" / "half").write_bytes(b"x" * 100)
        assert prune_remains(home, datetime.now(UTC)) == Pruned("remains", 0, 0)
        gone = prune_remains(home, datetime.now(UTC) + kept_for()["remains"] * 2)
        assert gone == Pruned("remains", 1, 100)
        assert not (where(home) / ".tmp-left").exists()


SCRIPT = """
import json, os, sys, warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
warnings.simplefilter("ignore")
import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus
from orchestration.home import Home
from orchestration.pruning.history import outlived, prune_runs
home = Home(Path(os.environ["LABORLEDGER_HOME"]))
home.prepare()

@dg.asset
def raw_articles(context):
    context.log.info("x" * 2000)
    if os.environ.get("BREAKS"):
        raise ValueError("broken")
    return dg.MaterializeResult(metadata={"requests": 54, "warnings": ["w" * 500] * 5})

jobs = {
    name: dg.Definitions(assets=[raw_articles], jobs=[dg.define_asset_job(name)]).resolve_job_def(name)
    for name in ("poll", "ledger")
}
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

def launch(instance, job):
    return jobs[job].execute_in_process(instance=instance, run_config=quiet, raise_on_error=False).run_id

def size():
    return sum(f.stat().st_size for f in home.dagster.rglob("*") if f.is_file())

told = {}
now = datetime.now(UTC)
with dg.DagsterInstance.get() as instance:
    first = launch(instance, "ledger")
    polls = [launch(instance, "poll") for _ in range(int(sys.argv[1]))]
    os.environ["BREAKS"] = "1"
    broken = [launch(instance, "poll") for _ in range(2)]
    del os.environ["BREAKS"]
    told["young"] = len(list(outlived(instance, now)))
    told["sizes"] = [size()]
    week = now + timedelta(days=8)
    told["dry"] = [p.count for p in prune_runs(instance, home, week, is_dry=True)]
    told["still"] = instance.get_runs_count()
    told["gone"] = [[p.what, p.count] for p in prune_runs(instance, home, week, is_dry=False)]
    left = {run.run_id for run in instance.get_runs()}
    told["left"] = sorted([first in left, polls[-1] in left, broken[0] in left, broken[1] in left])
    told["count"] = len(left)
    told["again"] = [p.count for p in prune_runs(instance, home, week, is_dry=False)]
    told["sizes"].append(size())
    told["quarter"] = [p.count for p in prune_runs(instance, home, now + timedelta(days=91), is_dry=False)]
    told["newest"] = instance.get_latest_materialization_event(dg.AssetKey("raw_articles")) is not None
    told["logs"] = len(instance.all_logs(polls[-1])) > 5
    told["files"] = [len(list((home.dagster / "history" / "runs").glob(f"{one}*"))) for one in polls[:3]]
    told["storage"] = [(home.dagster / "storage" / one).exists() for one in polls[:3]]
    told["retention"] = instance.get_tick_retention_settings(InstigatorType.SENSOR)[TickStatus.SKIPPED]
print(json.dumps(told))
"""
POLLS = 20


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a real instance says of some polls, and of pruning them."""
    home = tmp_path_factory.mktemp("history") / "home"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(POLLS)], cwd=ROOT, capture_output=True, text=True, timeout=300,
        env=environment(LABORLEDGER_HOME=str(home), DAGSTER_HOME=str(home / "dagster")),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


class TestRuns:
    def test_young_ones_stay(self, told: dict[str, Any]) -> None:
        assert told["young"] == 0

    def test_a_dry_run_says_what_would_go_and_leaves_it(self, told: dict[str, Any]) -> None:
        assert told["dry"] == [POLLS - 1, 0]
        assert told["still"] == POLLS + 3

    def test_after_a_week_polls_go_that_ended_well_but_for_the_newest(self, told: dict[str, Any]) -> None:
        assert told["gone"] == [["polls", POLLS - 1], ["runs", 0]]
        assert told["left"] == [True] * 4
        assert told["count"] == 4

    def test_a_second_time_nothing_goes(self, told: dict[str, Any]) -> None:
        assert told["again"] == [0, 0]

    def test_after_a_quarter_failures_go_but_for_the_newest(self, told: dict[str, Any]) -> None:
        assert told["quarter"] == [1, 0]

    def test_nothing_of_a_run_is_left(self, told: dict[str, Any]) -> None:
        assert told["files"] == [0, 0, 0]
        assert told["storage"] == [False] * 3

    def test_the_disk_has_its_room_again(self, told: dict[str, Any]) -> None:
        before, after = told["sizes"]
        assert after < before / 2

    def test_what_is_left_can_be_looked_at(self, told: dict[str, Any]) -> None:
        assert told["newest"]
        assert told["logs"]

    def test_ticks_of_sensors_that_did_nothing_go_after_a_day(self, told: dict[str, Any]) -> None:
        assert told["retention"] == 1


class TestTheCommand:
    def test_says_what_went(self, home: Home) -> None:
        told = laborledger("prune", "--home", home.path)
        assert told.returncode == 0, told.stderr
        assert "announcements" in told.stdout

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        told = laborledger("prune", "--home", tmp_path / "none")
        assert told.returncode == 1
        assert "is no home" in told.stderr
        assert not (tmp_path / "none").exists()
