"""One run, or the UI, from the command line: starts Dagster, shows progress, prints what came of it.

The work itself is the job's; nothing here scrapes, reads or builds.
"""

from __future__ import annotations

import logging
import os
import platform
import shlex
import shutil
import socket
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.home import ROOT, Home
from orchestration.instance import prepare_history
from orchestration.lake import Lake, LakeError
from orchestration.ledger import LedgerError, MixedHomeError
from orchestration.publishing.summary import print_summary
from orchestration.reviews import ReviewsError
from orchestration.scraping.sources import SourceError
from orchestration.selection import Selection
from orchestration.steps import check_selection
from orchestration.steps import reparse as reparse_archive

if TYPE_CHECKING:
    from dagster import DagsterInstance, ExecuteInProcessResult

PUBLISHED, FAILED, USAGE = 0, 1, 2
NO_ROOM = 2 * 1024 * 1024
"""Bytes free under which a failure is put down to a full disk."""
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


class _Progress(logging.Handler):
    """Shows the package's own log lines: progress dim, warnings and errors in colour."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line, without reading markup from what an outlet sent."""
        style = (
            "dim"
            if record.levelno < logging.WARNING
            else "yellow"
            if record.levelno < logging.ERROR
            else "red"
        )
        err.print(f"  {record.getMessage()}", style=style, markup=False, soft_wrap=True)


def _show_progress() -> None:
    logger = logging.getLogger("orchestration")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers[:] = [_Progress()]


def _complain(message: str) -> None:
    err.print(f"laborledger: {message}", style="red", markup=False, soft_wrap=True)


def readiness(selection: Selection) -> int | None:
    """The exit status where the selection cannot run at all, having said why and the cure; else None."""
    try:
        check_selection(selection)
        selection.home.prepare()
        prepare_history(selection.home)
        selection.export()
        Lake.from_environment()
    except (SourceError, ReviewsError, MixedHomeError, LakeError) as error:
        _complain(str(error))
        return USAGE
    except (LedgerError, OSError) as error:
        _complain(str(error))
        return FAILED
    return None


def run(selection: Selection) -> int:
    """Run the job once in this process and print its summary; gives the exit status."""
    _show_progress()
    if (status := readiness(selection)) is not None:
        return status
    try:
        result = _execute()
    except KeyboardInterrupt:
        return _stopped()
    except Exception as error:
        # Not a step's failure, which is a result, but Dagster's own: its history cannot be written, say.
        logging.getLogger(__name__).debug("the run broke", exc_info=True)
        return _failed(selection, [f"{type(error).__name__}: {str(error).splitlines()[0]}"])
    if result.success:
        _print_summary(selection, _metadata(result))
        return PUBLISHED
    return _stopped() if _was_interrupted(result) else _failed(selection, list(_failures(result)))


def reparse(selection: Selection) -> int:
    """Make the articles of a home anew from its archive; gives the exit status."""
    _show_progress()
    try:
        selection.home.prepare()
        done = reparse_archive(selection.home)
    except KeyboardInterrupt:
        return _stopped()
    except (LedgerError, SourceError, OSError) as error:
        _complain(str(error))
        return FAILED
    _print_warnings(done.warnings)
    told = ", ".join(f"{n} {outcome}" for outcome, n in sorted(done.pages.items()))
    out.print(f"from the archive: {told or 'nothing that was not known'}")
    out.print(f"read again with the present parser: {done.read_again}")
    out.print("now build and publish: laborledger run --sources none")
    return PUBLISHED


def _stopped() -> int:
    _complain("stopped; what was fetched and read is kept, and the next run goes on from there")
    return FAILED


def _failed(selection: Selection, reasons: list[str]) -> int:
    for reason in reasons:
        _complain(reason)
    if shutil.disk_usage(selection.home.path).free < NO_ROOM:
        _complain(f"the disk under {selection.home.path} is full: make room and run again")
    _complain("the run failed; the published file is as it was")
    return FAILED


def _execute() -> ExecuteInProcessResult:
    err.print("  starting Dagster", style="dim")
    warnings.simplefilter("ignore")
    import dagster as dg

    from orchestration.definitions import defs
    from orchestration.defs.jobs import JOB
    from orchestration.launching import HOST_TAG

    quiet: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.get() as instance:
        _close_cut_off_runs(instance)
        job = defs().resolve_job_def(JOB)
        tags = {HOST_TAG: platform.node()}
        return job.execute_in_process(instance=instance, run_config=quiet, raise_on_error=False, tags=tags)


