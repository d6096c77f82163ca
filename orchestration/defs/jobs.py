"""The job and its daily schedule."""

from __future__ import annotations

import dagster as dg

from orchestration.selection import Selection

JOB = "ledger"

ledger_job = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    description="Scrape, extract, build, check and publish: what `laborledger run` does.",
)

daily = dg.ScheduleDefinition(
    name="daily",
    job=ledger_job,
    cron_schedule="0 6 * * *",
    execution_timezone="Asia/Seoul",
    description="Each morning at 06:00 in Seoul; off where the home is the sample outlet's.",
    default_status=(
        dg.DefaultScheduleStatus.STOPPED
        if Selection.from_environment().is_sample
        else dg.DefaultScheduleStatus.RUNNING
    ),
)
