"""Sensors in a real Dagster instance: what a poll, a folder and a failure set off."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from orchestration.home import ROOT
from tests.runs import environment

PAGE = """<html lang="en"><head><title>Tailors for Oman</title>
<meta property="article:published_time" content="2024-03-01T09:00:00Z"></head>
<body><article><h1>Tailors for Oman</h1>
<p>North Korea has sent 120 workers to Oman, an official said on Friday.</p>
<p>The men, most of them tailors, arrived in the port last week and will stay for two years, he said.</p>
</article></body></html>"""

SCRIPT = """
import json, os, sys, warnings
from pathlib import Path
import dagster as dg
from dagster import build_run_status_sensor_context, build_sensor_context, build_schedule_context
from orchestration.definitions import defs
from orchestration.home import Home
warnings.simplefilter("ignore")
home = Home(Path(os.environ["LABORLEDGER_HOME"]))
home.prepare()
loaded, told = defs(), {}
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

def launch(instance, job, config):
    return loaded.resolve_job_def(job).execute_in_process(
        instance=instance, run_config={**quiet, **config}, raise_on_error=False
    )

def asked(sensor, cursor=None):
    context = build_sensor_context(instance=instance, cursor=cursor, sensor_name=sensor)
    data = loaded.resolve_sensor_def(sensor).evaluate_tick(context)
    return data

def after(result):
    event = [e for e in instance.all_logs(result.run_id) if e.is_dagster_event][-1].dagster_event
    context = build_run_status_sensor_context(
        sensor_name="build_after_news", dagster_event=event, dagster_instance=instance,
        dagster_run=instance.get_run_by_id(result.run_id),
    )
    sensor = loaded.resolve_sensor_def("build_after_news")
    answer = sensor(context)
    return type(answer).__name__

with dg.DagsterInstance.get() as instance:
    first = asked("inbox")
    (home.inbox / "page.html").write_text(os.environ["PAGE"])
    second = asked("inbox", first.cursor)
    third = asked("inbox", second.cursor)
    told["inbox"] = [len(tick.run_requests or []) for tick in (first, second, third)]
    request = third.run_requests[0]
    poll = launch(instance, "poll", request.run_config)
    told["poll"] = poll.success
    told["after"] = after(poll)
    again = launch(instance, "poll", request.run_config)
    told["after_again"] = after(again)
    told["asked_again"] = len(asked("inbox", third.cursor).run_requests or [])
    told["built"] = launch(instance, "build", {}).success
    told["published"] = home.published_file.exists()
    wrong = {"sources": "/no/such/file.toml"}
    broken = launch(instance, "poll", {"ops": {"raw__articles": {"config": wrong}}})
    told["broken"] = broken.success
    retries = [e for e in instance.all_logs(broken.run_id) if "RESTART" in str(e.dagster_event_type)]
    told["retries"] = len(retries)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("sensors") / "home"
    variables = {
        "LABORLEDGER_HOME": str(home), "LABORLEDGER_SOURCES": "none", "DAGSTER_HOME": str(home / "dagster"),
        "LABORLEDGER_BUILD": str(home / "build" / "labor_ledger.duckdb"), "PAGE": PAGE,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment(**variables),
        capture_output=True, text=True, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    shutil.rmtree(home)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_page_in_the_inbox_starts_a_poll_once_it_lies_still(told: dict[str, Any]) -> None:
    assert told["inbox"] == [0, 0, 1]
    assert told["asked_again"] == 0


def test_a_poll_that_found_something_asks_for_a_build(told: dict[str, Any]) -> None:
    assert told["poll"]
    assert told["after"] == "RunRequest"


def test_a_poll_that_found_nothing_asks_for_none(told: dict[str, Any]) -> None:
    assert told["after_again"] == "SkipReason"


def test_the_build_publishes(told: dict[str, Any]) -> None:
    assert told["built"]
    assert told["published"]


def test_what_a_second_try_cannot_mend_is_not_tried_again(told: dict[str, Any]) -> None:
    assert not told["broken"]
    assert told["retries"] == 0
