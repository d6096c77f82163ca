"""The facts of a build: `manifest.json` beside the file, and the line of builds in `meta_builds`."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import Home
from orchestration.publishing import PublishError
from orchestration.publishing import quality as qualities
from orchestration.publishing.builds import Builds, file_hash
from orchestration.publishing.manifest import Manifest, git_sha
from orchestration.publishing.publish import publish
from tests.builds import NOW, build_home, later, rebuild, withdrawn


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = build_home(tmp_path / "home")
    publish(home, "run-1", NOW)
    return home


def written(home: Home) -> dict[str, Any]:
    facts = json.loads((home.published / "current" / "manifest.json").read_text(encoding="utf-8"))
    assert isinstance(facts, dict)
    return facts


def history(home: Home) -> list[dict[str, Any]]:
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        rows = connection.execute("from marts.meta_builds")
        names = [column[0] for column in rows.description or []]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


class TestManifest:
    def test_tells_what_the_build_is_and_what_made_it(self, home: Home) -> None:
        facts = written(home)
        assert facts["build_id"] == Path(home.published / "current").resolve().name
        assert facts["build_id"].startswith("20261124T060000000Z-" + facts["content_hash"][:12])
        assert (facts["run_id"], facts["created_at"]) == ("run-1", "2026-11-24T06:00:00.000Z")
        assert facts["versions"] == {
            "laborledger": "0.1.0",
            "duckdb": duckdb.__version__,
            "dbt": "1.11.16",
            "extractor": "e1",
            "parser": "p1",
        }
        assert (facts["storage_version"], facts["sample"]) == ("v1.0.0", True)

    def test_vouches_for_the_file_and_the_rows_of_each_table(self, home: Home) -> None:
        facts = written(home)
        assert facts["file_sha256"] == file_hash(home.published_file)
        assert facts["file_bytes"] == home.published_file.stat().st_size
        assert facts["tables"]["fct_claims"]["rows"] == 2
        assert facts["tables"]["meta_builds"] == {"rows": 1, "content_hash": None}
        assert facts["tables"]["source_coverage"] == {"rows": 1, "content_hash": None}

    def test_read_back_is_the_same(self, home: Home) -> None:
        text = (home.published / "current" / "manifest.json").read_text(encoding="utf-8")
        assert Manifest.from_json(text).to_json() == text

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"created_at": "now"}', '{"created_at": 1}'])
    def test_of_another_form_is_refused(self, text: str) -> None:
        with pytest.raises(PublishError, match="not a manifest of a published build"):
            Manifest.from_json(text)

    def test_names_all_versions_when_claims_are_of_several(self, home: Home) -> None:
        rebuild(home, "update marts.fct_claims set extractor_version = 'e2' where claim_id = 'c2'")
        publish(home, "run-2", later(hours=1))
        assert written(home)["versions"]["extractor"] == "e1, e2"

    def test_says_when_the_articles_are_no_sample(self, home: Home) -> None:
        rebuild(home, "update raw.sources set is_sample = false; update marts.dim_sources set name = 'S'")
        publish(home, "run-2", later(hours=1))
        assert written(home)["sample"] is False

    def test_says_null_of_versions_where_there_is_no_claim(self, home: Home) -> None:
        rebuild(home, f"delete from marts.fct_claims; {withdrawn('c1')} {withdrawn('c2')}")
        publish(home, "run-2", later(hours=1))
        assert written(home)["versions"]["extractor"] is None


class TestQuality:
    def test_is_that_of_the_checkout(
        self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pinned = tmp_path / "quality.json"
        monkeypatch.setattr(qualities, "QUALITY", pinned)
        pinned.write_text('{"extractor_version": "e2", "f1": 0.75}')
        rebuild(home, "update marts.fct_claims set extractor_version = 'e2'")
        publish(home, "run-2", later(hours=1))
        assert written(home)["quality"] == {"extractor_version": "e2", "f1": 0.75}
        assert json.loads(history(home)[-1]["quality"])["f1"] == 0.75

    def test_is_null_where_it_was_not_measured(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(qualities, "QUALITY", tmp_path / "quality.json")
        assert qualities.read_quality() is None

    def test_that_cannot_be_read_is_an_error(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(qualities, "QUALITY", tmp_path / "quality.json")
        qualities.QUALITY.write_text("{")
        with pytest.raises(PublishError, match=r"quality\.json.*make score PIN=1"):
            qualities.read_quality()


class TestHistory:
    def test_has_one_row_for_each_published_build(self, home: Home) -> None:
        rebuild(home, "update marts.fct_claims set workers_low = 7")
        publish(home, "run-2", later(hours=1))
        publish(home, "run-3", later(hours=2))
        rows = history(home)
        assert [row["run_id"] for row in rows] == ["run-1", "run-2"]
        assert rows[0]["created_at"] == datetime(2026, 11, 24, 6)
        assert rows[0]["content_hash"] != rows[1]["content_hash"]

    def test_says_the_same_as_the_manifest(self, home: Home) -> None:
        (row,) = history(home)
        facts = written(home)
        for name in ("build_id", "run_id", "git_sha", "content_hash", "schema_hash", "storage_version"):
            assert row[name] == facts[name]
        assert {f"{name}_version": value for name, value in facts["versions"].items()}.items() <= row.items()
        assert row["is_sample"] is facts["sample"]
        ours = ("meta_builds", "meta_checks", "meta_keys", "meta_quality")
        tables = {name: fact for name, fact in facts["tables"].items() if name not in ours}
        assert json.loads(row["tables"]) == tables

    def test_of_an_older_form_is_carried_over_with_nulls(self, home: Home) -> None:
        published = home.published_file.resolve()
        published.chmod(0o644)
        with duckdb.connect(str(published)) as connection:
            connection.execute("alter table marts.meta_builds drop column schema_hash")
            connection.execute("alter table marts.meta_builds add column colour varchar")
        publish(home, "run-2", later(hours=1))
        assert [(row["run_id"], row["schema_hash"] is None) for row in history(home)] == [
            ("run-1", True),
            ("run-2", False),
        ]

    def test_is_taken_from_the_build_before_where_the_current_one_is_damaged(self, home: Home) -> None:
        rebuild(home, "update marts.fct_claims set workers_low = 7")
        damaged = publish(home, "run-2", later(hours=1))
        home.published_file.resolve().chmod(0o644)
        home.published_file.write_bytes(b"damage" * 5000)
        third = publish(home, "run-3", later(hours=2))
        assert [row["run_id"] for row in history(home)] == ["run-1", "run-3"]
        assert third.warnings[-1].startswith(f"meta_builds could not be read from {damaged.build}: ")

    def test_does_not_tell_of_a_build_that_was_never_shown(self, home: Home) -> None:
        """As a run leaves it that was killed between giving a build its name and the flip."""
        rebuild(home, "update marts.fct_claims set workers_low = 7")
        first = Builds(home.published).current()
        publish(home, "run-2", later(hours=1))
        Builds(home.published).flip(str(first))
        publish(home, "run-3", later(hours=2))
        assert [row["run_id"] for row in history(home)] == ["run-1", "run-3"]


class TestGitSha:
    @pytest.fixture
    def checkout(self, tmp_path: Path) -> Path:
        script = (
            "git init -q . && echo 1 > file && git add file && "
            "git -c user.name=N -c user.email=n@example.org commit -q -m first && git tag v1"
        )
        subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True)
        return tmp_path

    def test_is_the_commit(self, checkout: Path) -> None:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True)
        assert git_sha(checkout) == head.stdout.strip()

    def test_owns_up_to_changed_files(self, checkout: Path) -> None:
        (checkout / "file").write_text("2")
        assert str(git_sha(checkout)).endswith("-dirty")

    def test_is_null_outside_a_checkout(self, tmp_path: Path) -> None:
        assert git_sha(tmp_path) is None

    def test_is_never_that_of_a_checkout_further_up(self, checkout: Path) -> None:
        (checkout / "inner").mkdir()
        assert git_sha(checkout / "inner") is None
