"""`laborledger prune`: goes through all that a home need not keep, and says what went."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from orchestration.health.troubles import bytes_worded
from orchestration.home import Home
from orchestration.instance import prepare_history
from orchestration.ledger import LedgerError
from orchestration.pruning.archive import prune_archive
from orchestration.pruning.history import prune_runs
from orchestration.pruning.rules import Pruned, kept_for

if TYPE_CHECKING:
    from dagster import DagsterInstance

REMAINS = (".tmp-*", ".tmp_*")
DONE, FAILED = 0, 1


def prune(home: Home, is_dry: bool) -> int:
    """Prune a home and print what went; gives the exit status."""
    if not home.path.is_dir():
        print(f"laborledger: {home.path} is no home: name one with --home", file=sys.stderr)
        return FAILED
    warnings.simplefilter("ignore")
    import dagster as dg

    home.prepare()
    prepare_history(home)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    try:
        with dg.DagsterInstance.get() as instance:
            _show(prune_home(instance, home, datetime.now(UTC), is_dry), is_dry)
    except (LedgerError, OSError) as error:
        print(f"laborledger: {error}", file=sys.stderr)
        return FAILED
    return DONE


def prune_home(instance: DagsterInstance, home: Home, now: datetime, is_dry: bool = False) -> list[Pruned]:
    """Prune a home whose history an instance holds; `now` has a zone. Raises LedgerError."""
    runs = prune_runs(instance, home, now, is_dry)
    return [*runs, prune_archive(home, now, is_dry), prune_remains(home, now, is_dry)]


def prune_remains(home: Home, now: datetime, is_dry: bool = False) -> Pruned:
    """Remove what killed processes left half made under a temporary name."""
    before = (now - kept_for()["remains"]).timestamp()
    found = [path for path in _remains(home) if path.lstat().st_mtime < before]
    size = sum(file.lstat().st_size for path in found for file in (path, *path.rglob("*")) if file.is_file())
    if not is_dry:
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    return Pruned("remains", len(found), size)


def _remains(home: Home) -> Iterator[Path]:
    folders = (home.path, home.build_file.parent, home.archive, home.published, home.published / "builds")
    for folder in folders:
        for pattern in REMAINS:
            with suppress(OSError):
                yield from folder.glob(pattern)


def _show(done: list[Pruned], is_dry: bool) -> None:
    table = Table(title="Would go" if is_dry else "Gone", title_justify="left")
    for heading in ("what", "older than", "how many", "size"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for one in done:
        table.add_row(one.what, f"{kept_for()[one.what].days} days", f"{one.count:,}", bytes_worded(one.size))
    Console(highlight=False).print(table)
