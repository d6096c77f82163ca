"""The whole pipeline as its user runs it: the command line, the UI in a browser, a published file.

The run that is launched in the browser is the second one on the sample home, so that it also shows that
nothing is fetched or changed twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.extraction.extract import extract_figures
from orchestration.home import ROOT
from orchestration.records import Article
from tests.browser import page, ui, wait_for_the_run
from tests.readme_answers import README, answered, queries
from tests.runs import Ran, kill_after, laborledger, manifest, rows

__all__ = ["page", "ui"]  # fixtures of this file


@pytest.fixture(scope="module")
def seeded(shared_gold: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a run on the inbox that holds the seed page."""
    home = tmp_path_factory.mktemp("inbox") / "home"
    told = laborledger("run", "--inbox", shared_gold / "seed_inbox", "--home", home)
    assert told.returncode == 0, told.stderr
    return home


class TestTheFirstRun:
    def test_it_ends_well_and_says_what_it_found(self, sample: Ran) -> None:
        home, told = sample
        assert told.returncode == 0, told.stderr
        assert "figures found in them" in told.stdout
        assert "Workers by host country" in told.stdout
        assert f"published: {home}/published/labor_ledger.duckdb" in told.stdout
        assert "laborledger sql" in told.stdout
        assert "no source of facts" in told.stdout

    def test_progress_shows(self, sample: Ran) -> None:
        assert "54 of 54 pages" in sample[1].stderr
        assert "models and tests done" in sample[1].stderr

    def test_every_article_of_the_outlet_is_there_though_a_run_before_was_killed(self, sample: Ran) -> None:
        assert rows(sample[0], "select source_id, count(*) n from dim_articles group by all") == [
            {"source_id": "sample", "n": 54}
        ]

    def test_a_quote_leads_back_to_its_article(self, sample: Ran) -> None:
        found = rows(sample[0], "select evidence_url from fct_claims")
        assert len(found) > 100
        assert all(row["evidence_url"].startswith("http://sample-outlet.example/") for row in found)
        assert all("#:~:text=" in row["evidence_url"] for row in found)

    def test_the_file_is_marked_as_sample(self, sample: Ran) -> None:
        assert manifest(sample[0])["sample"] is True

    def test_the_questions_of_the_warehouse_readme_have_the_answers_that_it_shows(self, sample: Ran) -> None:
        readme = README.read_text(encoding="utf-8")
        assert len(queries(readme)) >= 10
        assert answered(readme, sample[0] / "published" / "labor_ledger.duckdb") == readme

    def test_the_report_lies_beside_what_it_reports(self, sample: Ran) -> None:
        page = sample[0] / "published" / "report.html"
        assert f"report:  {page}" in sample[1].stdout
        assert manifest(sample[0])["build_id"] in page.read_text(encoding="utf-8")
        assert page.stat().st_size < 2_000_000

    def test_every_figure_keeps_the_reader_s_probability(self, sample: Ran) -> None:
        facts = "select confidence from fct_deployments union all select confidence from fct_defections"
        assert all(0 <= row["confidence"] <= 1 for row in rows(sample[0], facts))

    def test_review_offers_the_claims_that_the_reader_was_least_sure_of(self, sample: Ran) -> None:
        told = laborledger("review", "--claims", 5, "--format", "json", "--home", sample[0])
        offered = json.loads(told.stdout)
        (least,) = rows(sample[0], "select round(min(confidence), 3) as p from fct_claims")
        assert [len(offered), offered[0]["confidence"]] == [5, least["p"]]
        assert offered == sorted(offered, key=lambda claim: (claim["confidence"], claim["claim_id"]))
        assert all(claim["quote"] for claim in offered)


ARTICLES = ROOT / "orchestration" / "sample_outlet" / "articles"


