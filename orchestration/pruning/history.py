"""Old runs of a home's Dagster history: their rows, event logs and captured output.

A run that goes on is never touched, nor the newest of each job and outcome. What an asset said of itself in a
run that goes is gone with it; the assets themselves and their newest state stay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.health.status import size_of
from orchestration.home import Home
from orchestration.pruning.remains import discard
from orchestration.pruning.rules import Pruned, kept_for

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

POLL = "poll"
"""The job that only looks; its runs are many and say little."""
BATCH = 500
PATIENCE = 2.0
"""Seconds for a database that is in use; then it is left for the next time."""


def prune_runs(instance: DagsterInstance, home: Home, now: datetime, is_dry: bool) -> list[Pruned]:
    """Remove the runs that have outlived their use, then give the disk the room; `now` has a zone."""
    found = list(outlived(instance, now))
    sizes = {run.run_id: sum(map(size_of, _belongings(home, run.run_id))) for run in found}
    if not is_dry:
        for run in found:
            _remove(instance, home, run.run_id)
        _compact(home)
    parts = (("polls", True), ("runs", False))
    chosen = {name: [run for run in found if (run.job_name == POLL) is polls] for name, polls in parts}
    return [Pruned(name, len(of), sum(sizes[run.run_id] for run in of)) for name, of in chosen.items()]


def outlived(instance: DagsterInstance, now: datetime) -> Iterator[DagsterRun]:
    """Runs that ended so long ago that their kind is not kept, but for the newest of each job and outcome."""
    import dagster as dg
    from dagster._core.storage.dagster_run import FINISHED_STATUSES

    seen: set[tuple[str, object]] = set()
    cursor: str | None = None
    ended = dg.RunsFilter(statuses=list(FINISHED_STATUSES))
    while records := instance.get_run_records(ended, limit=BATCH, cursor=cursor):
        for record in records:  # From new to old.
            run = record.dagster_run
            is_newest = (run.job_name, run.status) not in seen
            seen.add((run.job_name, run.status))
            is_small = run.job_name == POLL and run.status is dg.DagsterRunStatus.SUCCESS
            age = now - record.create_timestamp
            if not is_newest and age > kept_for()["polls" if is_small else "runs"]:
                yield run
        cursor = records[-1].dagster_run.run_id


def _belongings(home: Home, run_id: str) -> list[Path]:
    """Where a run's event log and captured output lie."""
    logs = (home.dagster / "history" / "runs").glob(f"{run_id}.db*")
    return [*logs, home.dagster / "storage" / run_id]


def _remove(instance: DagsterInstance, home: Home, run_id: str) -> None:
    """Rows first: a run without its log is nothing, a log without its run is found again by nobody."""
    logs = _belongings(home, run_id)
    instance.delete_run(run_id)
    for path in logs:
        discard(path)


def _compact(home: Home) -> None:
    """SQLite keeps the pages of what was deleted until it is told to give them back."""
    history = home.dagster / "history"
    files = (history / "runs.db", history / "runs" / "index.db", home.dagster / "schedules" / "schedules.db")
    for file in filter(Path.exists, files):
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(file, timeout=PATIENCE)) as database,
        ):
            database.execute("vacuum")
            database.execute("pragma wal_checkpoint(truncate)")
