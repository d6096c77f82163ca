"""The archive of an outlet, month by month: a job of its own, so that all else stays launched by one click.

Its partitions are outlet by month; the UI starts, watches, stops and resumes a backfill of them. What it
brings is built by the daily job.

No postponed annotations here: Dagster reads an op's context from the annotation itself.
"""

from datetime import date

import dagster as dg

from orchestration.defs.assets import RETRIES, once
from orchestration.selection import Selection
from orchestration.steps import chosen_sources, fill_month, read_figures

FIRST_MONTH = "2005-01-01"

MONTHS = dg.MultiPartitionsDefinition(
    {
        "month": dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, end_offset=1),
        "outlet": dg.StaticPartitionsDefinition(
            sorted(source.id for source in chosen_sources(Selection.from_environment())) or ["none"]
        ),
    }
)


@dg.op(pool="duckdb_writer", retry_policy=RETRIES)
def fill_a_month(context: dg.OpExecutionContext) -> None:
    """What one outlet published in one month: fetched politely, archived, parsed, read."""
    key = context.partition_key
    assert isinstance(key, dg.MultiPartitionKey)
    part = key.keys_by_dimension
    selection = Selection.from_environment()
    with once():
        collected = fill_month(selection, context.run_id, part["outlet"], date.fromisoformat(part["month"]))
    facts = collected.metadata() | {"outlet": part["outlet"], "month": part["month"][:7]}
    context.log_event(dg.AssetMaterialization(asset_key=["raw", "articles"], metadata=facts))
    read = read_figures(selection.home).metadata()
    context.log_event(dg.AssetMaterialization(asset_key=["raw", "figures"], metadata=read))


@dg.job(
    partitions_def=MONTHS,
    description="Fill an outlet's archive month by month: choose outlets and months, launch a backfill.",
)
def backfill() -> None:
    """One outlet, one month."""
    fill_a_month()
