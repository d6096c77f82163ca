"""Poll after poll in one process: memory and disk stay flat after warm-up, and the history is bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration.home import ROOT
from tests.runs import environment
from tests.week import serve_weekly

POLLS = int(os.environ.get("LABORLEDGER_POLLS", "12"))
WARM = max(3, POLLS // 5)
"""Polls of warm-up: what is imported and cached once."""

SCRIPT = """
import gc, json, os, sys, warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
warnings.simplefilter("ignore")
import dagster as dg, psutil
from orchestration.definitions import defs
from orchestration.home import Home
from orchestration.instance import prepare_history
from orchestration.pruning.prune import prune_home
home = Home(Path(os.environ["LABORLEDGER_HOME"]))
home.prepare()
prepare_history(home)
polls, warm = int(sys.argv[1]), int(sys.argv[2])
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
me, told = psutil.Process(), {"memory": [], "disk": [], "new": 0}

def used(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

with dg.DagsterInstance.get() as instance:
    job = defs().resolve_job_def("poll")
    for number in range(polls):
        done = job.execute_in_process(instance=instance, run_config=quiet)
        facts = done.get_asset_materialization_events()[0].step_materialization_data.materialization.metadata
        told["new"] += facts["new"].value if number else 0
        if number >= warm:
            gc.collect()
            told["memory"].append(me.memory_info().rss)
            told["disk"].append([used(home.archive), used(home.build_file.parent)])
    before = used(home.dagster)
    prune_home(instance, home, datetime.now(UTC) + timedelta(days=8))
    told["history"] = [before, used(home.dagster), instance.get_runs_count()]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("polls")
    with serve_weekly() as outlet:
        outlet.show(0)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(POLLS), str(WARM)], cwd=ROOT, capture_output=True, text=True,
            env=environment(
                LABORLEDGER_HOME=str(folder / "home"), LABORLEDGER_SOURCES=str(outlet.sources(folder)),
                DAGSTER_HOME=str(folder / "home" / "dagster"),
            ),
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_nothing_is_new_after_the_first(told: dict[str, Any]) -> None:
    assert told["new"] == 0


def test_memory_is_flat_after_warm_up(told: dict[str, Any]) -> None:
    first, last = told["memory"][0], told["memory"][-1]
    print(f"\n{POLLS} polls: {first / 2**20:.0f} MiB after warm-up, {last / 2**20:.0f} MiB at the end")
    assert last < 1.15 * first


def test_the_archive_grows_by_nothing(told: dict[str, Any]) -> None:
    assert told["disk"][-1][0] == told["disk"][0][0]


def test_the_history_is_bounded_by_rule(told: dict[str, Any]) -> None:
    before, after, runs = told["history"]
    assert runs == 1
    assert after < before
