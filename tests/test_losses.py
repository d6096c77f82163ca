"""What a new build may lack of the published one, and what keeps it from being published."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from orchestration.home import Home
from orchestration.publishing import quality
from orchestration.publishing.builds import Builds
from orchestration.publishing.gate import GateRefused
from orchestration.publishing.manifest import Forced
from orchestration.publishing.publish import Published, publish
from orchestration.publishing.quality import is_of, worse
from tests.builds import NOW, build_home, later, rebuild, withdrawn, write_artifacts
from tests.runs import laborledger

FORCED = Forced("Ada", "the ledger was made anew")
FILLER = "insert into marts.fct_claims select 'c9', * exclude (claim_id) from marts.fct_claims limit 1;"
HELD = """
insert into raw.articles by name
select
    article_id as version_id, article_id, source_id, 'Title' as title, []::varchar[] as authors,
    published_on as published, 'meta' as date_evidence, 'en' as language, 'Text' as text,
    'hash' as text_sha256, last_seen_at as first_seen_at, 'p1' as parser_version
from marts.dim_articles;
"""


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = build_home(tmp_path_factory.mktemp("once") / "home")
    publish(home, "run-1", NOW)
    return home


@pytest.fixture
def home(once: Home, tmp_path: Path) -> Home:
    shutil.copytree(once.path, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def published_after(home: Home, change: str, forced: Forced | None = None) -> Published:
    rebuild(home, f"drop index if exists marts.one_claim; {change}")
    return publish(home, "run-2", later(hours=1), forced)


def query(home: Home, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        connection.execute("use marts")
        return connection.execute(sql).fetchall()


class TestRefused:
    """Rows that went, and nothing says why."""

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("delete from marts.fct_claims where claim_id = 'c2'", r"fct_claims has lost 1 \(c2\)"),
            (f"{FILLER} delete from marts.fct_claims where claim_id = 'c2'", r"fct_claims has lost 1 \(c2\)"),
            (
                "delete from intermediate.int_events where event_id = 'c1'",
                r"fct_deployments has lost 1 \(c1\)",
            ),
            (f"{withdrawn('c1')} delete from marts.fct_claims", r"fct_claims has lost 1 \(c2\)"),
            (
                "delete from marts.dim_articles where article_id = 'a2'",
                r"lost 1 \(a2\): raw.articles lacks them",
            ),
            ("delete from marts.dim_sources where source_id = 'sample'", "lost 1 .*they are still outlets"),
            (
                f"{FILLER} delete from marts.meta_changes where claim_id = 'c1'",
                "meta_changes has 1 rows where 2 are",
            ),
            (
                f"{FILLER} {withdrawn('c1')} delete from marts.source_coverage",
                "source_coverage has 0 rows where 1 are",
            ),
            (
                f"{withdrawn('c1')} delete from marts.dim_countries where kind = 'country'",
                "dim_countries has 1",
            ),
            (
                "delete from marts.country_totals where host = 'Russia'",
                "country_totals has 1 rows where 2 are",
            ),
        ],
    )
    def test_after(self, home: Home, change: str, told: str) -> None:
        before = os.readlink(home.published / "current")
        with pytest.raises(GateRefused, match=told):
            published_after(home, change)
        assert os.readlink(home.published / "current") == before
        assert query(home, "select count(*) from fct_claims") == [(2,)]

    def test_a_mart_that_is_no_more(self, home: Home) -> None:
        rebuild(home, "drop table marts.worker_descriptions")
        for name in ("manifest.json", "run_results.json"):
            artifact = home.dbt_target / name
            told = json.loads(artifact.read_text(encoding="utf-8"))
            if "nodes" in told:
                del told["nodes"]["model.labor_ledger.worker_descriptions"]
            else:
                told["results"] = [r for r in told["results"] if "worker_desc" not in r["unique_id"]]
            artifact.write_text(json.dumps(told), encoding="utf-8")
        with pytest.raises(GateRefused, match="worker_descriptions is published and no mart of this build"):
            publish(home, "run-2", later(hours=1))

    def test_the_message_names_five_and_counts_the_rest(self, home: Home) -> None:
        many = "insert into marts.fct_claims select 'x' || n, * exclude (claim_id, n) from (select * from "
        published_after(home, f"{many} marts.fct_claims limit 1), range(1, 9) t(n)")
        rebuild(home, "delete from marts.fct_claims where claim_id like 'x%'")
        with pytest.raises(GateRefused, match=r"lost 8 \(x1, x2, x3, x4, x5 and 3 more\)"):
            publish(home, "run-3", later(hours=2))


class TestPublished:
    """What went, and something says why."""

    @pytest.mark.parametrize(
        "change",
        [
            f"{withdrawn('c2')} delete from marts.fct_claims where claim_id = 'c2'",
            f"{withdrawn('c1')} delete from intermediate.int_events where event_id = 'c1'",
            f"{withdrawn('c1')} delete from marts.country_totals where host = 'Russia'",
            f"{HELD} {withdrawn('c2')} delete from marts.fct_claims where claim_id = 'c2'; "
            "delete from marts.dim_articles where article_id = 'a2'",
            "delete from marts.dim_sources where source_id = 'inbox'",
            FILLER,
        ],
        ids=["withdrawn", "event gone with it", "a sum of it", "taken down", "no outlet any more", "grew"],
    )
    def test_after(self, home: Home, change: str) -> None:
        assert published_after(home, change).changed

    def test_a_change_that_an_unpublished_build_told_still_explains(self, home: Home) -> None:
        """No clock has to be right: it is new as long as the published file does not tell it."""
        rebuild(home, "update marts.meta_changes set changed_at = timestamp '1999-01-01 00:00:00'")
        publish(home, "run-2", later(hours=1))
        old = withdrawn("c2").replace("2026-03-06", "1990-01-01")
        assert published_after(home, f"{old} delete from marts.fct_claims where claim_id = 'c2'").changed


class TestForced:
    def test_the_build_says_who_and_why_and_what_had_not_passed(self, home: Home) -> None:
        published_after(home, "delete from marts.fct_claims where claim_id = 'c2'", FORCED)
        manifest = Builds(home.published).current_manifest()
        assert manifest is not None
        assert manifest.forced == FORCED
        last = "select forced_by, forced_because from meta_builds order by build_id desc limit 1"
        assert query(home, last) == [("Ada", "the ledger was made anew")]
        failed = "select check_name, checked_by, severity, failures from meta_checks where status = 'fail'"
        assert query(home, failed) == [("nothing_went_without_a_word", "publish", "error", 1)]

    def test_what_would_have_passed_is_not_called_forced(self, home: Home) -> None:
        published_after(home, FILLER, FORCED)
        assert query(home, "select count(*) from meta_builds where forced_by is not null") == [(0,)]

    def test_a_failed_test_of_dbt_is_published_and_told(self, home: Home) -> None:
        rebuild(home, FILLER.replace("drop", ""))
        artifact = home.dbt_target / "run_results.json"
        told = json.loads(artifact.read_text(encoding="utf-8"))
        told["results"][-1] |= {"status": "fail", "failures": 3, "message": "Got 3 results"}
        artifact.write_text(json.dumps(told), encoding="utf-8")
        with pytest.raises(GateRefused, match="quotes_are_true: fail: Got 3 results"):
            publish(home, "run-2", later(hours=1))
        publish(home, "run-2", later(hours=1), FORCED)
        failed = "select check_name, checked_by, failures, message from meta_checks where status = 'fail'"
        assert query(home, failed) == [("quotes_are_true", "dbt", 3, "Got 3 results")]

    def test_marts_that_were_not_made_cannot_be_forced(self, home: Home) -> None:
        write_artifacts(home, status="skipped", message="an upstream test failed")
        with pytest.raises(GateRefused, match="skipped: an upstream test failed"):
            publish(home, "run-2", later(hours=1), FORCED)


def scores(f1: float, articles: int = 100) -> dict[str, object]:
    measured = {
        "articles": articles,
        "figures": 400,
        "precision": 0.9,
        "recall": 0.8,
        "f1": f1,
        "full_f1": 0.7,
    }
    return {"extractor_version": "e1", "fresh": measured}


class TestQuality:
    @pytest.mark.parametrize(
        ("before", "now", "fallen"),
        [
            (scores(0.85), scores(0.84), ["fresh f1 0.8500 -> 0.8400"]),
            (scores(0.85), scores(0.8497), []),
            (scores(0.85), scores(0.9), []),
            (scores(0.85), scores(0.5, articles=120), []),
            (None, scores(0.5), []),
            (scores(0.85), None, []),
        ],
        ids=["worse", "the machine's", "better", "another gold set", "first", "not measured"],
    )
    def test_is_compared_on_the_same_gold_set(
        self, before: dict[str, object] | None, now: dict[str, object] | None, fallen: list[str]
    ) -> None:
        assert worse(before, now) == fallen

    def test_is_of_the_extractor_behind_all_claims_or_it_is_said(self) -> None:
        assert is_of(scores(0.8), "e1")
        assert is_of(scores(0.8), None)
        assert not is_of(scores(0.8), "e1, e2")
        assert not is_of(None, "e1")

    @pytest.fixture
    def worse_home(self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
        monkeypatch.setattr(quality, "QUALITY", tmp_path / "quality.json")
        for f1, moment in ((0.85, 1), (0.8, 2)):
            quality.QUALITY.write_text(json.dumps(scores(f1)), encoding="utf-8")
            if moment == 1:
                published_after(home, FILLER)
        rebuild(home, "update marts.fct_claims set workers_low = 3")
        return home

    def test_below_the_last_published_is_a_warning(
        self, worse_home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("CI", raising=False)
        told = publish(worse_home, "run-3", later(hours=2))
        assert told.changed
        assert any("fresh f1 0.8500 -> 0.8000" in warning for warning in told.warnings)

    def test_below_the_last_published_fails_in_ci(
        self, worse_home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CI", "true")
        with pytest.raises(GateRefused, match=r"fresh f1 0\.8500 -> 0\.8000"):
            publish(worse_home, "run-3", later(hours=2))

    def test_is_a_table_of_the_published_file(self, home: Home) -> None:
        rows = query(home, "select gold_set, articles > 0, f1 between 0 and 1 from meta_quality order by 1")
        assert rows == [("fresh", True, True), ("sample", True, True)]


class TestTheCommand:
    """`laborledger publish`."""

    def test_publishes_what_is_built(self, home: Home) -> None:
        rebuild(home, FILLER)
        told = laborledger("publish", "--home", home.path)
        assert told.returncode == 0, told.stderr
        assert told.stdout.startswith("published: 2")
        assert query(home, "select run_id from meta_builds order by build_id")[-1] == ("by hand",)

    def test_forces_with_a_name_and_a_reason(self, home: Home) -> None:
        rebuild(
            home, "drop index if exists marts.one_claim; delete from marts.fct_claims where claim_id = 'c2'"
        )
        refused = laborledger("publish", "--home", home.path)
        assert refused.returncode == 1
        assert "laborledger publish --force REASON" in refused.stderr
        told = laborledger("publish", "--force", "made anew", "--by", "Ada", "--home", home.path)
        assert told.returncode == 0, told.stderr
        assert query(home, "select forced_by from meta_builds order by build_id")[-1] == ("Ada",)

    @pytest.mark.parametrize(
        ("arguments", "status", "message"),
        [
            (("--force", " ", "--by", "Ada"), 1, "say why"),
            (("--force", "because", "--to", "x"), 2, "say one"),
            (
                ("--to", "20200101T000000000Z-0123456789ab", "--by", "Ada"),
                1,
                "is not here; these are:\n  2026",
            ),
        ],
    )
    def test_says_what_is_wrong(
        self, home: Home, arguments: tuple[str, ...], status: int, message: str
    ) -> None:
        told = laborledger("publish", *arguments, "--home", home.path)
        assert told.returncode == status
        assert message in told.stderr

    def test_without_a_name_in_git_somebody_must_be_named(
        self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
        monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "none"))
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "no-git"))
        assert not subprocess.run(["git", "config", "user.name"], capture_output=True).stdout
        told = laborledger("publish", "--force", "made anew", "--home", home.path)
        assert told.returncode == 1
        assert "--by NAME" in told.stderr