@pytest.mark.parametrize("path", sorted(ARTICLES.glob("*.json"))[::6], ids=lambda path: path.stem)
def test_the_killed_run_left_no_gap_and_no_double(sample: Ran, path: Path) -> None:
    """The claims in the marts are what the extractor reads in the outlet's article, one for one."""
    told = json.loads(path.read_text(encoding="utf-8"))
    text = path.with_suffix(".txt").read_text(encoding="utf-8").strip()
    article = Article(told["id"], told["title"], date.fromisoformat(told["published"][:10]), text)
    wanted = Counter((f.measure, f.low, f.high, f.quote) for f in extract_figures(article))
    with duckdb.connect(str(sample[0] / "published" / "labor_ledger.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select measure, workers_low, workers_high, quote from marts.fct_claims "
            "join marts.dim_articles using (article_id) where title = ?",
            [article.title],
        ).fetchall()
    assert Counter(found) == wanted


class TestTheUi:
    def test_a_second_run_is_launched_in_the_browser_and_ends_green(
        self, ui: tuple[str, Path], page: Any, tmp_path: Path
    ) -> None:
        address, home = ui
        before = manifest(home)
        page.goto(f"{address}/locations/__repository__@laborledger/jobs/ledger")
        page.get_by_role("button", name="Materialize all").first.click()
        link = page.get_by_role("link", name="View", exact=True).first.get_attribute("href")
        page.goto("about:blank")  # a page that follows a run takes the time of the run itself
        wait_for_the_run(address, str(link).rpartition("/")[2])
        page.goto(f"{address}{link}")
        page.get_by_text("Success", exact=True).first.wait_for()
        page.screenshot(path=tmp_path / "run.png")
        assert (tmp_path / "run.png").stat().st_size > 20_000
        assert manifest(home) == before

    def test_the_second_run_sent_conditional_requests_only(self, ui: tuple[str, Path]) -> None:
        with duckdb.connect(str(ui[1] / "build" / "labor_ledger.duckdb"), read_only=True) as connection:
            told = connection.execute(
                "select distinct status, outcome from raw.fetches "
                "where run_id = (select arg_max(run_id, fetched_at) from raw.fetches)"
            ).fetchall()
        assert told == [(304, "unchanged")]

    def test_the_checks_are_shown_with_their_results(self, ui: tuple[str, Path], page: Any) -> None:
        page.goto(f"{ui[0]}/assets/marts/fct_claims?view=checks")
        page.get_by_text("Succeeded").first.wait_for()


@pytest.mark.skipif("LABORLEDGER_KILLS" not in os.environ, reason="a long campaign: make endurance")
def test_killed_at_any_instant_a_run_is_made_good_by_the_next(sample: Ran, tmp_path: Path) -> None:
    """LABORLEDGER_KILLS times, each at another instant, all on one home; its file is whole at each."""
    home, chance = tmp_path / "home", random.Random(7)
    for _ in range(int(os.environ["LABORLEDGER_KILLS"])):
        kill_after(chance.uniform(1, 25), home)
        if (home / "published" / "labor_ledger.duckdb").exists():
            assert rows(home, "select count(*) n from fct_claims")[0]["n"] > 100
    told = laborledger("run", "--sources", "sample", "--home", home)
    assert told.returncode == 0, told.stderr
    assert manifest(home)["content_hash"] == manifest(sample[0])["content_hash"]


class TestTheInbox:
    def test_the_seed_page_gives_its_nine_figures_in_the_marts(self, seeded: Path, shared_gold: Path) -> None:
        gold = json.loads((shared_gold / "dev" / "seed.json").read_text(encoding="utf-8"))["figures"]
        found = rows(seeded, "select * from fct_claims order by quote_start, quote_end, count_text")
        assert sorted(
            (r["measure"], r["status"], r["workers_low"], r["workers_high"], r["hedge"]) for r in found
        ) == sorted((f["measure"], f["status"], f["low"], f["high"], f["hedge"]) for f in gold)
        hosts = rows(
            seeded,
            "select workers_low, string_agg(b.country_code, ' ' order by b.country_code) codes "
            "from fct_claims join bridge_claim_countries b using (claim_id) group by claim_id, workers_low",
        )
        assert sorted((r["workers_low"], r["codes"]) for r in hosts) == sorted(
            (f["low"], " ".join(f["countries"])) for f in gold
        )
        sectors = rows(
            seeded,
            "select workers_low, measure, string_agg(b.sector_code, ' ' order by b.sector_code) codes "
            "from fct_claims left join bridge_claim_sectors b using (claim_id) "
            "group by claim_id, workers_low, measure",
        )
        told = sorted((r["workers_low"], r["measure"], r["codes"] or "") for r in sectors)
        stated = [(low, measure, "" if codes == "not_stated" else codes) for low, measure, codes in told]
        assert stated == sorted((f["low"], f["measure"], " ".join(f["sectors"])) for f in gold)
        assert sorted(str((r["period_start"], r["period_end"], r["quote"])) for r in found) == sorted(
            str((f["period_start"], f["period_end"], f["quote"])) for f in gold
        )

    def test_its_article_is_a_republished_story_of_its_own_day(self, seeded: Path) -> None:
        (article,) = rows(
            seeded, "select source_id, origin_source_id, url, published_on, title from dim_articles"
        )
        assert article == {
            "source_id": "inbox",
            "origin_source_id": "dailynk-en",
            "url": None,
            "published_on": "2024-02-27",
            "title": "N. Korea intensifies screening of candidates for overseas work",
        }

    def test_sample_articles_cannot_enter_its_home(self, seeded: Path) -> None:
        told = laborledger("run", "--sources", "sample", "--home", seeded)
        assert told.returncode == 2
        assert "sample articles cannot enter" in told.stderr
        assert "--home" in told.stderr


def test_saved_pages_cannot_enter_a_sample_home(sample: Ran, tmp_path: Path) -> None:
    told = laborledger("run", "--inbox", tmp_path, "--home", sample[0])
    assert told.returncode == 2
    assert "articles that are no sample cannot enter" in told.stderr


SOURCES = """
[[source]]
id = "dead"
name = "Dead Outlet"
language = "en"
timezone = "UTC"
homepage = "http://127.0.0.1:9/"
feeds = ["http://127.0.0.1:9/feed/"]
article_url = '^http://127\\.0\\.0\\.1:9/.*$'
delay = 0
verified = true
local = true
"""


class TestTrouble:
    @pytest.fixture
    def dead(self, tmp_path: Path) -> Path:
        file = tmp_path / "sources.toml"
        file.write_text(SOURCES)
        return file

    def test_when_every_outlet_is_dead_the_run_fails_and_says_so(self, dead: Path, tmp_path: Path) -> None:
        told = laborledger("run", "--sources", dead, "--home", tmp_path / "home")
        assert told.returncode == 1
        assert "dead: nothing could be read" in told.stderr
        assert "the published file is as it was" in told.stderr

    def test_a_wrong_sources_file_is_wrong_usage(self, dead: Path, tmp_path: Path) -> None:
        dead.write_text(SOURCES.replace("timezone", "timezon"))
        told = laborledger("run", "--sources", dead, "--home", tmp_path / "home")
        assert told.returncode == 2
        assert f"{dead}:" in told.stderr
        assert "did you mean 'timezone'?" in told.stderr

    def test_a_locked_build_file_names_who_holds_it(self, sample: Ran, tmp_path: Path) -> None:
        home = sample[0]
        before = manifest(home)["build_id"]
        with holding(home / "build" / "labor_ledger.duckdb") as pid:
            told = laborledger("run", "--sources", "sample", "--home", home)
        assert told.returncode == 1
        assert f"process {pid}" in told.stderr
        assert manifest(home)["build_id"] == before


@contextlib.contextmanager
def holding(file: Path) -> Iterator[int]:
    """A second process that has a DuckDB file open for writing: its number."""
    script = f"import duckdb, sys; c = duckdb.connect({str(file)!r}); print('held', flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{script}; sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
    finally:
        process.communicate("", timeout=10)
