"""What Dagster loads: without a warning, the assets, their checks, one job, one schedule."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from orchestration.home import ROOT
from tests.runs import environment

SCRIPT = """
import warnings, json, sys
warnings.simplefilter("error")
warnings.filterwarnings("ignore", category=DeprecationWarning, module="(?!orchestration)")
from orchestration.definitions import defs
loaded = defs()
graph = loaded.resolve_asset_graph()
nodes = [node for node in graph.asset_nodes if node.is_executable]
def assets_of(job):
    layer = loaded.resolve_job_def(job).asset_layer
    return sorted(key.to_user_string() for key in layer.executable_asset_keys)
schedule = loaded.resolve_schedule_def("daily")
print(json.dumps({
    "executable": sorted(key.to_user_string() for key in graph.executable_asset_keys),
    "checks": len(graph.asset_check_keys),
    "groups": sorted({node.group_name for node in nodes}),
    "undescribed": sorted(node.key.to_user_string() for node in nodes if not node.description),
    "poll": assets_of("poll"),
    "build": assets_of("build"),
    "job": assets_of("ledger"),
    "own_checks": sorted(
        key.name for key in graph.asset_check_keys if key.asset_key.path[0] in ("raw", "published_warehouse")
    ),
    "fresh": sorted(node.key.to_user_string() for node in nodes if node.freshness_policy),
    "cron": schedule.cron_schedule,
    "zone": schedule.execution_timezone,
    "status": schedule.default_status.value,
}))
"""


def run(script: str, sources: str) -> str:
    """The last line that a fresh process prints."""
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(LABORLEDGER_SOURCES=sources),
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def loaded() -> dict[str, object]:
    found: dict[str, object] = json.loads(run(SCRIPT, "live"))
    return found


MARTS = {
    *("fct_claims", "fct_deployments", "fct_defections", "dim_countries", "dim_sectors", "dim_sources"),
    *("dim_articles", "bridge_claim_countries", "bridge_claim_sectors", "bridge_event_claims"),
}


def test_the_assets_are_the_raw_tables_the_marts_and_the_published_file(loaded: dict[str, object]) -> None:
    assets = loaded["executable"]
    assert isinstance(assets, list)
    assert {"raw/articles", "raw/figures", "published_warehouse"} <= set(assets)
    assert {f"marts/{mart}" for mart in MARTS} <= set(assets)


def test_the_dbt_tests_are_asset_checks(loaded: dict[str, object]) -> None:
    checks = loaded["checks"]
    assert isinstance(checks, int)
    assert checks > 40


def test_the_job_holds_every_asset(loaded: dict[str, object]) -> None:
    assert loaded["job"] == loaded["executable"]


def test_every_asset_has_a_description_and_a_group(loaded: dict[str, object]) -> None:
    assert loaded["undescribed"] == []
    assert loaded["groups"] == ["extraction", "publishing", "scraping", "warehouse"]


def test_the_daily_schedule_runs_at_six_in_seoul_for_the_live_outlets(loaded: dict[str, object]) -> None:
    assert (loaded["cron"], loaded["zone"], loaded["status"]) == ("0 6 * * *", "Asia/Seoul", "RUNNING")


def test_the_schedules_are_off_for_the_sample() -> None:
    script = (
        "from orchestration.defs.jobs import daily, hourly, weekly; "
        "print({one.default_status.value for one in (daily, hourly, weekly)})"
    )
    assert run(script, sources="sample") == "{'STOPPED'}"
    assert run(script, sources="live") == "{'RUNNING'}"


def test_polling_and_building_are_two_halves_of_the_whole(loaded: dict[str, object]) -> None:
    assert loaded["poll"] == ["raw/articles", "raw/figures"]
    assert set(loaded["build"]) == set(loaded["job"]) - set(loaded["poll"])


def test_the_checks_beside_those_of_dbt_are_there(loaded: dict[str, object]) -> None:
    assert loaded["own_checks"] == [
        "articles_have_a_day",
        "gate",
        "nothing_to_remark",
        "outlets_answered",
        "outlets_answered_lately",
        "outlets_keep_their_habit",
        "published_file_opens",
        "reader_is_at_its_floor",
    ]


def test_articles_facts_and_the_published_file_say_how_old_they_may_grow(loaded: dict[str, object]) -> None:
    assert loaded["fresh"] == [
        "marts/fct_claims",
        "marts/fct_defections",
        "marts/fct_deployments",
        "published_warehouse",
        "raw/articles",
    ]
