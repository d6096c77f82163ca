"""The Python assets, thin: each calls one step and says what it did. Rules and storage are elsewhere.

No postponed annotations here: Dagster reads a config class only from the annotation itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import dagster as dg

from orchestration.ledger import LedgerError, writer_lock
from orchestration.publishing import PublishError
from orchestration.publishing.publish import publish
from orchestration.reviews import ReviewsError, unmatched
from orchestration.scraping.sources import SourceError
from orchestration.selection import Selection
from orchestration.steps import Collected, IncompleteError, Reach, collect, now, read_figures

OWNERS = ["team:ledger"]
ANSWERED, GATE, REMARKS = "outlets_answered", "gate", "nothing_to_remark"
RETRIES = dg.RetryPolicy(max_retries=2, delay=20, backoff=dg.Backoff.EXPONENTIAL)
"""Of the one step that asks the network; all others would fail again in the same way."""
IS_LIVE = not Selection.from_environment().is_sample


def fresh(warn: timedelta, fail: timedelta) -> dg.FreshnessPolicy | None:
    """How old it may grow; the sample does not age."""
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn) if IS_LIVE else None


LOOKED_AT = fresh(timedelta(hours=3), timedelta(hours=26))
PUBLISHED = fresh(timedelta(hours=26), timedelta(hours=50))


class SelectionConfig(dg.Config):
    """What to read; the defaults are those of the command or UI that started this process."""

    sources: str = Selection.from_environment().sources
    """sample, live, none, or the path of a sources file."""
    inbox: str | None = str(Selection.from_environment().inbox or "") or None
    """A folder of saved pages."""
    reach: str = str(Reach.ALL)
    """all; due: outlets that were left alone long enough; again: every known article too."""


@dg.asset(
    key=["raw", "articles"],
    group_name="scraping",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool="duckdb_writer",
    retry_policy=RETRIES,
    freshness_policy=LOOKED_AT,
    check_specs=[
        dg.AssetCheckSpec(
            ANSWERED,
            asset=["raw", "articles"],
            blocking=True,
            description="Outlets were asked and answered. Some dead: a warning. All dead: the run stops.",
        )
    ],
)
def raw_articles(context: dg.AssetExecutionContext, config: SelectionConfig) -> Any:
    """Articles of the outlets and the inbox: fetched politely, archived, parsed, one row a text version."""
    selection = Selection.from_environment().asked(config.sources, config.inbox)
    with once():
        collected = collect(selection, context.run_id, Reach(config.reach))
    yield dg.MaterializeResult(metadata=collected.metadata(), check_results=[_answered(collected)])


@contextmanager
def once() -> Iterator[None]:
    """What a second try cannot mend fails at once: a wrong file, a lock, a home of another kind."""
    try:
        yield
    except (LedgerError, SourceError, ReviewsError, IncompleteError, ValueError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def _answered(collected: Collected) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.ERROR if collected.is_blind else dg.AssetCheckSeverity.WARN
    dead = [f"{name}: {collected.why_dead(name)}" for name in collected.dead]
    metadata = {"dead": dg.MetadataValue.json(collected.dead)}
    return judged(dead, severity, check_name=ANSWERED, metadata=metadata)


@dg.asset(
    key=["raw", "figures"],
    deps=[["raw", "articles"]],
    group_name="extraction",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool="duckdb_writer",
)
def raw_figures(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Every counted statement of the current articles with its quote: a row a figure, version and reader."""
    facts = read_figures(Selection.from_environment().home).metadata()
    return dg.MaterializeResult(metadata=facts | {"newest": _table(facts["newest"])})


def _table(rows: list[dict[str, Any]]) -> Any:
    """Rows as a table in the UI; nothing is a table without rows."""
    columns = [dg.TableColumn(name) for name in rows[0]] if rows else []
    records = [
        dg.TableRecord({name: value if value is not None else "" for name, value in row.items()})
        for row in rows
    ]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))


@dg.asset(
    deps=[["marts", "country_totals"]],
    group_name="publishing",
    owners=OWNERS,
    kinds={"duckdb"},
    pool="duckdb_writer",
    freshness_policy=PUBLISHED,
    check_specs=[
        dg.AssetCheckSpec(
            GATE,
            asset="published_warehouse",
            blocking=True,
            description="The build passed dbt's tests, and no row, mart or article went without a word: else "
            "what is published stays as it was.",
        ),
        dg.AssetCheckSpec(
            REMARKS,
            asset="published_warehouse",
            description="Nothing is worth a look: dbt's warnings, a quality below the last published one, "
            "reviews that match no claim.",
        ),
    ],
)
def published_warehouse(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """The published DuckDB file: the marts of a build that passed its checks, behind one link."""
    home = Selection.from_environment().home
    try:
        with writer_lock(home):
            metadata = publish(home, context.run_id, now()).metadata()
            metadata["warnings"] = [*metadata["warnings"], *unmatched(home)]
    except PublishError as error:
        yield _checked(GATE, [str(error)], dg.AssetCheckSeverity.ERROR)
        raise dg.Failure(str(error)) from error
    remarks = _checked(REMARKS, metadata["warnings"], dg.AssetCheckSeverity.WARN)
    passed = _checked(GATE, [], dg.AssetCheckSeverity.ERROR)
    yield dg.MaterializeResult(metadata=metadata, check_results=[passed, remarks])


def _checked(name: str, problems: list[str], severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    """A check of the published file."""
    return judged(problems, severity, asset_key="published_warehouse", check_name=name)


def judged(problems: list[str], severity: dg.AssetCheckSeverity, **more: Any) -> dg.AssetCheckResult:
    """A check that passes where there are no problems, and tells them; `more` is as Dagster takes it."""
    told = "\n".join(problems) or None
    return dg.AssetCheckResult(passed=not problems, severity=severity, description=told, **more)


@dg.asset(
    deps=[published_warehouse],
    group_name="publishing",
    owners=OWNERS,
    kinds={"html"},
)
def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """The report on the published file: one HTML page that needs no network, and charts for papers."""
    from orchestration.publishing.report.write import write_report  # Altair: half a second at each start

    try:
        written = write_report(Selection.from_environment().home)
    except Exception as error:
        # What is published is good, whatever its report may be.
        context.log.warning("no report: %s", error)
        return dg.MaterializeResult(metadata={"problem": f"the report could not be written: {error}"})
    return dg.MaterializeResult(metadata=written.metadata())
