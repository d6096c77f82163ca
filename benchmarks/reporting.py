"""A published file of many events, and what it takes to report on it."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.claims import CLAIMS_AN_EVENT, built, home_of_claims
from benchmarks.measuring import COMMAND, MEBIBYTE
from orchestration.home import Home
from orchestration.publishing.publish import publish
from orchestration.publishing.report.write import CHARTS, PAGE

EVENTS, ROUNDS = 20_000, 3


def home_of_events(folder: Path) -> Home:
    """A home that has published so many events."""
    home = home_of_claims(folder, round(EVENTS * CLAIMS_AN_EVENT))
    built(home)
    publish(home, "bench", datetime.now(UTC))
    return home


def events_of(home: Home) -> int:
    """How many events are published."""
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        found = connection.execute(
            "select count(*) from (select event_id from marts.fct_deployments "
            "union all select event_id from marts.fct_defections)"
        ).fetchone()
    return int(found[0]) if found else 0


def report_cost(home: Home) -> tuple[float, float]:
    """Seconds of `laborledger report`, start, charts and pictures included, and MiB of the page."""
    seconds = statistics.median(_report(home) for _ in range(ROUNDS))
    return seconds, (home.published / PAGE).stat().st_size / MEBIBYTE


def _report(home: Home) -> float:
    (home.published / PAGE).unlink(missing_ok=True)
    shutil.rmtree(home.published / CHARTS, ignore_errors=True)
    start = time.perf_counter()
    subprocess.run([COMMAND[0], "report", "--home", str(home.path)], check=True, capture_output=True)
    return time.perf_counter() - start
