"""What the assets run with: dbt, and one process (the second writer that never starts)."""

from __future__ import annotations

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.defs.dbt import PROJECT


@dg.definitions
def resources() -> dg.Definitions:
    """dbt's command line, and the in-process executor."""
    return dg.Definitions(
        resources={"dbt": DbtCliResource(project_dir=PROJECT)}, executor=dg.in_process_executor
    )
