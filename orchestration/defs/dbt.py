"""The dbt models as assets, their tests as asset checks. Only the bridge to dbt belongs here."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from filelock import FileLock

from orchestration.building import Outcome, build, count_rows
from orchestration.dbt_manifest import PROJECT_DIR, is_current, mark_current, place
from orchestration.ledger import writer_lock
from orchestration.selection import Selection

# dbt's profile names its file by this variable; `laborledger` has set it, a plain `dg` has not.
os.environ.setdefault("LABORLEDGER_BUILD", str(Selection.from_environment().home.build_file))

# dagster-dbt looks for `dbt` on the path, where an environment that is not activated is not.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

PROJECT = DbtProject(
    project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=place(Selection.from_environment().home)
)
UNIQUE_ID = "dagster_dbt/unique_id"
SHOWN = 20
"""Of the names in one message: a broken source fails a hundred tests."""


def _prepare_manifest() -> None:
    """Parse the project where it must be; several processes may load at the same second."""
    folder = PROJECT.manifest_path.parent
    if is_current(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(PROJECT.manifest_path.with_suffix(".lock")):
        if not is_current(folder):
            PROJECT.preparer.prepare(PROJECT)
            mark_current(folder)


_prepare_manifest()


class Translator(DagsterDbtTranslator):
    """dbt's names in Dagster's terms."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """All models and seeds stand in one group."""
        return "warehouse"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """The team that answers for the models."""
        return ["team:ledger"]


@dbt_assets(
    manifest=PROJECT.manifest_path,
    project=PROJECT,
    name="warehouse",
    pool="duckdb_writer",
    dagster_dbt_translator=Translator(),
)
def warehouse(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Staging, intermediate and marts, with their data tests; unit tests run in `make test`."""
    home = Selection.from_environment().home
    with writer_lock(home):
        outcomes = build(home)
        rows = count_rows(home)
    yield from _materialised(context, outcomes, rows)
    yield from _checked(context, outcomes)
    failed = [outcome for outcome in outcomes.values() if outcome.has_failed]
    if failed:
        shown = "\n".join(f"  {outcome.name}: {outcome.message}" for outcome in failed[:SHOWN])
        more = f"\n  ... and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        raise dg.Failure(f"{len(failed)} of {len(outcomes)} dbt nodes did not pass:\n{shown}{more}")


def _materialised(
    context: dg.AssetExecutionContext, outcomes: Mapping[str, Outcome], rows: Mapping[str, int]
) -> Iterator[dg.MaterializeResult[None]]:
    """What was built, in the order of building: Dagster wants a model after those that it reads."""
    specs = {spec.metadata[UNIQUE_ID]: spec for spec in context.assets_def.specs}
    for name, outcome in outcomes.items():
        if name in specs and outcome.has_passed:
            facts: dict[str, Any] = {"seconds": round(outcome.seconds, 2)}
            if outcome.table in rows:
                facts["dagster/row_count"] = rows[outcome.table]
            yield dg.MaterializeResult(asset_key=specs[name].key, metadata=facts)


def _checked(
    context: dg.AssetExecutionContext, outcomes: Mapping[str, Outcome]
) -> Iterator[dg.AssetCheckResult]:
    for spec in context.assets_def.check_specs:
        outcome = outcomes.get((spec.metadata or {})[UNIQUE_ID])
        if outcome is not None and outcome.was_run:
            severity = dg.AssetCheckSeverity.ERROR if outcome.has_failed else dg.AssetCheckSeverity.WARN
            yield dg.AssetCheckResult(
                asset_key=spec.asset_key,
                check_name=spec.name,
                passed=outcome.has_passed,
                severity=severity,
                metadata={"failures": outcome.failures, "message": outcome.message},
            )
