"""What starts by itself when something happens: a build after news, a look into the inbox, word of a failure.

Thin: what is worth a build is for `steps`, what a folder holds for `watching`, how people are told for
`notifying`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.defs.jobs import build_job, poll_job
from orchestration.notifying import addresses, tell
from orchestration.selection import NONE, Selection
from orchestration.watching import Watch

BETWEEN = 30
"""Seconds between two looks; an inbox that changed since the last one is still being filled."""
SHOWN = 10


def _status(is_on: bool) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[poll_job],
    request_job=build_job,
    default_status=_status(True),
    minimum_interval_seconds=BETWEEN,
)
def build_after_news(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    """Asks for a build and publish when a poll found something that the marts do not tell yet."""
    run_id = context.dagster_run.run_id
    if not _found_something(context.instance, run_id):
        return dg.SkipReason("the poll found nothing new")
    return dg.RunRequest(run_key=run_id)


def _found_something(instance: dg.DagsterInstance, run_id: str) -> bool:
    told: dict[str, dg.MetadataValue[Any]] = {}
    for event in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        if event.dagster_event:
            told |= event.dagster_event.step_materialization_data.materialization.metadata
    worth, read = told.get("is_worth_building"), told.get("articles_read")
    return bool(worth and worth.value) or bool(read and read.value)


@dg.sensor(
    job=poll_job,
    minimum_interval_seconds=BETWEEN,
    default_status=_status(True),
    description="Starts a run when pages, folders or WARC files were laid into the inbox of the home.",
)
def inbox(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Starts a run when pages, folders or WARC files were laid into the inbox of the home."""
    selection = Selection.from_environment()
    if selection.is_sample:
        yield dg.SkipReason("the sample outlet's home takes no saved pages")
        return
    folder = selection.inbox or selection.home.inbox
    watch = Watch.from_cursor(context.cursor).look(folder)
    context.update_cursor(watch.cursor())
    if watch.asks:
        config = {"ops": {"raw__articles": {"config": {"sources": NONE, "inbox": str(folder)}}}}
        yield dg.RunRequest(run_key=f"inbox-{watch.asked}", run_config=config)
    else:
        yield dg.SkipReason(watch.why_not(folder))


@dg.run_failure_sensor(
    default_status=_status(bool(addresses())),
    minimum_interval_seconds=BETWEEN,
    monitor_all_code_locations=False,
)
def tell_people(context: dg.RunFailureSensorContext) -> None:
    """Tells people of a failed run, where LABORLEDGER_NOTIFY says whom (Apprise: e-mail, webhook, chat)."""
    run = context.dagster_run
    errors = (event.step_failure_data.error for event in context.get_step_failure_events())
    causes = [(error.cause or error).message.strip() for error in errors if error]
    body = "\n".join(causes[:SHOWN]) or context.failure_event.message or "no cause is known"
    taken = tell(f"Labor Ledger: the run of {run.job_name} failed", f"{body}\n\nrun {run.run_id}")
    context.log.info("told %d of %d", taken, len(addresses()))
