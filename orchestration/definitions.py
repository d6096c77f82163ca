"""Dagster's entry point, nothing else: what `dg` and the UI load."""

from functools import cache
from pathlib import Path

from dagster import Definitions, definitions, load_from_defs_folder


@definitions
def defs() -> Definitions:
    """Everything that stands in `orchestration/defs/`."""
    return _loaded()


@cache
def _loaded() -> Definitions:
    """Once a process: Dagster asks five times in the course of a run."""
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
