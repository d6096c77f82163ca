"""The dbt models as assets, their tests as asset checks. Only the bridge to dbt belongs here."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from filelock import FileLock

from orchestration.building import Outcome, build, count_rows
from orchestration.dbt_manifest import PROJECT_DIR, is_current, mark_current, place
from orchestration.defs.assets import PUBLISHED
from orchestration.lake import BUILD, Lake
from orchestration.ledger import writer_lock
from orchestration.pushing import build_on, push
from orchestration.selection import Selection
from orchestration.steps import republishers, reviews_of

# Where dbt-core is not to be had, dagster-dbt reads the manifest by itself. It is hidden from it here: its
# import is half of the time in which a run starts, and only a build needs it, which imports it itself.
_dbt = {name: sys.modules.pop(name) for name in [*sys.modules] if name.split(".")[0] == "dbt"}
sys.modules["dbt"] = None  # type: ignore[assignment]
try:
    from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
finally:
    del sys.modules["dbt"]
    sys.modules.update(_dbt)

# dbt's profile names its file by this variable; `laborledger` has set it, a plain `dg` has not.
os.environ.setdefault("LABORLEDGER_BUILD", str(Selection.from_environment().home.build_file))

PROJECT = DbtProject(
    project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=place(Selection.from_environment().home)
)
UNIQUE_ID = "dagster_dbt/unique_id"
FACT = "fct_"
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
            _parse(folder)
            mark_current(folder)


def _parse(folder: Path) -> None:
    command = [str(Path(sys.executable).with_name("dbt")), "parse", "--quiet"]
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    made = ["--target", BUILD, "--target-path", str(folder), "--log-path", str(folder)]
    subprocess.run([*command, *folders, *made], check=True)


_prepare_manifest()


class Translator(DagsterDbtTranslator):
    """dbt's names in Dagster's terms."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """All models and seeds stand in one group."""
        return "warehouse"

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """dbt's facts, and for fact tables how old they may grow."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        is_fact = spec.key.path[-1].startswith(FACT)
        return spec.replace_attributes(freshness_policy=PUBLISHED) if is_fact else spec

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
    selection = Selection.from_environment()
    outcomes = _built(selection)
    rows = count_rows(selection.home)
    yield from _materialised(context, outcomes, rows)
    yield from _checked(context, outcomes)
    failed = [outcome for outcome in outcomes.values() if outcome.has_failed]
    if failed:
        shown = "\n".join(f"  {outcome.name}: {outcome.message}" for outcome in failed[:SHOWN])
        more = f"\n  ... and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        raise dg.Failure(f"{len(failed)} of {len(outcomes)} dbt nodes did not pass:\n{shown}{more}")


def _built(selection: Selection) -> dict[str, Outcome]:
    """What became of the build, in the home's own file or, with what it has pushed there, on the lake."""
    lake = Lake.from_environment()
    if lake is None:
        with writer_lock(selection.home):
            return build(selection.home)
    push(selection.home, lake)
    return build_on(lake, selection.home, republishers(selection), reviews_of(selection))


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
