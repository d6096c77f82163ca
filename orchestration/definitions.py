"""Dagster's entry point, nothing else: what `dg` and the UI load."""

from pathlib import Path

from dagster import Definitions, definitions, load_from_defs_folder


@definitions
def defs() -> Definitions:
    """Everything that stands in `orchestration/defs/`."""
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