def _close_cut_off_runs(instance: DagsterInstance) -> None:
    """Mark runs of this command whose process is gone as failed: the UI must not show them as running."""
    import dagster as dg

    from orchestration.launching import GONE, HOST_TAG, is_cut_off

    going = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(going, limit=100):
        if HOST_TAG in run.tags and is_cut_off(instance, run):
            instance.report_run_failed(run, GONE)


def _failures(result: ExecuteInProcessResult) -> Iterator[str]:
    """What failed, a line each: steps with their cause, and checks that stop a build."""
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            failure = event.step_failure_data.error
            cause = failure.cause or failure
            yield f"{event.step_key}: {cause.message.strip()}"
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity.value == "ERROR":
                yield f"the check {check.check_name} of {check.asset_key.to_user_string()} did not pass"


def _was_interrupted(result: ExecuteInProcessResult) -> bool:
    """Whether a step ended by Ctrl-C; DuckDB and Dagster each tell it in their own way."""
    errors = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    told = " ".join(str(error.to_string()) for error in errors if error)
    return any(word in told for word in ("KeyboardInterrupt", "Query interrupted", "ExecutionInterrupted"))


def _metadata(result: ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """For each asset, what its materialisation says, as plain values."""
    return {
        event.asset_key.to_user_string(): {
            k: v.value for k, v in event.step_materialization_data.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def _print_summary(selection: Selection, facts: dict[str, dict[str, Any]]) -> None:
    """What was fetched and found, the totals, where the file is, and how to go on."""
    fetched, read, published = (
        facts[name] for name in ("raw/articles", "raw/figures", "published_warehouse")
    )
    out.print(_requests_table(fetched))
    out.print(
        f"{fetched['pages_parsed']:,} pages parsed, {read['articles_read']:,} articles read, "
        f"{read['figures']:,} figures found in them\n"
    )
    out.print("Workers by host country, measure and status: flows summed, presence as last reported")
    print_summary(selection.home.published_file, out)
    report = facts["report"]
    problems = [report["problem"]] if "problem" in report else []
    _print_warnings([*fetched["warnings"], *read["warnings"], *published["warnings"], *problems])
    state = "published" if published["changed"] else "nothing changed; still current"
    out.print(f"\n{state}: {selection.home.published_file}", soft_wrap=True)
    if not problems:
        out.print(f"report:  {report['path']}", soft_wrap=True)
    out.print(f"ask it:  {_sql_example(selection)}", markup=False, soft_wrap=True)
    if selection.is_sample:
        out.print(
            "These are sample articles, written for this project; they are no source of facts.\n"
            "go on:   .venv/bin/laborledger run               the live outlets, into warehouse/live\n"
            "         .venv/bin/laborledger run --inbox DIR   pages that you saved\n"
            "         make ui                                 watch it in the Dagster UI",
            soft_wrap=True,
        )


def _sql_example(selection: Selection) -> str:
    """One line that asks the published file for its newest claims."""
    home = selection.home.path
    where = "" if home == Home.to_read().path else f" --home {shlex.quote(str(home))}"
    query = "select published_on, country_code, measure, status, workers_low, workers_high from fct_claims"
    return f".venv/bin/laborledger sql{where} '{query} order by published_on desc limit 5'"


def _requests_table(fetched: dict[str, Any]) -> Table:
    """Requests by source: what was new, changed, unchanged, and all that gave nothing."""
    table = Table(title="Fetched", title_justify="left")
    table.add_column("Source")
    for heading in ("Requests", "New", "Changed", "Unchanged", "Other"):
        table.add_column(heading, justify="right")
    for source, outcomes in sorted(fetched["by_source"].items()):
        known = [outcomes.get(name, 0) for name in ("new", "changed", "unchanged")]
        rest = [f"{name} {n}" for name, n in outcomes.items() if name not in ("new", "changed", "unchanged")]
        counts = (sum(outcomes.values()), *known)
        table.add_row(Text(source), *(f"{n:,}" for n in counts), Text(", ".join(rest)))
    return table


def _print_warnings(found: list[str]) -> None:
    if found:
        out.print(f"\n{len(found)} warning{'' if len(found) == 1 else 's'}:", style="yellow")
        for warning in found:
            out.print(f"  {warning}", style="yellow", markup=False, soft_wrap=True)


def serve_ui(selection: Selection, port: int) -> int:
    """Become the Dagster UI on 127.0.0.1; returns only when it cannot start."""
    if (status := readiness(selection)) is not None:
        return status
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
