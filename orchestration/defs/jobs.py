"""The jobs and when they run by themselves.

No postponed annotations here: Dagster reads an op's context from the annotation itself.
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from orchestration.health.troubles import bytes_worded
from orchestration.pruning.history import POLL
from orchestration.pruning.prune import prune_home
from orchestration.selection import Selection
from orchestration.steps import Reach

JOB, BUILD = "ledger", "build"
ZONE = "Asia/Seoul"
READING = dg.AssetSelection.assets(["raw", "articles"], ["raw", "figures"])
IS_LIVE = not Selection.from_environment().is_sample
STATUS = dg.DefaultScheduleStatus.RUNNING if IS_LIVE else dg.DefaultScheduleStatus.STOPPED

ledger_job = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    description="Scrape, extract, build, check and publish: what `laborledger run` does.",
)

poll_job = dg.define_asset_job(
    POLL,
    selection=READING,
    description="Ask the outlets and read what is new. What it finds is built and published by `build`.",
)

build_job = dg.define_asset_job(
    BUILD,
    selection=dg.AssetSelection.all() - READING,
    description="Build, check and publish what was read.",
)


def asking(reach: Reach) -> dict[str, object]:
    """The run configuration of a look at the outlets."""
    return {"ops": {"raw__articles": {"config": {"reach": str(reach)}}}}


def _schedule(
    name: str, job: Any, cron: str, description: str, run_config: dict[str, object] | None = None
) -> dg.ScheduleDefinition:
    """A schedule in Seoul's time, off where the home is the sample outlet's."""
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone=ZONE,
        run_config=run_config,
        description=f"{description}; off where the home is the sample outlet's.",
        default_status=STATUS,
    )


@dg.op
def prune(context: dg.OpExecutionContext) -> None:
    """Removes old runs, old announcements of the archive, and what killed processes left."""
    for gone in prune_home(context.instance, Selection.from_environment().home, datetime.now(UTC)):
        context.log.info("%s: %d, %s", gone.what, gone.count, bytes_worded(gone.size))


@dg.job(description="Remove what need not be kept, as `laborledger prune` does.")
def tidy() -> None:
    """One op."""
    prune()


hourly = _schedule(
    "hourly",
    poll_job,
    "10 * * * *",
    "Each hour: the outlets that are due by their `every_minutes`",
    asking(Reach.DUE),
)
daily = _schedule(
    "daily",
    ledger_job,
    "0 6 * * *",
    "Each morning at 06:00 in Seoul, everything, whether something changed or not",
)
weekly = _schedule(
    "weekly",
    poll_job,
    "30 3 * * 0",
    "Each Sunday: whether every known article is still there and says the same",
    asking(Reach.AGAIN),
)
tidying = _schedule("tidying", tidy, "0 5 * * *", "Each morning at 05:00 in Seoul, before all is built")
