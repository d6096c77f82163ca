"""The dbt models as assets, their tests as asset checks. Only the bridge to dbt belongs here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets
from filelock import FileLock

from orchestration.home import ROOT
from orchestration.ledger import writer_lock
from orchestration.selection import Selection

# dbt's profile names its file by this variable; `laborledger` has set it, a plain `dg` has not.
os.environ.setdefault("LABORLEDGER_BUILD", str(Selection.from_environment().home.build_file))

PROJECT = DbtProject(project_dir=ROOT / "dbt_project", profiles_dir=ROOT / "dbt_project")
WATCHED = (ROOT / "dbt_project", ROOT / "orchestration" / "extraction" / "lexicon")


def _is_stale() -> bool:
    """Whether a model, a seed or a setting is younger than the manifest."""
    if not PROJECT.manifest_path.exists():
        return True
    built = PROJECT.manifest_path.stat().st_mtime
    written = (p for folder in WATCHED for p in folder.rglob("*") if p.suffix in {".sql", ".yml", ".csv"})
    return any(p.stat().st_mtime > built for p in written if "target" not in p.parts)


def _prepare_manifest() -> None:
    """Parse the project where it must be; the web server and the daemon load at the same second."""
    PROJECT.manifest_path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(PROJECT.manifest_path.with_suffix(".lock")):
        if _is_stale():
            PROJECT.preparer.prepare(PROJECT)


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
def warehouse(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Staging, intermediate and marts, with their data tests; unit tests run in `make test`."""
    home = Selection.from_environment().home
    with writer_lock(home):
        build = dbt.cli(
            ["build", "--exclude-resource-type", "unit_test"], context=context, target_path=home.dbt_target
        )
        yield from build.stream().fetch_row_counts()
