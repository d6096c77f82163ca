"""The gate: publishing believes dbt's own artifacts, and only whole, fresh and passing ones.

The artifacts are those of real dbt calls on a project of one mart and three tests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.publishing.gate import GateRefused, Passed, check_gate

PROJECT = {
    "dbt_project.yml": """
name: mini
version: "1.0"
profile: mini
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """
mini:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ env_var('BUILD') }}", schema: marts}
""",
    "models/fct_claims.sql": "select workers from {{ ref('int_claims') }} where {{ env_var('SOUND') }}",
    "models/int_claims.sql": "{{ config(materialized='ephemeral') }} select 9 as workers",
    "models/int_other.sql": "{{ config(schema='intermediate') }} select workers from {{ ref('fct_claims') }}",
    "models/models.yml": """
models:
  - name: fct_claims
    columns:
      - name: workers
        data_tests:
          - not_null
          - accepted_values:
              name: workers_are_eight
              arguments: {values: [8]}
              config: {severity: warn}
          - accepted_values:
              name: workers_are_nine
              arguments: {values: [9]}
              config: {severity: "error"}
""",
}

CALLS = """
import os, shutil, sys
from dbt.cli.main import dbtRunner
project = sys.argv[1]
places = ["--project-dir", project, "--profiles-dir", project, "--target-path", project + "/target"]
for case, sound, commands in (
    ("passed", "true", ["build"]),
    ("failed", "true) union all (select 10", ["build"]),
    ("errored", "no_such_column", ["build"]),
    ("partly", "true", ["run"]),
    ("cut_off", "true", ["build", "parse"]),
):
    os.environ["SOUND"] = sound
    for command in commands:
        dbtRunner().invoke([command, "--quiet", *places])
    shutil.copytree(project + "/target", project + "/" + case)
"""


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of dbt's artifacts for each way a dbt call may end."""
    project = tmp_path_factory.mktemp("dbt")
    for name, text in PROJECT.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    told = subprocess.run(
        [sys.executable, "-c", CALLS, str(project)],
        capture_output=True,
        text=True,
        cwd=project,
        env=os.environ | {"BUILD": str(project / "labor_ledger.duckdb")},
    )
    assert told.returncode == 0, told.stderr
    return project


def judge(artifacts: Path, case: str) -> Passed:
    return check_gate(artifacts / case, of_age(artifacts / case, seconds=0))


def of_age(target: Path, seconds: float) -> Path:
    """A build file last written so long after dbt's results."""
    results = json.loads((target / "run_results.json").read_text())
    build_file = target / "labor_ledger.duckdb"
    build_file.touch()
    moment = datetime.fromisoformat(results["metadata"]["generated_at"]).timestamp() + seconds
    os.utime(build_file, (moment, moment))
    return build_file


def test_a_build_that_passed_names_its_marts_and_hands_on_its_warnings(artifacts: Path) -> None:
    passed = judge(artifacts, "passed")
    assert passed.marts == ("fct_claims",)
    assert passed.dbt.startswith("1.11.")
    (warning,) = passed.warnings
    assert "workers_are_eight" in warning
    assert "Got 1 result, configured to warn if != 0" in warning


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("failed", r"(?s)2 of 5 dbt nodes did not pass.*workers_are_nine.*: fail: Got 1 result"),
        ("errored", r"(?s)model\.mini\.fct_claims: error: .*no_such_column.*not_null.*: skipped"),
        ("partly", r"(?s)dbt built only a part: 3 nodes.*test\.mini\.not_null_fct_claims_workers"),
        ("cut_off", "the last one was cut off: build again"),
    ],
)
def test_a_build_is_refused_that(artifacts: Path, case: str, message: str) -> None:
    with pytest.raises(GateRefused, match=message):
        judge(artifacts, case)


class TestTime:
    def test_a_build_file_closed_a_little_after_the_results_is_theirs(self, artifacts: Path) -> None:
        assert check_gate(artifacts / "passed", of_age(artifacts / "passed", seconds=30))

    def test_a_build_file_written_long_after_the_results_is_refused(self, artifacts: Path) -> None:
        with pytest.raises(GateRefused, match=r"is older \(.* UTC\) than the build file \(.* UTC\)"):
            check_gate(artifacts / "passed", of_age(artifacts / "passed", seconds=120))

    def test_so_is_one_with_a_younger_wal(self, artifacts: Path) -> None:
        build_file = of_age(artifacts / "passed", seconds=0)
        wal = build_file.with_name(build_file.name + ".wal")
        wal.touch()
        os.utime(wal, (time.time() + 120, time.time() + 120))
        with pytest.raises(GateRefused, match="is older"):
            check_gate(artifacts / "passed", build_file)
        wal.unlink()


class TestArtifactsThatCannotBeRead:
    @pytest.fixture
    def target(self, artifacts: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(artifacts / "passed", tmp_path / "target"))

    @pytest.mark.parametrize("name", ["run_results.json", "manifest.json"])
    def test_a_missing_one_is_refused(self, target: Path, name: str) -> None:
        build_file = of_age(target, seconds=0)
        (target / name).unlink()
        with pytest.raises(GateRefused, match=f"{name} is missing: dbt has not built here"):
            check_gate(target, build_file)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('{"metadata": ', "cannot be read"),
            ("\udcff", "cannot be read"),
            ("[]", "is no dbt artifact"),
            ("{}", r"not of a known form \(KeyError\('metadata'\)\)"),
            ('{"metadata": null}', "not of a known form"),
        ],
    )
    def test_a_broken_one_is_refused(self, target: Path, text: str, message: str) -> None:
        build_file = of_age(target, seconds=0)
        (target / "run_results.json").write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(GateRefused, match=message):
            check_gate(target, build_file)

    def test_a_missing_build_file_is_refused(self, target: Path) -> None:
        with pytest.raises(GateRefused, match="there is no build to publish"):
            check_gate(target, target / "nowhere.duckdb")

    def test_a_hundred_failures_fill_one_screen(self, target: Path) -> None:
        build_file = of_age(target, seconds=0)
        results: dict[str, Any] = json.loads((target / "run_results.json").read_text())
        failure = results["results"][0] | {"status": "fail"}
        results["results"] += [failure | {"unique_id": f"test.mini.{n}"} for n in range(100)]
        (target / "run_results.json").write_text(json.dumps(results))
        with pytest.raises(GateRefused, match=r"(?s)100 of 105 dbt nodes.*and 80 more$"):
            check_gate(target, build_file)
