"""Runs the dbt build of a home's build file, in this process, and says what came of each node.

Only the call of dbt belongs here: what is built is dbt's, and how an orchestrator shows it is in `defs`.
A call in this process spares the three dbt start-ups of its command line.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.home import ROOT, Home
from orchestration.lake import BUILD
from orchestration.ledger import LedgerError
from orchestration.warehouse import reading

PROJECT_DIR = ROOT / "dbt_project"
SHOW_EVERY = 25

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One dbt node: its name, the table it made (empty for a test), dbt's status and message."""

    name: str
    table: str
    status: str
    message: str
    failures: int
    seconds: float

    @property
    def has_passed(self) -> bool:
        """Whether the node was built, or the test found nothing."""
        return self.status in ("success", "pass")

    @property
    def has_failed(self) -> bool:
        """Whether the node keeps the build from being published."""
        return self.status in ("error", "fail", "runtime error")

    @property
    def was_run(self) -> bool:
        """Whether the node was reached at all."""
        return self.status != "skipped"


class _Progress:
    """Tells how far the build is, from dbt's own events."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self, event: Any) -> None:
        """Count a finished node; dbt calls this for every event."""
        if event.info.name != "NodeFinished":
            return
        self.done += 1
        if self.done % SHOW_EVERY == 0:
            logger.info("dbt: %d models and tests done", self.done)


def build(home: Home, target: str = BUILD) -> dict[str, Outcome]:
    """Build and test the whole project but its unit tests, on a target of the profile.

    Gives outcomes by dbt's unique id.

    The caller holds the writer lock. Raises LedgerError where dbt cannot run at all, naming why.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    logger.info("dbt: building the marts")
    arguments = [
        *("build", "--exclude-resource-type", "unit_test", "--log-level", "none"),
        *("--log-level-file", "warn", "--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)),
        *("--target-path", str(home.dbt_target), "--log-path", str(home.dbt_target), "--target", target),
    ]
    # dbt holds half a million objects for as long as it builds: to look through them for cycles again and
    # again takes a twentieth of the build, and frees a tenth of its memory.
    gc.disable()
    # Where the disk is full dbt cannot write its log either: logging would print a traceback for each line.
    logging.raiseExceptions = False
    try:
        told = dbtRunner(callbacks=[_Progress()]).invoke(arguments)
    finally:
        gc.enable()
        logging.raiseExceptions = True
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if isinstance(told.exception, KeyboardInterrupt):
        raise told.exception
    if told.result is None or not hasattr(told.result, "results"):
        what = home.build_file if target == BUILD else "on the lake"
        raise LedgerError(f"dbt could not build {what}: {_last_line(told.exception)}")
    outcomes = {result.node.unique_id: _outcome(result) for result in told.result.results}
    logger.info("dbt: %d models and tests done", len(outcomes))
    return outcomes


def _last_line(error: object) -> str:
    """What dbt says of an error of its own: behind a traceback that it makes part of the message."""
    return (str(error).strip() or repr(error)).splitlines()[-1].strip()


def _outcome(result: Any) -> Outcome:
    node = result.node
    table = "" if node.resource_type == "test" else f"{node.schema}.{node.alias}"
    message = " ".join(str(result.message or "").split())
    return Outcome(
        node.name, table, str(result.status), message, int(result.failures or 0), result.execution_time
    )


def count_rows(home: Home) -> Mapping[str, int]:
    """Rows of each table of the marts, by `schema.table`."""
    with reading(home) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables() "
            "where database_name = current_database() and schema_name = 'marts'"
        ).fetchall()
    return {str(name): int(rows) for name, rows in names}
