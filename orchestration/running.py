"""One run, or the UI, from the command line: starts Dagster, shows progress, prints what came of it.

The work itself is the job's; nothing here scrapes, reads or builds.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from orchestration.home import ROOT
from orchestration.ledger import LedgerError
from orchestration.scraping.sources import SourceError
from orchestration.selection import Selection
from orchestration.steps import check_selection

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult

PUBLISHED, FAILED, USAGE = 0, 1, 2
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


class _Progress(logging.Handler):
    """Shows the package's own log lines: progress dim, warnings and errors in colour."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line, without reading markup from what an outlet sent."""
        style = "dim" if record.levelno < logging.WARNING else "yellow" if record.levelno < logging.ERROR else "red"
        err.print(f"  {record.getMessage()}", style=style, markup=False, soft_wrap=True)


def _show_progress() -> None:
    logger = logging.getLogger("orchestration")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers[:] = [_Progress()]


def _complain(message: str) -> None:
    err.print(f"laborledger: {message}", style="red", markup=False, soft_wrap=True)


def _is_ready(selection: Selection) -> bool:
    """Whether the selection can run at all; says what is wrong and how to mend it if not."""
    try:
        check_selection(selection)
        selection.home.prepare()
    except (SourceError, LedgerError, OSError) as error:
        _complain(str(error))
        return False
    selection.export()
    return True


def run(selection: Selection) -> int:
    """Run the job once in this process and print its summary; gives the exit status."""
    if not _is_ready(selection):
        return USAGE
    _show_progress()
    try:
        result = _execute()
    except KeyboardInterrupt:
        _complain("stopped; what was fetched and read is kept, and the next run goes on from there")
        return FAILED
    if not result.success:
        _print_failures(result)
        _complain("the run failed; the published file is as it was")
        return FAILED
    _print_summary(selection, result)
    return PUBLISHED


def _execute() -> ExecuteInProcessResult:
    err.print("  starting Dagster", style="dim")
    warnings.simplefilter("ignore")
    import dagster as dg

    from orchestration.definitions import defs
    from orchestration.defs.jobs import JOB

    quiet: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.get() as instance:
        job = defs().resolve_job_def(JOB)
        return job.execute_in_process(instance=instance, run_config=quiet, raise_on_error=False)


def _print_failures(result: ExecuteInProcessResult) -> None:
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            failure = event.step_failure_data.error
            cause = failure.cause or failure
            _complain(f"{event.step_key}: {cause.message.strip()}")


def _metadata(result: ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """For each asset, what its materialisation says, as plain values."""
    return {
        event.asset_key.to_user_string(): {k: v.value for k, v in event.step_materialization_data.materialization.metadata.items()}
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def serve_ui(selection: Selection, port: int) -> int:
    """Become the Dagster UI on 127.0.0.1; returns only when it cannot start."""
    if not _is_ready(selection):
        return USAGE
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            _complain(f"port {port} is taken; choose another, for instance: make ui PORT={port + 1}")
            return FAILED
    out.print(f"Dagster UI on http://127.0.0.1:{port} (home {selection.home.path}); Ctrl-C stops it")
    os.chdir(ROOT)
    dg = Path(sys.executable).with_name("dg")
    os.execv(dg, [str(dg), "dev", "--host", "127.0.0.1", "--port", str(port)])
