"""The newest run of a home's Dagster history, read without Dagster.

Dagster's import alone takes longer than all the rest of a look, and opening its instance writes: it makes
folders and brings tables up to date. Its history is SQLite, its version is pinned, and two tables are asked
here, read-only. Where they have another shape, nothing is known of the runs, and the rest is still shown.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.health.troubles import in_a_line

FAILED, SUCCEEDED = "FAILURE", "SUCCESS"
RUNS = (
    "select run_id, pipeline_name, status, start_time from runs "
    "where status in ('SUCCESS', 'FAILURE') order by id desc limit 1"
)
GOOD_RUN = "select max(end_time) from runs where status = 'SUCCESS'"
FAILURES = (
    "select step_key, event from event_logs where run_id = ? "
    "and dagster_event_type in ('STEP_FAILURE', 'PIPELINE_FAILURE') order by id"
)
UNKNOWN = "no cause is known"


@dataclass(frozen=True, slots=True)
class Run:
    """A run that ended, as Dagster's history has it; times are UTC. `cause`: why it failed, in a line."""

    job: str
    status: str
    started: datetime | None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """The newest run that ended, and when one last ended well; None where there is none."""

    last_run: Run | None = None
    last_good: datetime | None = None


def read_history(folder: Path) -> History:
    """What the `dagster` folder of a home knows of its runs; nothing where it cannot be read."""
    runs = folder / "history" / "runs.db"
    if not runs.is_file():
        return History()
    try:
        with _reading(runs) as connection:
            newest = connection.execute(RUNS).fetchone()
            (good,) = connection.execute(GOOD_RUN).fetchone()
    except sqlite3.Error:
        return History()
    return History(_run(folder, *newest) if newest else None, _moment(good))


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        yield connection


def _moment(stamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


def _run(folder: Path, run_id: str, job: str, status: str, started: float | None) -> Run:
    return Run(job, status, _moment(started), _cause(folder, run_id) if status == FAILED else "")


def _cause(folder: Path, run_id: str) -> str:
    """Why the first step failed, or the run where no step did."""
    try:
        with _reading(folder / "history" / "runs" / f"{run_id}.db") as connection:
            rows = connection.execute(FAILURES, (run_id,)).fetchall()
    except sqlite3.Error:
        return UNKNOWN
    return next((words for step, event in rows if (words := _words(step, event))), UNKNOWN)


def _words(step: str | None, event: str) -> str:
    """What an event of the history says of its error, in a line; empty where it says nothing."""
    try:
        told = json.loads(event)["dagster_event"]
        error = (told.get("event_specific_data") or {}).get("error") or {}
        message = str((error.get("cause") or error).get("message") or told.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    line = in_a_line(message)
    return f"{step}: {line}" if step and line else line
