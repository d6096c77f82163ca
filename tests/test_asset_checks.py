"""Checks as Dagster keeps them: what was refused, or is worth a look, stands beside the asset in words."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.home import ROOT, Home
from orchestration.ledger import open_ledger
from orchestration.publishing.builds import Builds
from orchestration.publishing.publish import publish
from tests.builds import NOW, build_home, rebuild
from tests.raw_rows import Story, build_ledger, outlet
from tests.runs import environment

START = date(2026, 1, 1)

SCRIPT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import dagster as dg
from orchestration.defs import assets, checks
chosen = {"published": [assets.published_warehouse], "clocks": [checks.outlets_keep_their_habit]}[sys.argv[1]]
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
job = dg.Definitions(
    assets=[a for a in chosen if not isinstance(a, dg.AssetChecksDefinition)],
    asset_checks=[a for a in chosen if isinstance(a, dg.AssetChecksDefinition)],
).resolve_implicit_global_asset_job_def()
done = job.execute_in_process(run_config=quiet, raise_on_error=False)
print(json.dumps({
    "success": done.success,
    "checks": {c.check_name: [c.passed, c.severity.value, c.description]
               for c in done.get_asset_check_evaluations()},
}))
"""


def told(home: Home, which: str) -> dict[str, Any]:
    """What Dagster keeps of a run on this home."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, which], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env=environment(LABORLEDGER_HOME=str(home.path), LABORLEDGER_SOURCES="none", CI=""),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return build_home(tmp_path / "home")


def test_what_the_gate_refuses_is_a_failed_check_that_names_it(home: Home) -> None:
    first = publish(home, "run-1", NOW).build
    rebuild(home, "drop index marts.one_claim; delete from marts.fct_claims where claim_id = 'c2'")
    found = told(home, "published")
    passed, severity, description = found["checks"]["gate"]
    assert not found["success"]
    assert (passed, severity) == (False, "ERROR")
    assert "nothing_went_without_a_word" in description
    assert "laborledger publish --force REASON" in description
    assert Builds(home.published).current() == first


def test_a_build_that_passes_has_a_passed_gate(home: Home) -> None:
    with open_ledger(home):
        pass
    found = told(home, "published")
    assert found["success"], found
    assert found["checks"]["gate"][0]
    assert Builds(home.published).current()


def test_an_outlet_that_falls_silent_against_its_habit_is_named(tmp_path: Path) -> None:
    days = {
        "daily": [START + timedelta(day) for day in range(10)],
        "weekly": [START + timedelta(7 * week) for week in range(20)],
    }
    stories = [
        Story(f"{name}-{day}", str(day), source=name, seen=(f"{day} 12:00:00", "2026-05-20 00:00:00"))
        for name, published in days.items()
        for day in published
    ]
    home = build_ledger(tmp_path / "home", stories, [outlet(name) for name in days])
    passed, severity, description = told(home, "clocks")["checks"]["outlets_keep_their_habit"]
    assert (passed, severity) == (False, "WARN")
    assert description == "daily: nothing new since 2026-01-10, and never silent for more than 1 days before"
