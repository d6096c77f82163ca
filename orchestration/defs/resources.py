"""What the assets run with: one process, so that a second writer never starts."""

from __future__ import annotations

import dagster as dg


@dg.definitions
def resources() -> dg.Definitions:
    """The in-process executor: half the time of a process a step."""
    return dg.Definitions(executor=dg.in_process_executor)
