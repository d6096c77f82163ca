"""Makes the databases of a home's Dagster history: whole, or not at all.

Dagster makes them when it first needs them, in several steps; two processes at once, or a kill in between,
leave a history that no process can open. Here they are made elsewhere, and named when they are done.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from orchestration.home import Home

PARTS = ("history", "schedules")
"""Folders of databases; the last one is there once all are."""
DRAFT = ".tmp-history-"


def prepare_history(home: Home) -> None:
    """Make the databases of a home that has none. Raises OSError where the disk does not let it."""
    if (home.dagster / PARTS[-1]).exists():
        return
    with FileLock(home.dagster / "making.lock"):
        if (home.dagster / PARTS[-1]).exists():
            return
        with tempfile.TemporaryDirectory(dir=home.path, prefix=DRAFT) as draft:
            _make(home, Path(draft))
            for part in PARTS:
                shutil.rmtree(home.dagster / part, ignore_errors=True)
                os.rename(Path(draft) / part, home.dagster / part)


def _make(home: Home, draft: Path) -> None:
    import dagster as dg

    shutil.copyfile(home.dagster / "dagster.yaml", draft / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(draft)) as instance:
        instance.get_runs_count()
        instance.all_instigator_state()
